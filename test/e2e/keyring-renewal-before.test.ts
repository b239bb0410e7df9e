import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyNoSecretService } from '../real/secret-service.ts'
import {
  expectKept,
  expectToken,
  keyringWorld,
  recordsIn,
  restart,
  token,
  type Trouble,
} from './keyring-renewal-world.ts'
import { BOTH_WAYS, expectTrouble, nobodyLeft } from './keyring-world.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'
import { run } from './program.ts'

/** What is wrong with the keyring: how it came, what is said of it, and its code. */
const TROUBLES: readonly (readonly [string, Trouble, string, string])[] = [
  ['K3, R8: locked', ({ service }) => service.lock(), 'your keychain is locked', 'storage-locked'],
  ['K2: gone', ({ service }) => service.crash(), 'no keychain service runs here', 'storage-unavailable'],
  ['K4: frozen', ({ service }) => service.freeze(), 'your keychain does not answer', 'storage-timed-out'],
]

/** No call of the keychain takes longer than 5 s without a terminal. */
const LIMIT_MS = 7000

const EDITS: readonly (readonly [string, (text: string) => string])[] = [
  ['cut off', (text) => text.slice(0, -20)],
  ['of another version', (text) => text.replace('"version":1', '"version":2')],
  ['of another account', (text) => text.replace(/"accountId":"[^"]*"/, '"accountId":"other"')],
  ['without its access token', (text) => text.replace('"accessToken":', '"access":')],
  ['empty', () => ''],
]

describe.skipIf(whyNoSecretService() !== undefined)('a keyring that fails before a renewal', () => {
  let server: OneUseServer
  beforeAll(async () => {
    server = await startOneUseServer()
  })
  afterAll(() => server.close())

  it.each(TROUBLES)('%s, nothing is sent, and it works again afterwards', async (_how, breaks, words, code) => {
    const world = await keyringWorld(server)
    const facts = readFileSync(join(world.home, 'auth.json'), 'utf8')
    await breaks(world)
    for (const [, argv] of BOTH_WAYS) {
      const startedAtMs = performance.now()
      expectTrouble(await run(argv, world), words)
      expect(performance.now() - startedAtMs).toBeLessThan(LIMIT_MS)
    }
    const { stdout } = await run(['refresh', 'work', '--json'], world)
    expect(JSON.parse(stdout)).toMatchObject({ results: [{ outcome: 'failed', code }] })
    await nobodyLeft(world.home)
    expect(readFileSync(join(world.home, 'auth.json'), 'utf8')).toBe(facts)
    expect([world.family.posts, recordsIn(world)]).toEqual([0, []])
    await restart(world)
    expectToken(world, await token(world))
    await expectKept(world, 2)
  })

  it('K2: without a bus nothing is sent', async () => {
    const world = await keyringWorld(server)
    const env = { ...world.env, DBUS_SESSION_BUS_ADDRESS: undefined, XDG_RUNTIME_DIR: undefined }
    for (const [, argv] of BOTH_WAYS) expectTrouble(await run(argv, { ...world, env }), 'no keychain here')
    expect(world.family.posts).toBe(0)
    expectToken(world, await token(world))
  })

  it.each(EDITS)('K6: an item that is %s is left as it is, and nothing is sent', async (_how, edit) => {
    const world = await keyringWorld(server)
    const edited = edit((await world.keychain.getPassword(world.accountId)) ?? '')
    await world.keychain.setPassword(world.accountId, edited)
    for (const [, argv] of BOTH_WAYS) expectTrouble(await run(argv, world), 'damaged')
    expect(await world.keychain.getPassword(world.accountId)).toBe(edited)
    expect([world.family.posts, recordsIn(world)]).toEqual([0, []])
  })

  it('K5: an item that is deleted stays deleted, and nothing is sent', async () => {
    const world = await keyringWorld(server)
    await world.keychain.deletePassword(world.accountId)
    for (const [, argv] of BOTH_WAYS) expectTrouble(await run(argv, world), 'are gone from the keychain')
    expect(await world.keychain.getPassword(world.accountId)).toBe(undefined)
    expect([world.family.posts, recordsIn(world)]).toEqual([0, []])
  })
})
