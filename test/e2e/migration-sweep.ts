import { readdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { operationsOf, type Fault, type Operation } from '../real/faults/faults.ts'
import { copyOf, runIn, seenIn, stateOf, whereItLives, type MigrationHome, type State } from './migration-world.ts'
import type { Ended } from './program.ts'

/** Programs at once: they mostly wait for the disk. */
const POOL = 4
const TWO_DAYS_MS = 172_800_000

const WRITES = ['mkdir', 'create', 'open-write', 'chmod', 'write', 'overwrite', 'rename', 'link', 'unlink']

export interface Sweep {
  readonly operations: readonly string[]
  readonly fault: Omit<Fault, 'at'>
}

/**
 * A kill before an operation that changes nothing leaves what one before the next change
 * leaves, and so does a kill after an operation, but for the last.
 */
export const KILLS: readonly Sweep[] = [
  {
    operations: ['mkdir', 'create', 'chmod', 'write', 'rename', 'link', 'unlink', 'tell'],
    fault: { kind: 'kill-before' },
  },
  { operations: ['tell'], fault: { kind: 'kill-after' } },
  { operations: ['write'], fault: { kind: 'short-write-then-kill' } },
]

/**
 * The program tells no error from another where it writes; a `chmod` or a `close` that fails is
 * caught where a `write` is. So other names than `EIO` are for what would happen by that name only.
 */
export const ERRORS: readonly Sweep[] = [
  { operations: ['mkdir', 'create', 'write', 'rename', 'link', 'unlink', 'open-read', 'sync'], fault: { kind: 'EIO' } },
  // Somebody else's folder, or one that a person has protected meanwhile.
  { operations: ['rename', 'unlink'], fault: { kind: 'EACCES' } },
  // A disk that is full stays full.
  { operations: ['mkdir', 'create', 'write'], fault: { kind: 'ENOSPC', also: ['mkdir', 'create', 'write'] } },
  // A disk that the system has stopped writing to can still be read; it stops before something is begun.
  { operations: ['mkdir', 'create', 'rename', 'link', 'unlink'], fault: { kind: 'EROFS', also: WRITES } },
]

/** What a killed process leaves of a lock is swept by who wants that lock next: the sweep of renewals goes over each of its operations. */
const OF_A_LOCK = /\.lock(?:\.tmp|\..*stale)?(?: \d+)?$/
const isOfLock = ({ path }: Operation) => path.includes('.lock')

/** What cannot be read for a moment is not gone. */
export const UNREADABLE: Sweep = { operations: ['open-read'], fault: { kind: 'EIO' } }

interface Point {
  readonly fault: Fault
  readonly operation: Operation
}

/** What a command leads to without any fault, and what stood there before. */
interface Undisturbed {
  readonly before: State
  readonly after: State
  readonly seen: readonly [before: string, after: string]
}

/** What follows from a state of the disk: what is seen of it, and how the same command ends then. */
interface Following {
  readonly seen: string
  readonly next: Ended
  readonly end: State
  readonly endSeen: string
  readonly endLives: readonly string[]
}

interface Trial extends Point, Following {
  readonly faulty: Ended
  /** At once after the fault. */
  readonly state: State
  readonly lives: readonly string[]
}

/** A command that was cut off, with all that it has left. */
interface CutOff {
  readonly world: MigrationHome
  readonly at: string
}

export interface Swept {
  readonly bad: readonly string[]
  readonly points: number
  readonly states: number
  /** One for each state of the disk that a kill has left with something to be ended. */
  readonly cutOff: readonly CutOff[]
}

const isKill = ({ fault }: Point) => fault.kind.includes('kill')
const text = (value: unknown) => JSON.stringify(value)

/** What a command leads to in a copy of this home. */
export async function undisturbedIn(template: MigrationHome, argv: readonly string[]): Promise<Undisturbed> {
  const world = copyOf(template)
  const [before, seenBefore] = [await stateOf(world), await seenIn(world)]
  const { exitCode, stdout, stderr } = await runIn(world, argv)
  if (exitCode !== 0) throw new Error(stdout + stderr)
  return { before, after: await stateOf(world), seen: [seenBefore, await seenIn(world)] }
}

async function pointsIn(template: MigrationHome, argv: readonly string[], sweeps: readonly Sweep[]): Promise<Point[]> {
  const world = copyOf(template)
  await runIn(world, argv, 'none')
  const operations = operationsOf(world.home).filter((each) => each.errno === 0 && !isOfLock(each))
  return sweeps.flatMap(({ operations: names, fault }) =>
    operations
      .filter(({ name }) => names.includes(name))
      .map((operation) => ({ operation, fault: { ...fault, at: operation.number } })),
  )
}

/**
 * Runs a command with every fault at every operation, each time in a copy of this home; looks
 * at what is there at once, and runs it again without one. A program can go by nothing but
 * what stands on the disk, so of faults that leave the same the rest is tried once.
 */
export async function sweep(
  template: MigrationHome,
  argv: readonly string[],
  sweeps: readonly Sweep[],
  undisturbed: Undisturbed,
  { isSampled = false, isRecovery = false } = {},
): Promise<Swept> {
  // Where a passphrase makes every run dear: from the first change on that only this way of migrating makes.
  const all = await pointsIn(template, argv, sweeps)
  const from = all.find(({ operation }) => operation.path.startsWith('codex/'))?.operation.number ?? 0
  const points = isSampled ? all.filter(({ fault }) => fault.at >= from) : all
  const [queue, bad, cutOff] = [[...points], [] as string[], [] as CutOff[]]
  const known = new Map<string, Promise<Following>>()
  const work = async () => {
    for (let point = queue.shift(); point !== undefined; point = queue.shift()) {
      const world = copyOf(template)
      const faulty = await runIn(world, argv, point.fault)
      const state = await stateOf(world)
      const isNew = !known.has(text(state))
      if (isNew && isKill(point)) cutOff.push({ world: copyOf(world), at: words(point) })
      const following = known.get(text(state)) ?? follow(world, argv)
      known.set(text(state), following)
      const trial = { ...point, faulty, state, lives: whereItLives(world, state), ...(await following) }
      const why = badness(trial, undisturbed, isRecovery)
      if (why !== undefined) bad.push(why)
      if (!isNew) rmSync(world.home, { recursive: true })
    }
  }
  await Promise.all(Array.from({ length: POOL }, work))
  return { bad, points: points.length, states: known.size, cutOff }
}

async function follow(world: MigrationHome, argv: readonly string[]): Promise<Following> {
  const seen = await seenIn(world)
  makeLeftoversOld(world.home)
  const next = await runIn(world, argv)
  const end = await stateOf(world)
  const endSeen = await seenIn(world)
  return { seen, next, end, endSeen, endLives: whereItLives(world, end) }
}

/** What nobody has touched for days may be swept; what is new may be somebody's who is at work. */
function makeLeftoversOld(home: string): void {
  const then = new Date(Date.now() - TWO_DAYS_MS)
  for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' }))
    if (/\.(?:tmp|stale)$/.test(name)) utimesSync(join(home, name), then, then)
}

/** A key of the backups is no account's, and is used again. */
const facts = ({ authFile, codex, vault: { 'key/backup': _, ...vault } }: State) => ({ authFile, codex, vault })
const isSame = (a: State, b: State) => text(facts(a)) === text(facts(b))
/** One that failed keeps its backup, which the next does not take for its own. */
const different = (each: readonly string[]) => text([...new Set(each)])
/** A report is worth no failure, and a temporary copy of a backup is swept by whoever writes there next. */
const passing = (name: string) => OF_A_LOCK.test(name) || /^migration-report|^backup\/\.auth_backup\.tmp/.test(name)
const lasting = ({ files }: State) => files.filter((name) => !passing(name))

/** Why a trial is bad; `undefined` for one that is not. */
function badness(trial: Trial, { before, after, seen }: Undisturbed, isRecovery: boolean): string | undefined {
  const { faulty, state, next, end } = trial
  const hasFailed = faulty.exitCode !== 0 && !isKill(trial)
  const isUndone = !outcomeOf(faulty).includes('not all could be undone')
  const claims: readonly (readonly [string, boolean])[] = [
    ['is killed when it should be', (faulty.signal === 'SIGKILL') === isKill(trial)],
    ['fails as it may', [null, 0, 7, 8, 10].includes(faulty.exitCode)],
    ['keeps auth.json whole', [before, after].some(({ authFile }) => text(authFile) === text(state.authFile))],
    ["keeps Codex's file whole", [before.codex, after.codex].includes(state.codex)],
    ['is seen as before or as after', seen.includes(trial.seen)],
    ['keeps the living token', trial.lives.length > 0 && trial.endLives.length > 0],
    ['has done it when it says so', faulty.exitCode !== 0 || isSame(state, after)],
    // A recovery that fails leaves what it has found.
    ['has undone it when it fails', !hasFailed || !isUndone || isRecovery || isSame(state, before)],
    ['can undo it but on a dead disk', isUndone || isRecovery || trial.fault.also !== undefined],
    ['ends it the next time', next.exitCode === 0 && isSame(end, after)],
    ['has the same backups then', (hasFailed ? different : text)(end.backups) === text(after.backups)],
    ['leaves nothing behind then', different(lasting(end)) === different(lasting(after))],
    ['leaves no token in clear where it seals', end.clear.length === after.clear.length],
    ['is seen as after then', trial.endSeen === seen[1]],
  ]
  const failed = claims.filter(([, holds]) => !holds).map(([claim]) => claim)
  if (failed.length === 0) return undefined
  const details = { first: outcomeOf(faulty), next: outcomeOf(next), seen: [trial.seen, trial.endSeen], state, end }
  return `${words(trial)}: not: ${failed.join('; ')}\n  ${JSON.stringify(details)}`
}

function outcomeOf({ exitCode, signal, stdout, stderr }: Ended): string {
  return `${exitCode ?? String(signal)} ${stdout.replace(/"steps".*?\],/s, '').replace(/\s+/g, ' ')}${stderr.trim()}`
}

const words = ({ fault, operation }: Point) =>
  `${fault.at} ${fault.kind}${fault.also === undefined ? '' : ' from here on'}, ${operation.name} ${operation.path}`
