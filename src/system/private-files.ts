import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AuthError } from '../model/errors.ts'
import { errorCode, isLink } from './read-private-file.ts'

const IS_WINDOWS = process.platform === 'win32'

const RENAME_RETRIES = 40
const RENAME_RETRY_MS = 50

/**
 * Replaces a file so that every reader, and a power cut, sees the whole old or the whole new
 * text: a new file of mode 0600 beside it, synced, renamed over it, the folder synced. Only
 * the folder's sync makes the rename survive a power cut (measured on ext4). A symbolic link
 * stays one; its target is replaced. The caller holds the file's lock.
 *
 * @param stillAllowed - called right before the rename with the new file's path; may throw to leave all as it was
 * @throws AuthError `storage-unavailable` when the folder cannot be written.
 */
export function replacePrivateFile(
  path: string,
  text: string,
  stillAllowed: (temporary: string) => void = () => undefined,
): void {
  try {
    makePrivateFolder(dirname(path))
    const target = linkTarget(path)
    sweepTemporaries(target)
    replaceTarget(target, text, (temporary) => {
      stillAllowed(temporary)
      return true
    })
  } catch (error) {
    throw error instanceof AuthError ? error : cannotWrite(basename(path), dirname(path), error)
  }
}

/** The same for the file itself, which stands behind no link. Its lock is held. @returns whether it was replaced. */
export function replaceTarget(target: string, text: string, isStill: (temporary: string) => boolean): boolean {
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(8).toString('hex')}.tmp`)
  try {
    writeNewFile(temporary, text)
    if (!isStill(temporary)) {
      removeQuietly(temporary)
      return false
    }
    renamePatiently(temporary, target)
  } catch (error) {
    removeQuietly(temporary)
    throw error
  }
  syncFolder(dirname(target))
  return true
}

/**
 * Removes what killed runs have left of this very file: it may hold secrets. The file's lock
 * is held, so nobody is writing another one.
 */
export function sweepTemporaries(target: string): void {
  const start = `.${basename(target)}.`
  for (const name of readdirSync(dirname(target))) {
    const isOurs = name.startsWith(start) && /^[0-9a-f]{16}\.tmp$/.test(name.slice(start.length))
    if (isOurs) removeQuietly(join(dirname(target), name))
  }
}

/**
 * Writes into the room that a file of ours already has, and syncs it: this needs no space on
 * the disk and no rename. A power cut may leave any part of the old bytes.
 *
 * @throws AuthError `storage-unavailable`.
 */
export function overwritePrivateFile(path: string, text: string, offset: number): void {
  try {
    const descriptor = openSync(path, constants.O_WRONLY | O_NOFOLLOW)
    try {
      writeAll(descriptor, text, offset)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    throw cannotWrite(basename(path), dirname(path), error)
  }
}

/** Modes of folders before this run of the program tightened them. */
const formerModes = new Map<string, number>()

/** The permission bits of a folder as this run found it, whatever it has done since; `undefined` where there was none. */
export function modeAsFound(folder: string): number | undefined {
  const mode = formerModes.get(folder) ?? statSync(folder, { throwIfNoEntry: false })?.mode
  return mode === undefined ? undefined : mode & 0o777
}

/**
 * The folder, mode 0700; one that was wider is tightened, since secrets are to stand in it.
 * One in somebody else's folder is refused: under `sudo` the owner could not use it any more.
 *
 * @throws AuthError `storage-unavailable`.
 */
export function makePrivateFolder(folder: string): void {
  try {
    if (isForeign(folder)) throw foreignFolder(folder)
    if (!existsSync(folder)) makeFolders(folder)
    const { mode } = statSync(folder)
    if (IS_WINDOWS || (mode & 0o077) === 0) return
    formerModes.set(folder, mode)
    chmodSync(folder, 0o700)
  } catch (error) {
    throw error instanceof AuthError ? error : cannotWrite(folder, folder, error)
  }
}

/** Whether it belongs to another user, or would stand in that user's folder. The system's own folders are nobody's. */
function isForeign(folder: string): boolean {
  const facts = statSync(folder, { throwIfNoEntry: false })
  if (facts === undefined) return dirname(folder) !== folder && isForeign(dirname(folder))
  return !IS_WINDOWS && facts.uid !== process.getuid?.() && facts.uid !== 0
}

function foreignFolder(folder: string): AuthError {
  return new AuthError('storage-unavailable', `${folder} belongs to another user`, {
    hint: 'run aiauth as that user, or set AIAUTH_HOME to a folder of your own',
  })
}

/** By hand, since Node's own recursive form never ends where the system forbids folders (`/proc`). */
function makeFolders(folder: string): void {
  if (!existsSync(dirname(folder))) makeFolders(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
    syncFolder(dirname(folder))
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
}

/** Windows has no such flag. */
const O_NOFOLLOW = (constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0

/** Creates a file that must not exist yet, 0600 whatever the umask says, and syncs it unless it may be lost. Whole or not at all. */
export function writeNewFile(path: string, text: string, { isDurable = true } = {}): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | O_NOFOLLOW
  const descriptor = openSync(path, flags, 0o600)
  try {
    if (!IS_WINDOWS) fchmodSync(descriptor, 0o600)
    writeAll(descriptor, text, 0)
    if (isDurable) fsyncSync(descriptor)
  } catch (error) {
    removeQuietly(path)
    throw error
  } finally {
    closeSync(descriptor)
  }
}

/** A write may be cut short by the system; this one goes on until all is written. */
function writeAll(descriptor: number, text: string, offset: number): void {
  const bytes = Buffer.from(text, 'utf8')
  for (let written = 0; written < bytes.length;) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, offset + written)
  }
}

/** The failure of a write, for a person: what, why, and where to look. */
export function cannotWrite(what: string, folder: string, error: unknown): AuthError {
  return new AuthError('storage-unavailable', `${what} cannot be written (${errorCode(error)})`, {
    hint: `check the folder ${folder} and the room on its disk`,
    cause: error,
  })
}

/** Removes a file; one that is gone already is no fault. @throws what the system says of any other. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}

/** The same where it does not matter whether it succeeds. */
export function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Nothing depends on it: a temporary file holds nothing that is not written elsewhere.
  }
}

export function linkTarget(path: string): string {
  return isLink(path) ? realpathSync(path) : path
}

/** On Windows a reader or a virus scanner may hold the old file for a moment; elsewhere nothing does. */
export function renamePatiently(from: string, to: string, retriesLeft = IS_WINDOWS ? RENAME_RETRIES : 0): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (retriesLeft === 0 || !['EPERM', 'EACCES', 'EBUSY'].includes(errorCode(error))) throw error
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RENAME_RETRY_MS)
    renamePatiently(from, to, retriesLeft - 1)
  }
}

/** Some file systems cannot sync a folder; there the rename is as safe as they make it. */
export function syncFolder(folder: string): void {
  if (IS_WINDOWS) return
  const descriptor = openSync(folder, constants.O_RDONLY)
  try {
    fsyncSync(descriptor)
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP'].includes(errorCode(error))) throw error
  } finally {
    closeSync(descriptor)
  }
}
