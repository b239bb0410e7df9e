import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyNoSecretService } from '../real/secret-service.ts'
import {
  expectKept,
  expectToken,
  factsOf,
  keyringWorld,
  recordsIn,
  token,
  whileInFlight,
} from './keyring-renewal-world.ts'
import { itemsOf, nobodyLeft } from './keyring-world.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'
import { run, start, type Ended } from './program.ts'

describe.skipIf(whyNoSecretService() !== undefined)('aiauth token with a keyring and a token that is over', () => {
  let server: OneUseServer
  beforeAll(async () => {
    server = await startOneUseServer()
  })
  afterAll(() => server.close())

  it('renews it into the one item, which the launcher reads by itself from then on', async () => {
    const world = await keyringWorld(server)
    const renewed = expectToken(world, await token(world))
    await expectKept(world, 2)
    // The launcher reads in its own process; the whole program would need a child for it.
    const preload = join(world.home, 'alone.cjs')
    writeFileSync(preload, `require('node:child_process').spawn = () => { throw new Error('a child') }`)
    const alone = { ...world, env: { ...world.env, NODE_OPTIONS: `--require ${preload}` } }
    expect(expectToken(world, await token(alone))).toBe(renewed)
    expect((await token(alone, '--min-validity', '7200')).exitCode).not.toBe(0)
    expect(world.family.posts).toBe(1)
  })

  it('R3, R4: is renewed once for ten programs that ask together', async () => {
    const world = await keyringWorld(server)
    world.family.behaviour = { delayMs: 1000 }
    const all = await Promise.all(Array.from({ length: 10 }, () => token(world)))
    expect(new Set(all.map((ended) => expectToken(world, ended))).size).toBe(1)
    expect(world.family.posts).toBe(1)
    await expectKept(world, 2)
  })

  it('K8: keeps a renewed token of 10 kB', async () => {
    const world = await keyringWorld(server)
    world.family.behaviour = { tokenLength: 10_000 }
    expect(expectToken(world, await token(world))).toHaveLength(10_000)
    expect(expectToken(world, await token(world))).toHaveLength(10_000)
    await expectKept(world, 2)
    expect(world.family.posts).toBe(1)
  })

  it('R10: ends by Ctrl-C with 130 only when the answer is in the keyring, also when it comes twice', async () => {
    const world = await keyringWorld(server)
    const { exitCode, stdout } = await whileInFlight(world, async ({ process }) => {
      process.kill('SIGINT')
      await sleep(100)
      process.kill('SIGINT')
    })
    expect([exitCode, stdout]).toEqual([130, ''])
    await expectKept(world, 2)
    expectToken(world, await token(world))
    expect(world.family.posts).toBe(1)
  })

  it('leaves nothing of its own in the keyring, however often Ctrl-C comes before the request', async () => {
    const world = await keyringWorld(server)
    for (let times = 0; times < 4; times++) {
      const program = start(['token', 'work', '--min-validity', '7200'], world)
      while (program.process.exitCode === null && itemsOf(world.service).length < 2) await sleep(0)
      world.service.freeze()
      program.process.kill('SIGINT')
      await sleep(50)
      world.service.thaw()
      await program.ended
      await nobodyLeft(world.home)
    }
    expectToken(world, await token(world, '--min-validity', '7200'))
    await expectKept(world, factsOf(world).secret.generation)
  })

  it('R21: leaves neither item nor record when a logout comes in the middle', async () => {
    const world = await keyringWorld(server)
    const logouts: Promise<Ended>[] = []
    await whileInFlight(world, () => void logouts.push(run(['logout', 'work'], world)), { delayMs: 1500 })
    const [logout] = await Promise.all(logouts)
    expect(logout?.exitCode).toBe(0)
    // The refresh token that was given back is the one that came in the middle.
    expect([world.family.posts, world.family.isRevoked]).toEqual([1, true])
    expect(itemsOf(world.service)).toEqual([])
    expect(recordsIn(world)).toEqual([])
    expect((await token(world)).exitCode).toBe(3)
  })

  it('K7: heals an auth.json older than the item without asking the server', async () => {
    const world = await keyringWorld(server)
    const path = join(world.home, 'auth.json')
    const older = readFileSync(path)
    const renewed = expectToken(world, await token(world))
    const { expiresAt } = factsOf(world)
    writeFileSync(path, older)
    expect(expectToken(world, await token(world))).toBe(renewed)
    expect(factsOf(world).expiresAt).toBe(expiresAt)
    expect(world.family.posts).toBe(1)
    await expectKept(world, 2)
  })

  it('K10, R26: never sends the refresh token of an older item that was put back', async () => {
    const world = await keyringWorld(server)
    const older = (await world.keychain.getPassword(world.accountId)) ?? ''
    expectToken(world, await token(world))
    await world.keychain.setPassword(world.accountId, older)
    const { exitCode, stdout, stderr } = await token(world)
    expect([exitCode, stdout]).toEqual([4, ''])
    expect(stderr).toMatch(/^aiauth: hint: .*aiauth (?:login|reauthenticate)\b/m)
    expect([world.family.posts, world.family.isRevoked]).toEqual([1, false])
    expect(await world.keychain.getPassword(world.accountId)).toBe(older)
  })
})
