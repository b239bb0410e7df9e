import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyNoFaults, type Operation } from '../real/faults/faults.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'
import { recorded, worldWith } from './renewal-world.ts'

const STEPS = ['mkdir', 'write', 'overwrite', 'sync', 'rename', 'send', 'receive', 'tell', 'unlink']
/** A power cut ends every holder of a lock, and who used a token when is worth no sync. */
const VOLATILE = /\.lock|uses\.log/

const WRITE_VAULT = [
  'write .vault.json.tmp',
  'sync .vault.json.tmp',
  'rename .vault.json.tmp -> vault.json',
  // Without this one ext4 brings the old file back (measured).
  'sync .',
]
const WRITE_FACTS = ['write .auth.json.tmp', 'sync .auth.json.tmp', 'rename .auth.json.tmp -> auth.json', 'sync .']
const END = ['unlink journal/<id>.json', 'tell stdout']

/** What the program did, and in which order it made it durable. */
function stepsOf(operations: readonly Operation[]): string[] {
  return operations
    .filter(({ name, path, errno }) => STEPS.includes(name) && !VOLATILE.test(path) && errno === 0)
    .map(({ name, path }) => `${name} ${path}`)
}

describe.skipIf(whyNoFaults() !== undefined)('aiauth token, before a power cut', () => {
  let server: OneUseServer
  beforeAll(async () => {
    server = await startOneUseServer()
  })
  afterAll(() => server.close())

  it('R1, R7, F16: has each thing on the disk before it does what depends on it', async () => {
    expect(stepsOf(await recorded(await worldWith(server)))).toEqual([
      'mkdir journal',
      'sync .',
      'write journal/.<id>.json.tmp',
      'sync journal/.<id>.json.tmp',
      'rename journal/.<id>.json.tmp -> journal/<id>.json',
      'sync journal',
      'send socket',
      'receive socket',
      'overwrite journal/<id>.json',
      'sync journal/<id>.json',
      ...WRITE_VAULT,
      ...WRITE_FACTS,
      ...END,
    ])
  })

  it('R1, R7: keeps the same order when it takes over what another has left', async () => {
    const world = await worldWith(server)
    const written = (await recorded(await worldWith(server))).find(({ name }) => name === 'overwrite')?.number ?? 0
    await recorded(world, { at: written + 1, kind: 'kill-before' })
    expect(stepsOf(await recorded(world))).toEqual([...WRITE_VAULT, ...WRITE_FACTS, ...END])
  })
})
