import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { bundled } from '../real/bundled.ts'
import { operationsOf, whyNoFaults, withFault, type Fault } from '../real/faults/faults.ts'
import { procFile } from '../real/processes.ts'

/** Far from the 2 s that a lock is waited for which names nobody. */
const AT_ONCE_MS = 1500
const HOUR_MS = 3_600_000
const NO_FAULTS = whyNoFaults() !== undefined

let script = ''
beforeAll(async () => {
  script = await bundled('test/real/holds-a-lock.ts')
})

interface Contender {
  readonly process: ChildProcess
  /** Its exit code, and what it said beside `in` and `out`. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly said: string }>
  readonly isIn: Promise<void>
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'aiauth-lock-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A process that takes the lock of a folder so many times, each time for up to so long. */
function contend(folder: string, { longestHoldMs = 0, rounds = 1, env = {} } = {}): Contender {
  const argv = [script, join(folder, 'a.lock'), String(longestHoldMs), String(rounds)]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const isIn = once(child.stdout, 'data').then(() => undefined)
  const ended = once(child, 'close').then(([exitCode]) => ({
    exitCode: exitCode as number | null,
    said: said.replaceAll(/(?:in|out)\n/g, ''),
  }))
  return { process: child, ended, isIn }
}

/** The lock of a killed process. */
async function staleLock(): Promise<Buffer> {
  const folder = newFolder()
  const holder = contend(folder, { longestHoldMs: 1e9 })
  await holder.isIn
  holder.process.kill('SIGKILL')
  await holder.ended
  return readFileSync(join(folder, 'a.lock'))
}

/** Resolves when the process has stopped, or ended. */
async function stopped({ pid = 0 }: ChildProcess): Promise<void> {
  while (!/^$|\) [TZ] /.test(procFile(pid, 'stat'))) await sleep(5)
}

describe('withLock, among processes', () => {
  it('R15: is taken over at once from a process that was killed', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'a.lock'), await staleLock())
    const startedAtMs = performance.now()
    await contend(folder).isIn
    expect(performance.now() - startedAtMs).toBeLessThan(AT_ONCE_MS)
  })

  it.skipIf(process.platform !== 'linux')('R15: is taken over at once where nobody waits for the killed', async () => {
    const folder = newFolder()
    const argv = [process.execPath, script, join(folder, 'a.lock'), '1000000000']
    // The shell becomes a program that never asks for its children, as in many a container.
    const parent = spawn('sh', ['-c', '"$@" & echo $!; exec sleep 60', 'sh', ...argv], { stdio: ['ignore', 'pipe', 2] })
    onTestFinished(() => void parent.kill('SIGKILL'))
    let said = ''
    for await (const chunk of parent.stdout as AsyncIterable<Buffer>)
      if ((said += chunk.toString()).includes('in\n')) break
    process.kill(parseInt(said), 'SIGKILL')
    const startedAtMs = performance.now()
    await contend(folder).isIn
    expect(performance.now() - startedAtMs).toBeLessThan(AT_ONCE_MS)
  })

  it(
    'R3, R15: lets in one at a time, whoever is killed, stopped or let go on whenever',
    { timeout: 60_000 },
    async () => {
      const event = fc.record({
        waitMs: fc.integer({ min: 0, max: 25 }),
        victim: fc.nat(5),
        signal: fc.constantFrom('SIGKILL', 'SIGSTOP', 'SIGCONT' as const),
      })
      const play = async (events: readonly { waitMs: number; victim: number; signal: NodeJS.Signals }[]) => {
        const folder = newFolder()
        const crowd = Array.from({ length: 6 }, () => contend(folder, { longestHoldMs: 5, rounds: 8 }))
        await crowd[0]?.isIn
        for (const { waitMs, victim, signal } of events) {
          await sleep(waitMs)
          crowd[victim]?.process.kill(signal)
        }
        for (const { process } of crowd) process.kill('SIGCONT')
        const ends = await Promise.all(crowd.map(({ ended }) => ended))
        expect(ends.filter(({ exitCode, said }) => (exitCode ?? 0) !== 0 || said !== '')).toEqual([])
      }
      // Real processes: the same schedule need not fail twice, so it is not worth shrinking.
      const property = fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 30 }), play)
      await fc.assert(property, { numRuns: 8, endOnFailure: true })
    },
  )

  it.skipIf(NO_FAULTS).each(['stop-before', 'kill-before'] as const)(
    'R3, R15: lets in one at a time, with %s at any step of a take-over',
    { timeout: 60_000 },
    async (kind) => {
      const stale = await staleLock()
      const withStale = () => {
        const folder = newFolder()
        writeFileSync(join(folder, 'a.lock'), stale)
        return folder
      }
      const folder = withStale()
      await contend(folder, { env: withFault(folder) }).ended
      const steps = operationsOf(folder).filter(({ path }) => path.includes('a.lock') && !path.includes('witness'))
      const faults = steps.map(({ number: at }): Fault => ({
        at,
        kind,
        also: kind === 'stop-before' ? ['link', 'unlink'] : [],
      }))
      const ends = await Promise.all(faults.map((fault) => disturbed(withStale(), fault)))
      expect(ends.flat()).toEqual([])
      expect(steps.length).toBeGreaterThan(8)
    },
  )
})

/** What went wrong when two contend while a third is stopped or killed at its steps; what is still there an hour later counts. */
async function disturbed(folder: string, fault: Fault): Promise<string[]> {
  const odd = contend(folder, { env: withFault(folder, fault) })
  await stopped(odd.process)
  const others = [1, 2].map(() => contend(folder, { longestHoldMs: 40, rounds: 20 }))
  while (odd.process.exitCode === null && odd.process.signalCode === null) {
    await stopped(odd.process)
    await sleep(200)
    odd.process.kill('SIGCONT')
    await sleep(20)
  }
  const ends = await Promise.all([odd, ...others].map(({ ended }) => ended))
  const said = ends.map(({ exitCode, said }) => `${exitCode ?? 0} ${said}`).filter((end) => end !== '0 ')
  const then = new Date(Date.now() - HOUR_MS)
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), then, then)
  await contend(folder).ended
  const left = readdirSync(folder)
  return [...said, ...(left.length === 0 ? [] : [`left ${left.join(', ')}`])].map((each) => `at ${fault.at}: ${each}`)
}
