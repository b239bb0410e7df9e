import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { whyNoSecretService } from '../real/secret-service.ts'
import {
  expectKept,
  expectNoTokenInFiles,
  expectToken,
  factsOf,
  keyringWorld,
  recordsIn,
  restart,
  token,
  whileInFlight,
  type KeyringWorld,
  type Trouble,
} from './keyring-renewal-world.ts'
import { dialogOpen, itemsOf, nobodyLeft } from './keyring-world.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'
import { BIN, run, start } from './program.ts'

/** What happens to the keyring, what is said of it, and how it comes back. */
const TROUBLES: readonly (readonly [string, Trouble, string, Trouble])[] = [
  ['R9, K3: locked', ({ service }) => service.lock(), 'your keychain is locked', restart],
  ['R9, K2: gone', ({ service }) => service.crash(), 'no keychain service runs here', restart],
  ['R9, K4: frozen', ({ service }) => service.freeze(), 'does not answer', ({ service }) => service.thaw()],
]
const CTRL_C = '\x03'
/** Far below the 120 s that a person has for a dialog. */
const LIMIT_MS = 7000

describe.skipIf(whyNoSecretService() !== undefined)('a keyring that fails between an answer and its keeping', () => {
  let server: OneUseServer
  beforeAll(async () => {
    server = await startOneUseServer()
  })
  afterAll(() => server.close())

  it.each(TROUBLES)('%s, the token is printed, and the next program keeps it', async (_how, breaks, words, mends) => {
    const world = await keyringWorld(server)
    const { family, accountId } = world
    const { exitCode, stdout, stderr } = await whileInFlight(world, () => breaks(world))
    expect(family.accepts(stdout.trim())).toBe(true)
    expect([exitCode, stderr]).toEqual([7, expect.stringContaining(words)])
    expect(stderr).toMatch(
      /^aiauth: error: the new tokens of work stand in the journal only [^\n]+\naiauth: hint: [^\n]+\n$/,
    )
    expect([recordsIn(world), factsOf(world).secret.generation]).toEqual([[`${accountId}.json`], 1])
    expectNoTokenInFiles(world)

    await mends(world)
    expect(expectToken(world, await token(world))).toBe(stdout.trim())
    expect(family.posts).toBe(1)
    await expectKept(world, 2)

    expectToken(world, await token(world, '--min-validity', '7200'))
    expect([family.posts, family.isRevoked]).toEqual([2, false])
    await expectKept(world, 3)
  })

  it('R8, R9: those who waited send nothing and exit 7, and all have the one token afterwards', async () => {
    const world = await keyringWorld(server)
    const crowd = Array.from({ length: 4 }, () => start(['token', 'work'], world))
    const renewer = await whileInFlight(world, () => sleep(500).then(() => world.service.lock()), { delayMs: 1000 })
    const others = await Promise.all(crowd.map(({ ended }) => ended))
    const printed = [renewer, ...others].map(({ stdout }) => stdout).filter((text) => text !== '')
    expect(printed).toHaveLength(1)
    expect([renewer, ...others].map(({ exitCode }) => exitCode)).toEqual([7, 7, 7, 7, 7])
    await restart(world)
    const again = await Promise.all(Array.from({ length: 4 }, () => token(world)))
    for (const ended of again) expect(expectToken(world, ended)).toBe(printed[0]?.trim())
    expect(world.family.posts).toBe(1)
    await expectKept(world, 2)
  })

  it('K4, R10: Ctrl-C at a terminal ends the wait for a dialog, for the answer is safe', async () => {
    const world = await keyringWorld(server, { dialogs: 'open' })
    world.family.behaviour = { delayMs: 400 }
    const terminal = atTerminal(['token', 'work'], world)
    await world.family.next('arrival')
    world.service.lock()
    await dialogOpen(world.service)
    const ended = once(terminal, 'exit')
    terminal.stdin.write(CTRL_C)
    const exitCode = await Promise.race([ended.then(([code]) => code as number), sleep(LIMIT_MS, 'still waiting')])
    terminal.stdin.end()
    expect(exitCode).toBe(130)
    await nobodyLeft(world.home)
    await restart(world)
    expectToken(world, await token(world))
    expect(world.family.posts).toBe(1)
    await expectKept(world, 2)
  })

  it('R9: the command of the hint keeps the token, and asks for no other', async () => {
    const world = await keyringWorld(server)
    const { stdout, stderr } = await whileInFlight(world, () => world.service.lock())
    const [, command = ''] = /aiauth (refresh work)$/m.exec(stderr) ?? []
    await restart(world)
    expect((await run(command.split(' '), world)).exitCode).toBe(0)
    expect(expectToken(world, await token(world))).toBe(stdout.trim())
    expect(world.family.posts).toBe(1)
    await expectKept(world, 2)
  })

  it('R21: a logout afterwards gives back the token that stands in the journal only', async () => {
    const world = await keyringWorld(server)
    await whileInFlight(world, () => world.service.lock())
    expect((await run(['logout', 'work'], world)).exitCode).toBe(7)
    expect([recordsIn(world).length, world.family.isRevoked]).toEqual([1, false])
    await restart(world)
    expect((await run(['logout', 'work'], world)).exitCode).toBe(0)
    expect([itemsOf(world.service), recordsIn(world)]).toEqual([[], []])
    expect([world.family.posts, world.family.isRevoked]).toEqual([1, true])
  })

  it('R7, R26: cut off before auth.json, a renewal leaves a spent token known as such', async () => {
    const world = await keyringWorld(server)
    const { home, accountId, keychain, family } = world
    const first = (await keychain.getPassword(accountId)) ?? ''
    await whileInFlight(world, () => world.service.lock())
    const files = ['auth.json', join('journal', `${accountId}.json`)]
    files.forEach((name, index) => copyFileSync(join(home, name), join(home, `kept-${index}`)))
    await restart(world)
    const renewed = expectToken(world, await token(world))
    // As a kill would have left it: the new item, with the facts and the record of before.
    files.forEach((name, index) => copyFileSync(join(home, `kept-${index}`), join(home, name)))
    expect(expectToken(world, await token(world))).toBe(renewed)
    expectToken(world, await token(world, '--min-validity', '7200'))
    await expectKept(world, 3)
    await keychain.setPassword(accountId, first)
    expect((await token(world)).exitCode).toBe(4)
    expect([family.posts, family.isRevoked]).toEqual([2, false])
  })
})

/** The program at a terminal of its own. */
function atTerminal(argv: readonly string[], { home, env }: KeyringWorld): ChildProcessByStdio<Writable, null, null> {
  const command = [process.execPath, BIN, ...argv].map((word) => `"${word}"`).join(' ')
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env['PATH'], HOME: home, AIAUTH_HOME: home, ...env },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}
