import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, linkSync, readdirSync, renameSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AuthError } from '../model/errors.ts'
import type { Hold } from '../model/ports.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import { steadyMs } from './clock.ts'
import { linkOrCopy, NO_LINKS } from './link-or-copy.ts'
import { livenessOf, readOwner, self, type Liveness } from './lock-owner.ts'
import { cannotWrite, makePrivateFolder, removeQuietly, writeNewFile } from './private-files.ts'
import { errorCode } from './read-private-file.ts'

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
    sweepLeftovers(path)
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
    const liveness = livenessHere(owner)
    const overMs = nowMs - seen.sinceMs - staleAfterMs(liveness, patience)
    if (overMs >= 0) takeAway(path, owner, overMs > patience.unknownHolderMs)
    else if (liveness === 'alive' && nowMs - startedAtMs > patience.waitMs) throw busy(path, owner)
    if (overMs < 0 || existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 23))
  }
}

/** Our own lock is dead when we have let go of it: its removal failed. */
function livenessHere(owner: UntrustedRecord | undefined): Liveness {
  if (owner === undefined) return 'unknown'
  const liveness = livenessOf(owner)
  return liveness === 'alive' && owner['pid'] === process.pid && !heldHere.has(owner['nonce']) ? 'dead' : liveness
}

function staleAfterMs(liveness: Liveness, { unknownHolderMs, foreignHolderMs }: LockPatience): number {
  return { dead: 0, unknown: unknownHolderMs, foreign: foreignHolderMs, alive: Infinity }[liveness]
}

/**
 * Appears with all of its content or not at all: written under a name of its own, then linked
 * to the lock's. A power cut ends every holder, so a lock that it takes along is no loss.
 */
function create(path: string, nonce: string): boolean {
  if (existsSync(path)) return false
  const text = JSON.stringify({ ...self(), nonce, at: new Date().toISOString() })
  const prepared = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`)
  heldHere.add(nonce)
  try {
    writeNewFile(prepared, text, { isDurable: false })
    linkOrCopy(prepared, path, text, { isDurable: false })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw cannotWrite(basename(path), dirname(path), error)
  } finally {
    removeQuietly(prepared)
  }
}

/**
 * Removes the stale lock of this owner. The right to do so is claimed by a link that bears the
 * owner's nonce: of several waiters one has it, and none can remove the lock of the next owner.
 * A claim that was left behind is given up after a while.
 */
function takeAway(path: string, owner: UntrustedRecord | undefined, isOverdue: boolean): void {
  const nonce = typeof owner?.['nonce'] === 'string' ? encodeURIComponent(owner['nonce']).slice(0, 64) : 'unknown'
  const claim = `${path}.${nonce}.stale`
  const isStill = (place: string) => JSON.stringify(readOwner(place)) === JSON.stringify(owner)
  try {
    linkOrMove(path, claim)
    if (isStill(claim) && isStill(path)) removeQuietly(path)
    removeQuietly(claim)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'EEXIST' && isOverdue) removeQuietly(claim)
    else if (code !== 'ENOENT' && code !== 'EEXIST') throw cannotWrite(basename(path), dirname(path), error)
  }
}

/** A folder in the lock's place, or a file system without hard links: moving has one winner, too. */
function linkOrMove(path: string, claim: string): void {
  try {
    linkSync(path, claim)
  } catch (error) {
    if (!NO_LINKS.includes(errorCode(error))) throw error
    renameSync(path, claim)
  }
}

/** Removes what processes left that were killed while they made a lock or took one away. */
function sweepLeftovers(path: string): void {
  const [made, taken] = [`.${basename(path)}.`, `${basename(path)}.`]
  for (const name of readdirSync(dirname(path))) {
    const place = join(dirname(path), name)
    const isOurs =
      (name.startsWith(made) && name.endsWith('.tmp')) || (name.startsWith(taken) && name.endsWith('.stale'))
    const ageMs = isOurs ? Date.now() - (statSync(place, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) : 0
    if (ageMs > LEFTOVER_AGE_MS) removeQuietly(place)
  }
}

/** Far longer than making or taking a lock lasts. */
const LEFTOVER_AGE_MS = 60_000

function busy(path: string, owner: UntrustedRecord | undefined): AuthError {
  const pid = Number(owner?.['pid'])
  const who = Number.isSafeInteger(pid) ? `process ${pid}` : 'another process'
  return new AuthError('busy', `${who} holds the lock ${basename(path)}`, {
    hint: 'wait for it to end, then try again',
  })
}
