import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync, renameSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AuthError } from '../model/errors.ts'
import { record, type UntrustedRecord } from '../model/untrusted.ts'
import { cannotWrite, makePrivateFolder, removeQuietly, writeNewFile } from './private-files.ts'
import { errorCode } from './read-private-file.ts'

/** A lock that is held; `assertHeld` before a write that cannot be taken back. */
export interface HeldLock {
  /** @throws AuthError `busy` when somebody took the lock over. */
  assertHeld(): void
}

/** How long to wait for a living holder, and for a lock of which the holder cannot be told. */
export interface LockPatience {
  readonly waitMs: number
  readonly unknownHolderMs: number
}

const PATIENCE: LockPatience = { waitMs: 20_000, unknownHolderMs: 2000 }

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
  work: (lock: HeldLock) => Promise<T> | T,
  patience: LockPatience = PATIENCE,
): Promise<T> {
  const nonce = randomUUID()
  makePrivateFolder(dirname(path))
  await acquire(path, nonce, patience)
  const isOurs = () => readOwner(path)?.['nonce'] === nonce
  try {
    return await work({
      assertHeld() {
        if (!isOurs()) throw new AuthError('busy', 'another aiauth took over while this one was stopped')
      },
    })
  } finally {
    if (isOurs()) removeQuietly(path)
  }
}

async function acquire(path: string, nonce: string, patience: LockPatience): Promise<void> {
  const startedAtMs = performance.now()
  let unchanged = { owner: '', sinceMs: startedAtMs }
  while (!create(path, nonce)) {
    const owner = readOwner(path)
    const nowMs = performance.now()
    const text = JSON.stringify(owner)
    if (text !== unchanged.owner) unchanged = { owner: text, sinceMs: nowMs }
    const liveness = owner === undefined ? 'unknown' : livenessOf(owner)
    const isStale =
      liveness === 'dead' || (liveness === 'unknown' && nowMs - unchanged.sinceMs > patience.unknownHolderMs)
    if (isStale) takeAway(path, owner)
    else if (nowMs - startedAtMs > patience.waitMs) throw busy(owner)
    else await sleep(2 + Math.random() * 23)
  }
}

function create(path: string, nonce: string): boolean {
  try {
    // A power cut ends every holder, so a lock that it takes along is no loss.
    writeNewFile(path, JSON.stringify({ ...self(), nonce, at: new Date().toISOString() }), { isDurable: false })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw cannotWrite(basename(path), dirname(path), error)
  }
}

/**
 * Moves a stale lock aside, so that of several waiters one wins. Should another have been
 * quicker and this be its fresh lock, that holder notices by `assertHeld`.
 */
function takeAway(path: string, owner: UntrustedRecord | undefined): void {
  const aside = `${path}.${randomUUID()}.stale`
  try {
    if (JSON.stringify(readOwner(path)) === JSON.stringify(owner)) renameSync(path, aside)
    removeQuietly(aside)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}

function readOwner(path: string): UntrustedRecord | undefined {
  try {
    return record(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return undefined
  }
}

/** Where a process id has a meaning: one boot of one machine, one process namespace of it. */
function self() {
  return { pid: process.pid, startedAt: startTime(process.pid), space: space() }
}

function space(): string {
  const parts = [
    () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    () => readlinkSync('/proc/self/ns/pid'),
  ].map((read) => {
    try {
      return read()
    } catch {
      return ''
    }
  })
  return [hostname(), ...parts].join(' ')
}

/** Field 22 of `/proc/<pid>/stat`, in clock ticks since boot; empty where there is no `/proc`. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function livenessOf(owner: UntrustedRecord): 'alive' | 'dead' | 'unknown' {
  const { pid, startedAt } = owner
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0 || owner['space'] !== space()) return 'unknown'
  try {
    process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'ESRCH' ? 'dead' : 'alive'
  }
  return startTime(pid) === startedAt ? 'alive' : 'dead'
}

function busy(owner: UntrustedRecord | undefined): AuthError {
  const pid = Number(owner?.['pid'])
  const who = Number.isSafeInteger(pid) ? `process ${pid}` : 'another process'
  return new AuthError('busy', `${who} holds the lock of auth.json`, { hint: 'wait for it to end, then try again' })
}
