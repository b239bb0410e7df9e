import { randomUUID } from 'node:crypto'
import type * as Os from 'node:os'
import { linkSync, readdirSync, readFileSync, readlinkSync, renameSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AuthError } from '../model/errors.ts'
import type { Hold } from '../model/ports.ts'
import { isRecord, json, record, type UntrustedRecord } from '../model/untrusted.ts'
import { steadyMs } from './clock.ts'
import { cannotWrite, makePrivateFolder, removeQuietly, writeNewFile } from './private-files.ts'
import { errorCode, readPrivateFile } from './read-private-file.ts'

/** How long to wait before the lock of another is given up on, or taken. */
export interface LockPatience {
  /** For a living holder; then `busy`. */
  readonly waitMs: number
  /** For a lock that names no holder: cut off in the middle of its making, or planted. */
  readonly unknownHolderMs: number
  /** For a holder on another machine or in another container, which cannot be looked up from here. */
  readonly foreignHolderMs: number
}

export interface LockOptions<T> {
  readonly patience?: LockPatience
  /** Ends the wait. */
  readonly signal?: AbortSignal
  /** Asked while waiting; what it returns ends the wait without the lock. */
  readonly meanwhile?: () => Promise<T | undefined>
}

const PATIENCE: LockPatience = { waitMs: 20_000, unknownHolderMs: 2000, foreignHolderMs: 20_000 }

/**
 * Runs the work while holding the lock file: created only where none exists, naming its
 * holder by process id, start time and boot, so that a lock left by a killed process is
 * taken over at once and one of a stopped process never is. A process id alone would be
 * reused, and an age alone would rob a laptop that slept.
 *
 * @throws AuthError `busy` when a living process keeps it.
 */
export async function withLock<T>(
  path: string,
  work: (lock: Hold) => Promise<T> | T,
  { patience = PATIENCE, signal, meanwhile = () => Promise.resolve(undefined) }: LockOptions<T> = {},
): Promise<T> {
  const nonce = randomUUID()
  makePrivateFolder(dirname(path))
  const waitOrTakeAway = waitFor(path, patience)
  while (!create(path, nonce)) {
    signal?.throwIfAborted()
    const spared = await meanwhile()
    if (spared !== undefined) return spared
    await waitOrTakeAway()
  }
  const isOurs = () => readOwner(path)?.['nonce'] === nonce
  try {
    return await work({
      assertHeld() {
        if (!isOurs()) throw new AuthError('busy', 'another aiauth took over while this one was stopped')
      },
    })
  } finally {
    heldHere.delete(nonce)
    sweepAside(path)
    if (isOurs()) removeQuietly(path)
  }
}

/** Nonces of the locks that this process holds or waits for. */
const heldHere = new Set<unknown>()

/** One wait for a lock that somebody else holds: each call takes a stale lock away, or waits a moment. */
function waitFor(path: string, patience: LockPatience): () => Promise<void> {
  const startedAtMs = steadyMs()
  let seen: { readonly owner: string; readonly sinceMs: number } | undefined
  return async () => {
    const owner = readOwner(path)
    const nowMs = steadyMs()
    const text = JSON.stringify(owner ?? null)
    if (text !== seen?.owner) seen = { owner: text, sinceMs: nowMs }
    const liveness = owner === undefined ? 'unknown' : livenessOf(owner)
    if (nowMs - seen.sinceMs >= staleAfterMs(liveness, patience)) takeAway(path, owner)
    else if (liveness === 'alive' && nowMs - startedAtMs > patience.waitMs) throw busy(path, owner)
    else await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 23))
  }
}

function staleAfterMs(liveness: Liveness, { unknownHolderMs, foreignHolderMs }: LockPatience): number {
  return { dead: 0, unknown: unknownHolderMs, foreign: foreignHolderMs, alive: Infinity }[liveness]
}

function create(path: string, nonce: string): boolean {
  try {
    // A power cut ends every holder, so a lock that it takes along is no loss.
    heldHere.add(nonce)
    writeNewFile(path, JSON.stringify({ ...self(), nonce, at: new Date().toISOString() }), { isDurable: false })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw cannotWrite(basename(path), dirname(path), error)
  }
}

/**
 * Moves a stale lock aside, so that of several waiters one wins. Should another have been
 * quicker and this be its fresh lock, it is put back.
 */
function takeAway(path: string, owner: UntrustedRecord | undefined): void {
  const aside = `${path}.${randomUUID()}.stale`
  const isStill = (place: string) => JSON.stringify(readOwner(place)) === JSON.stringify(owner)
  try {
    if (!isStill(path)) return
    renameSync(path, aside)
    if (!isStill(aside)) linkSync(aside, path)
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(errorCode(error))) throw cannotWrite(basename(path), dirname(path), error)
  }
  removeQuietly(aside)
}

/** Removes what a process left that was killed while it took a lock away. */
function sweepAside(path: string): void {
  const start = `${basename(path)}.`
  const names = readdirSync(dirname(path)).filter((name) => name.startsWith(start) && name.endsWith('.stale'))
  for (const aside of names.map((name) => join(dirname(path), name))) {
    const owner = readOwner(aside)
    if (owner === undefined || livenessOf(owner) === 'dead') removeQuietly(aside)
  }
}

/** `undefined` for what no holder wrote. A pipe or a link to one is refused by the reader, not waited for. */
function readOwner(path: string): UntrustedRecord | undefined {
  try {
    const value = json(readPrivateFile(path) ?? '')
    return isRecord(value) ? record(value) : undefined
  } catch {
    return undefined
  }
}

/** Where a process id has a meaning: one boot of one machine, one process namespace of it. */
function self() {
  return (known ??= {
    pid: process.pid,
    startedAt: startTime(process.pid),
    host: hostName(),
    boot: quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    space: quietly(() => readlinkSync('/proc/self/ns/pid')),
  })
}

let known: Readonly<Record<'startedAt' | 'host' | 'boot' | 'space', string> & { pid: number }> | undefined

/** Without `os` where there is `/proc`: loading it takes 1 ms of each renewal. */
function hostName(): string {
  return quietly(() => readFileSync('/proc/sys/kernel/hostname', 'utf8').trim()) || hostNameByOs()
}

function hostNameByOs(): string {
  const { getBuiltinModule } = process as { getBuiltinModule?: (name: 'node:os') => typeof Os }
  return getBuiltinModule?.('node:os').hostname() ?? ''
}

function quietly(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

/** Field 22 of `/proc/<pid>/stat`, in clock ticks since boot; empty where there is no `/proc`. */
function startTime(pid: number): string {
  return quietly(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  })
}

function livenessOf({ pid, startedAt, host, boot, space: named, nonce }: UntrustedRecord): Liveness {
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return 'unknown'
  if (host !== self().host) return 'foreign'
  // The same machine, started anew: nothing of before is left.
  if (boot !== self().boot) return 'dead'
  if (named !== self().space) return 'foreign'
  // Ours, and let go of: its removal failed.
  if (pid === process.pid && !heldHere.has(nonce)) return 'dead'
  try {
    process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'ESRCH' ? 'dead' : 'alive'
  }
  return startTime(pid) === startedAt ? 'alive' : 'dead'
}

type Liveness = 'alive' | 'dead' | 'unknown' | 'foreign'

function busy(path: string, owner: UntrustedRecord | undefined): AuthError {
  const pid = Number(owner?.['pid'])
  const who = Number.isSafeInteger(pid) ? `process ${pid}` : 'another process'
  return new AuthError('busy', `${who} holds the lock ${basename(path)}`, {
    hint: 'wait for it to end, then try again',
  })
}
