import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyNoFaults, withFault, type Fault, type Operation } from '../real/faults/faults.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'
import { filesIn, run, type Ended } from './program.ts'
import { recorded, worldWith, type World } from './renewal-world.ts'

/** Programs at once: they mostly wait for the disk. */
const POOL = 4
/** A run takes a tenth of a second; one that waits for a lock in vain takes 20 s. */
const LONGEST_RUN_MS = 10_000
const LIMIT = { timeout: 240_000 }
const TWO_DAYS_MS = 172_800_000

const WRITES = ['mkdir', 'create', 'open-write', 'chmod', 'write', 'overwrite', 'rename', 'link', 'unlink']
const CHANGES = WRITES.filter((name) => name !== 'open-write')
const FILES = { 'auth.json': '600', 'config.json': '600', journal: '700', 'vault.json': '600' }

interface Sweep {
  readonly operations: readonly string[]
  readonly fault: Omit<Fault, 'at'>
}

/**
 * Every operation with every kind of fault, less those that are equal: a kill before an
 * operation that changes nothing leaves what a kill before the next one that does leaves, and
 * the program tells no error from another where it writes, so what `EIO` stands for is not
 * repeated with other names, but where it lasts.
 */
const SWEEPS: readonly Sweep[] = [
  { operations: [...CHANGES, 'send', 'receive', 'tell'], fault: { kind: 'kill-before' } },
  { operations: ['tell'], fault: { kind: 'kill-after' } },
  { operations: ['write', 'overwrite'], fault: { kind: 'short-write-then-kill' } },
  { operations: ['write', 'overwrite'], fault: { kind: 'short-write' } },
  { operations: [...WRITES, 'open-read', 'sync', 'close'], fault: { kind: 'EIO' } },
  { operations: ['mkdir', 'create', 'open-write', 'rename', 'unlink'], fault: { kind: 'EACCES' } },
  // A disk that is full stays full, though what has room already can be written.
  { operations: ['mkdir', 'create', 'write'], fault: { kind: 'ENOSPC', also: ['mkdir', 'create', 'write'] } },
  // A disk that the system has stopped writing to can still be read.
  { operations: WRITES, fault: { kind: 'EROFS', also: WRITES } },
]

interface Point {
  readonly fault: Fault
  readonly operation: Operation
}

const pointsOf = (operations: readonly Operation[]): Point[] =>
  SWEEPS.flatMap(({ operations: names, fault }) =>
    operations
      .filter(({ name }) => names.includes(name))
      .map((operation) => ({ operation, fault: { ...fault, at: operation.number } })),
  )

/** One run of the program, and how the server saw it. */
interface Step extends Ended {
  readonly tookMs: number
  readonly posts: number
  readonly grants: number
  /** Stdout is one token, and the server takes it. */
  readonly isAccepted: boolean
}

/** With the fault, then without it, then once more with a token that does not last long enough. */
interface Trial extends Point {
  readonly postsBefore: number
  /** A lock file that names nobody after the run with the fault. */
  readonly hasEmptyLock: boolean
  readonly steps: readonly [faulty: Step, next: Step, later: Step]
  readonly isRevoked: boolean
  readonly isLive: boolean
  readonly files: Record<string, string>
}

async function step({ home, family }: World, argv: readonly string[], env = {}): Promise<Step> {
  const startedAtMs = performance.now()
  const ended = await run(['token', 'work', ...argv], { home, env })
  const [, token = ''] = /^(\S+)\n$/.exec(ended.stdout) ?? []
  const { posts, grants } = family
  return { ...ended, tookMs: performance.now() - startedAtMs, posts, grants, isAccepted: family.accepts(token) }
}

async function tryOut(point: Point, world: World): Promise<Trial> {
  const postsBefore = world.family.posts
  const faulty = await step(world, [], withFault(world.home, point.fault))
  const hasEmptyLock = namesIn(world.home).some((name) => name.endsWith('.lock') && statSync(name).size === 0)
  const next = await step(world, [])
  makeLeftoversOld(world.home)
  const later = await step(world, ['--min-validity', '7200'])
  const isLive = world.family.isLive(await world.keptRefreshToken())
  const { 'uses.log': _, ...files } = filesIn(world.home)
  rmSync(world.home, { recursive: true })
  const { isRevoked } = world.family
  return { ...point, postsBefore, hasEmptyLock, steps: [faulty, next, later], isRevoked, isLive, files }
}

/** What nobody has touched for days may be swept; what is new may be somebody's who is at work. */
function makeLeftoversOld(home: string): void {
  const then = new Date(Date.now() - TWO_DAYS_MS)
  for (const name of namesIn(home)) if (/\.(?:tmp|stale)$/.test(name)) utimesSync(name, then, then)
}

const namesIn = (home: string) =>
  readdirSync(home, { recursive: true, encoding: 'utf8' }).map((name) => join(home, name))

/** Numbers of operations: from which one on a token is at hand, and which one writes it down. */
interface Moments {
  readonly sent: number
  readonly written: number
}

const numberOf = (operations: readonly Operation[], wanted: string) =>
  operations.find(({ name, path }) => `${name} ${path}`.startsWith(wanted))?.number ?? Number.NaN

const isKill = ({ fault }: Point) => fault.kind.includes('kill')
const isRead = ({ operation }: Point) => operation.name === 'open-read'
const isTold = ({ stdout, stderr }: Ended) =>
  stdout === '' && /^aiauth: error: .+\n(?:aiauth: hint: .+\n)?$/.test(stderr)
const isLost = ({ steps: [, next] }: Trial) => next.exitCode === 4

/** Why a trial is bad; `undefined` for one that is not. */
function badness(trial: Trial, { sent, written }: Moments): string | undefined {
  const { steps, fault } = trial
  const [faulty, next, later] = steps
  const isInFlight = fault.at > sent && fault.at <= written
  const [mayLose, isUnkept] = [
    isInFlight && isKill(trial),
    isInFlight && faulty.stderr.includes('could be kept nowhere'),
  ]
  const claims: readonly (readonly [string, boolean])[] = [
    [
      'prints a token that is accepted, or nothing',
      steps.every(({ stdout, isAccepted }) => stdout === '' || isAccepted),
    ],
    ['is no bug', steps.every(({ exitCode }) => [null, 0, 4, 7, 8, 9].includes(exitCode))],
    ['leaves no lock that names nobody', !trial.hasEmptyLock],
    ['is stuck nowhere', steps.every(({ tookMs }) => tookMs < LONGEST_RUN_MS)],
    ['is killed when it should be', (faulty.signal === 'SIGKILL') === isKill(trial)],
    ['sends nothing when it could not keep the answer (R8)', isKill(trial) || fault.at > sent || survives(trial)],
    ['prints the token that it could not keep (R9)', isKill(trial) || fault.at <= sent || faulty.isAccepted],
    [
      'says what it could not do',
      isKill(trial) || faulty.exitCode === 0 || faulty.stderr.startsWith('aiauth: error: '),
    ],
    ['exits 7 for what it cannot write', isKill(trial) || isRead(trial) || [0, 7].includes(faulty.exitCode ?? -1)],
    ['prints the same token again', isLost(trial) || faulty.stdout === '' || next.stdout === faulty.stdout],
    ['loses nothing', isLost(trial) ? mayLose || isUnkept : next.exitCode === 0 && next.isAccepted],
    [
      'tells the truth about what is lost',
      !isLost(trial) || (isTold(next) && next.stderr.includes('lost before it arrived')),
    ],
    ['is renewed once', isLost(trial) || next.grants === 1],
    ['can be renewed again', isLost(trial) || (later.exitCode === 0 && later.isAccepted && later.grants === 2)],
    ['sends no dead token (R12)', !isLost(trial) || (later.exitCode === 4 && later.posts === next.posts)],
    ['never spends a token twice', isLost(trial) || !trial.isRevoked],
    ['keeps the token that lives', isLost(trial) || trial.isLive],
    ['leaves nothing behind', JSON.stringify(trial.files) === JSON.stringify(FILES)],
  ]
  const failed = claims.filter(([, holds]) => !holds).map(([words]) => words)
  return failed.length === 0 ? undefined : `${words(trial)}: not: ${failed.join('; ')}\n${steps.map(shown).join('\n')}`
}

/** Either the fault did not matter, or nothing was sent and the program says why. */
function survives({ steps: [faulty], postsBefore }: Trial): boolean {
  if (faulty.exitCode === 0) return faulty.isAccepted
  return faulty.posts === postsBefore && (isTold(faulty) || faulty.isAccepted)
}

const words = ({ fault, operation }: Point) =>
  `${fault.at} ${fault.kind}${fault.also === undefined ? '' : ' from here on'}, ${operation.name} ${operation.path}`
const shown = ({ exitCode, signal, stdout, stderr, posts, tookMs }: Step) =>
  `  ${exitCode ?? String(signal)} after ${Math.round(tookMs)} ms, ${posts} posts: ${JSON.stringify(stdout)} ${stderr}`

async function sweep(points: readonly Point[], moments: Moments, newWorld: () => Promise<World>) {
  const [queue, trials] = [[...points], [] as Trial[]]
  const work = async () => {
    for (let point = queue.shift(); point !== undefined; point = queue.shift()) {
      trials.push(await tryOut(point, await newWorld()))
    }
  }
  await Promise.all(Array.from({ length: POOL }, work))
  const bad = trials.map((trial) => badness(trial, moments)).filter((each) => each !== undefined)
  const lost = trials.filter(isLost)
  console.log(`crash sweep: ${trials.length} points, ${lost.length} lost before arrival, ${bad.length} bad`)
  return { bad: bad.join('\n'), lost, count: trials.length }
}

describe.skipIf(whyNoFaults() !== undefined)('aiauth token with an expired token', () => {
  let server: OneUseServer
  beforeAll(async () => {
    server = await startOneUseServer()
  })
  afterAll(() => server.close())

  it('R7, R8, R9, R12, R15, F15, F16, F23: loses nothing at any operation of a renewal', LIMIT, async () => {
    const operations = await recorded(await worldWith(server))
    const moments = { sent: numberOf(operations, 'send'), written: numberOf(operations, 'overwrite') }
    const { bad, lost, count } = await sweep(pointsOf(operations), moments, () => worldWith(server))
    expect(bad).toBe('')
    expect(count).toBeGreaterThan(180)
    // The answer is on its way, at hand, and half written down.
    const isLostAt = lost.filter(isKill).map(({ fault, operation }) => `${fault.kind} ${operation.name}`)
    expect(isLostAt.sort()).toEqual(['kill-before overwrite', 'kill-before receive', 'short-write-then-kill overwrite'])
  })

  it('R7, R9, F23: loses nothing at any operation of a recovery', LIMIT, async () => {
    const renewal = await recorded(await worldWith(server))
    const cutOff = async () => {
      const world = await worldWith(server)
      // The answer is on the disk, and nothing else is done.
      await recorded(world, { at: numberOf(renewal, 'overwrite') + 1, kind: 'kill-before' })
      return world
    }
    const operations = await recorded(await cutOff())
    const read = numberOf(operations, 'open-read journal/<id>.json')
    const points = pointsOf(operations).filter(({ fault }) => ['kill-before', 'EIO', 'EROFS'].includes(fault.kind))
    const { bad, lost, count } = await sweep(points, { sent: read, written: read }, cutOff)
    expect(bad).toBe('')
    expect([count > 100, lost]).toEqual([true, []])
  })
})
