import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operationsOf, whyNoFaults, withFault, type Fault, type Operation } from '../real/faults/faults.ts'
import { linkedWorldWith, useAsCodex, type LinkedWorld } from './linked-world.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'
import { filesIn, run, type Ended } from './program.ts'

/** Programs at once: they mostly wait for the disk. */
const POOL = 4
const LIMIT = { timeout: 240_000 }

const CHANGES = ['mkdir', 'create', 'chmod', 'write', 'overwrite', 'rename', 'link', 'unlink']
const WRITES = [...CHANGES, 'open-write']
const SWEEPS: readonly { readonly operations: readonly string[]; readonly fault: Omit<Fault, 'at'> }[] = [
  { operations: [...CHANGES, 'send', 'receive', 'tell'], fault: { kind: 'kill-before' } },
  { operations: ['tell'], fault: { kind: 'kill-after' } },
  { operations: ['write', 'overwrite'], fault: { kind: 'short-write-then-kill' } },
  { operations: [...WRITES, 'open-read', 'sync', 'close'], fault: { kind: 'EIO' } },
  { operations: ['mkdir', 'create', 'write'], fault: { kind: 'ENOSPC', also: ['mkdir', 'create', 'write'] } },
  { operations: WRITES, fault: { kind: 'EROFS', also: WRITES } },
]

interface Point {
  readonly fault: Fault
  readonly operation: Operation
}

const pointsOf = (operations: readonly Operation[], sweeps = SWEEPS): Point[] =>
  sweeps.flatMap(({ operations: names, fault }) =>
    operations
      .filter(({ name }) => names.includes(name))
      .map((operation) => ({ operation, fault: { ...fault, at: operation.number } })),
  )

interface Step extends Ended {
  readonly posts: number
  /** Stdout is one token, and the server takes it. */
  readonly isAccepted: boolean
  /** The vault and Codex's file hold the one refresh token that the server would take. */
  readonly isKept: boolean
  readonly isTold: boolean
}

/** With the fault, then without it, then once more with a token that does not last long enough. */
interface Trial extends Point {
  readonly steps: readonly [faulty: Step, next: Step, later: Step]
  readonly isRevoked: boolean
  readonly files: readonly string[]
}

async function step(world: LinkedWorld, argv: readonly string[], env = {}): Promise<Step> {
  const { home, family } = world
  const ended = await run(['token', 'work', ...argv], { home, env })
  const isAccepted = family.accepts(ended.stdout.trimEnd())
  const isKept = family.isLive(await world.keptRefreshToken())
  return { ...ended, posts: family.posts, isAccepted, isKept, isTold: family.isLive(world.codexRefreshToken()) }
}

async function tryOut(point: Point, world: LinkedWorld): Promise<Trial> {
  const faulty = await step(world, [], withFault(world.home, point.fault))
  const next = await step(world, [])
  const later = await step(world, ['--min-validity', '7200'])
  const files = Object.entries(filesIn(world.home)).map(([name, mode]) => `${name} ${mode}`)
  rmSync(world.home, { recursive: true })
  return { ...point, steps: [faulty, next, later], isRevoked: world.family.isRevoked, files }
}

const isKill = ({ fault }: Point) => fault.kind.includes('kill')
const isUnkept = ({ stderr }: Step) => stderr.includes('could be kept nowhere')
const isLost = ({ steps: [, next] }: Trial) => next.exitCode === 4

/** What a trial should be and is not; `undefined` for one that is good. */
function badness(trial: Trial): string | undefined {
  const { steps, operation, fault } = trial
  const [faulty, next, later] = steps
  const claims: readonly (readonly [string, boolean])[] = [
    [
      'prints a token that is accepted, or nothing',
      steps.every(({ stdout, isAccepted }) => stdout === '' || isAccepted),
    ],
    ['is no bug', steps.every(({ exitCode }) => [null, 0, 4, 7, 8, 9].includes(exitCode))],
    ['is killed when it should be', (faulty.signal === 'SIGKILL') === isKill(trial)],
    [
      'says that Codex was not told',
      isKill(trial) || !faulty.isAccepted || faulty.isTold || faulty.stderr.includes('codex'),
    ],
    ['goes on', isLost(trial) || (next.exitCode === 0 && next.isAccepted && later.exitCode === 0 && later.isAccepted)],
    ['loses only what could not be written down', !isLost(trial) || isKill(trial) || isUnkept(faulty)],
    ['tells the truth about what is lost', !isLost(trial) || next.stderr.includes('lost before it arrived')],
    ['keeps the token that lives', isLost(trial) || (next.isKept && later.isKept)],
    ['leaves it with Codex after a crash', isLost(trial) || !isKill(trial) || next.isTold],
    ['leaves it with Codex after the next renewal', isLost(trial) || later.isTold],
    ['never spends a token twice', isLost(trial) || !trial.isRevoked],
    ['leaves Codex’s file private and its folder clean', codexFilesIn(trial) === 'codex 700, codex/auth.json 600'],
  ]
  const failed = claims.filter(([, holds]) => !holds).map(([words]) => words)
  if (failed.length === 0) return undefined
  const where = `${fault.at} ${fault.kind} ${operation.name} ${operation.path}`
  return `${where}: not: ${failed.join('; ')}\n${steps.map((each) => `  ${JSON.stringify(each)}`).join('\n')}`
}

const codexFilesIn = ({ files }: Trial) => files.filter((file) => file.startsWith('codex')).join(', ')

async function sweep(points: Point[], newWorld: () => Promise<LinkedWorld>): Promise<Trial[]> {
  const [queue, trials] = [points, [] as Trial[]]
  const work = async () => {
    for (let point = queue.shift(); point !== undefined; point = queue.shift()) {
      trials.push(await tryOut(point, await newWorld()))
    }
  }
  await Promise.all(Array.from({ length: POOL }, work))
  const bad = trials.map(badness).filter((each) => each !== undefined)
  const lost = trials.filter(isLost).length
  console.log(`linked sweep: ${trials.length} points, ${lost} lost before arrival, ${bad.length} bad`)
  expect(bad.join('\n')).toBe('')
  return trials
}

describe.skipIf(whyNoFaults() !== undefined)('aiauth token, of an account that shares its grant with Codex', () => {
  let server: OneUseServer
  beforeAll(async () => {
    server = await startOneUseServer()
  })
  afterAll(() => server.close())

  const recorded = async (world: LinkedWorld) => {
    await run(['token', 'work'], { home: world.home, env: withFault(world.home) })
    return operationsOf(world.home)
  }

  it('G5, R7: loses nothing of either at any operation of a renewal', LIMIT, async () => {
    const operations = await recorded(await linkedWorldWith(server))
    expect(operations.filter(({ name, path }) => name === 'rename' && path.startsWith('codex/')).length).toBe(1)
    const trials = await sweep(pointsOf(operations), () => linkedWorldWith(server))
    expect(trials.length).toBeGreaterThan(150)
    const lostAt = trials
      .filter((trial) => isLost(trial) && isKill(trial))
      .map(({ fault, operation }) => `${fault.kind} ${operation.name}`)
    expect(lostAt.sort()).toEqual(['kill-before overwrite', 'kill-before receive', 'short-write-then-kill overwrite'])
  })

  it('G5, G1: loses nothing of either at any operation of an adoption', LIMIT, async () => {
    const renewedByCodex = async () => {
      const world = await linkedWorldWith(server)
      await useAsCodex(world.codexPath, world.tokenEndpoint, 300)
      return world
    }
    const kills = SWEEPS.filter(({ fault }) => fault.kind.includes('kill'))
    const trials = await sweep(pointsOf(await recorded(await renewedByCodex()), kills), renewedByCodex)
    expect(trials.length).toBeGreaterThan(30)
    expect(trials.filter(isLost)).toEqual([])
    expect(trials.filter(({ steps: [, next] }) => next.posts !== 1)).toEqual([])
  })
})
