import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operationsOf, whyNoFaults, withFault, type Fault } from '../real/faults/faults.ts'
import { procFile } from '../real/processes.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'
import { filesIn, ROOT, run, start, type Ended, type Running } from './program.ts'
import { worldWith, type World } from './renewal-world.ts'

const CROWD = 50
const NO_FAULTS = whyNoFaults() !== undefined
const HOUR_MS = 3_600_000
const LIMIT = { timeout: 60_000 }

let server: OneUseServer
beforeAll(async () => {
  server = await startOneUseServer()
})
afterAll(() => server.close())

const token = ({ home }: World, env = {}, ...more: string[]) => run(['token', 'work', ...more], { home, env })
const crowd = (world: World, size = CROWD) => Promise.all(Array.from({ length: size }, () => token(world)))

/** How often each thing was printed: exit code, token or error, without what differs between homes. */
function tally(ends: readonly Ended[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { exitCode, signal, stdout, stderr } of ends) {
    const key = `${exitCode ?? String(signal)} ${stdout}${stderr.split('\n')[0] ?? ''}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

/** All of them printed the one token that the server has granted, and nothing else. */
async function expectOneGrant({ family, keptRefreshToken, home }: World, ends: readonly Ended[]): Promise<void> {
  const { stdout = '' } = ends[0] ?? {}
  expect(tally(ends)).toEqual({ [`0 ${stdout}`]: ends.length })
  expect(family).toMatchObject({ posts: 1, grants: 1, isRevoked: false })
  expect([family.accepts(stdout.trim()), family.isLive(await keptRefreshToken())]).toEqual([true, true])
  expect(Object.keys(filesIn(home)).filter((name) => /tmp|stale|lock|journal\//.test(name))).toEqual([])
}

/** A process whose request has arrived at the server. */
async function holderIn(world: World, env = {}): Promise<Running> {
  const arrival = world.family.next('arrival')
  const holder = start(['token', 'work'], { home: world.home, env })
  await arrival
  return holder
}

/** The number of the operation that writes the answer down. */
async function writesAnswerAt(): Promise<number> {
  const world = await worldWith(server)
  await token(world, withFault(world.home))
  const operation = operationsOf(world.home).find(({ name }) => name === 'overwrite')
  if (operation === undefined) throw new Error('the answer is written down nowhere')
  return operation.number
}

const withFaultAtAnswer = async ({ home }: World, kind: Fault['kind'], later = 0) =>
  withFault(home, { at: (await writesAnswerAt()) + later, kind })

describe(`${CROWD} processes that want an expired token`, LIMIT, () => {
  it.each([0, 300])('R3, R4: spend it once and print the same, with a server that takes %i ms', async (delayMs) => {
    const world = await worldWith(server)
    world.family.behaviour = { delayMs }
    await expectOneGrant(world, await crowd(world))
  })

  it.skipIf(NO_FAULTS)('R4: print what a holder left that was killed once the answer was written down', async () => {
    const world = await worldWith(server)
    const holder = await holderIn(world, await withFaultAtAnswer(world, 'kill-before', 1))
    const ends = await crowd(world)
    expect(await holder.ended).toMatchObject({ signal: 'SIGKILL', stdout: '' })
    await expectOneGrant(world, ends)
  })

  it('R6, R7, R12: learn the truth when the holder was killed before the answer came, and ask once more at most', async () => {
    const world = await worldWith(server)
    world.family.behaviour = { delayMs: 300 }
    const holder = await holderIn(world)
    holder.process.kill('SIGKILL')
    const ends = await crowd(world)
    expect(ends.map(({ exitCode, stdout }) => `${String(exitCode)}${stdout}`)).toEqual(Array(CROWD).fill('4'))
    expect(ends.filter(({ stderr }) => !stderr.includes('was lost before it arrived'))).toEqual([])
    expect(world.family).toMatchObject({ posts: 2, grants: 1 })
  })

  it.skipIf(NO_FAULTS)('R3, R15: wait for a holder that is stopped before it writes the answer down', async () => {
    const world = await worldWith(server)
    const holder = await holderIn(world, await withFaultAtAnswer(world, 'stop-before'))
    const others = crowd(world, CROWD - 1)
    await sleep(2000)
    expect(procFile(holder.process.pid ?? 0, 'stat')).toContain(') T ')
    holder.process.kill('SIGCONT')
    await expectOneGrant(world, [await holder.ended, ...(await others)])
  })

  it.each([
    [4, 1],
    // What it writes down as the token's end is over for whoever starts later: one of them renews once more.
    [-4, 2],
  ])('R3, T24: never spend it twice when the clock of the holder jumps by %i h', async (hours, most) => {
    const world = await worldWith(server)
    world.family.behaviour = { delayMs: 300 }
    const file = join(world.home, 'jump')
    const holder = await holderIn(world, {
      NODE_OPTIONS: `--require=${join(ROOT, 'test', 'real', 'faults', 'clock-jump.cjs')}`,
      AIAUTH_CLOCK_FILE: file,
      AIAUTH_CLOCK_JUMP_MS: String(hours * HOUR_MS),
    })
    const others = crowd(world, CROWD - 1)
    writeFileSync(file, '')
    const ends = [await holder.ended, ...(await others)]
    expect(ends.filter(({ exitCode, stdout }) => exitCode !== 0 || !world.family.accepts(stdout.trim()))).toEqual([])
    expect(Object.keys(tally(ends)).length).toBeLessThanOrEqual(most)
    expect(world.family.posts).toBeLessThanOrEqual(most)
    expect(world.family.isRevoked).toBe(false)
  })

  it('R13, R14: share one cool-down during an outage', async () => {
    const world = await worldWith(server)
    world.family.behaviour = { refusal: { status: 500 } }
    const ends = await crowd(world)
    expect(ends.filter(({ exitCode, stdout }) => exitCode !== 6 || stdout !== '')).toEqual([])
    // Three tries each for the first of them and for those that waited out its short cool-down.
    expect(world.family.posts).toBeLessThanOrEqual(9)
  })

  it('R13, R14: ask once and no more when the provider wants to be left alone', async () => {
    const world = await worldWith(server)
    world.family.behaviour = { refusal: { status: 429, headers: { 'retry-after': '60' } } }
    const ends = [...(await crowd(world)), ...(await crowd(world, 4))]
    expect(ends.filter(({ exitCode, stdout }) => exitCode !== 6 || stdout !== '')).toEqual([])
    expect(world.family).toMatchObject({ posts: 1, grants: 0 })
  })
})

describe('aiauth token, alone', LIMIT, () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('R10: keeps the answer and then ends, when %s comes twice on the way', async (signal, exitCode) => {
    const world = await worldWith(server)
    world.family.behaviour = { delayMs: 300 }
    const program = await holderIn(world)
    for (let times = 0; times < 2; times++) {
      program.process.kill(signal)
      await sleep(50)
    }
    expect(await program.ended).toMatchObject({ exitCode })
    await expectOneGrant(world, [await token(world)])
  })

  it('R6, R7: serves the old token as long as it lives, when its renewal was killed on the way', async () => {
    const world = await worldWith(server, 50)
    world.family.behaviour = { delayMs: 300 }
    const killed = await holderIn(world)
    killed.process.kill('SIGKILL')
    await killed.ended
    const next = await token(world)
    expect(next).toMatchObject({ exitCode: 0, stdout: `${world.family.accessToken}\n` })
    expect(next.stderr).toContain('no answer of claude arrived')
    expect(world.family.posts).toBe(1)
  })

  it('R7: works or tells the truth, when it is killed the moment the server has answered', async () => {
    for (let round = 0; round < 8; round++) {
      const world = await worldWith(server)
      const departure = world.family.next('departure')
      const program = start(['token', 'work'], { home: world.home })
      await departure
      program.process.kill('SIGKILL')
      await program.ended
      const next = await token(world)
      if (next.exitCode === 4) expect(next.stderr).toContain('was lost before it arrived')
      else await expectOneGrant(world, [next])
    }
  })

  it('R13: serves a token that lives, with a word of warning, during an outage', async () => {
    const world = await worldWith(server, 600)
    world.family.behaviour = { refusal: { status: 500 } }
    const { exitCode, stdout, stderr } = await token(world, {}, '--min-validity', '3600')
    expect([exitCode, stdout]).toEqual([0, `${world.family.accessToken}\n`])
    expect(stderr).toMatch(/^aiauth: warning: work was not renewed, its old token still works: .+\n$/)
    expect(world.family.posts).toBe(1)
  })

  it('R16: takes over a lock whose process id belongs to another program by now', async () => {
    const world = await worldWith(server)
    world.family.behaviour = { delayMs: 300 }
    const holder = await holderIn(world)
    const path = join(world.home, 'journal', `${world.accountId}.lock`)
    const lock = readFileSync(path, 'utf8')
    await holder.ended
    writeFileSync(path, lock.replace(`"pid":${holder.process.pid ?? 0}`, `"pid":${process.pid}`))
    const startedAtMs = performance.now()
    expect(await token(world, {}, '--min-validity', '7200')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(performance.now() - startedAtMs).toBeLessThan(1900)
    expect(world.family).toMatchObject({ grants: 2, isRevoked: false })
  })

  it.skipIf(NO_FAULTS)('R19: prints a token that lasts from a home that cannot be written', async () => {
    const world = await worldWith(server, 3600)
    const also = ['mkdir', 'create', 'open-write', 'chmod', 'write', 'overwrite', 'rename', 'link', 'unlink']
    for (const more of [[], ['--min-validity', '600']]) {
      const ended = await token(world, withFault(world.home, { at: 0, kind: 'EROFS', also }), ...more)
      expect(ended).toMatchObject({ exitCode: 0, stdout: `${world.family.accessToken}\n`, stderr: '' })
    }
    expect(world.family.posts).toBe(0)
  })
})
