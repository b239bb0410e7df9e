import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { AuthError } from '../model/errors.ts'
import { linkOrCopy } from './link-or-copy.ts'
import {
  cannotWrite,
  linkTarget,
  removeQuietly,
  replaceTarget,
  sweepTemporaries,
  syncFolder,
  writeNewFile,
} from './private-files.ts'
import { errorCode } from './read-private-file.ts'

/**
 * Replaces another program's file as we do our own, without a word about the folder it stands in.
 *
 * @param isStill - asked first, and again right before the rename; false leaves all as it was
 * @returns whether the file was replaced
 * @throws AuthError `storage-unavailable`.
 */
export function replaceForeignFile(path: string, text: string, isStill: () => boolean): boolean {
  if (!isStill()) return false
  try {
    const target = linkTarget(path)
    sweepTemporaries(target)
    return replaceTarget(target, text, isStill)
  } catch (error) {
    throw error instanceof AuthError ? error : cannotWrite(path, dirname(path), error)
  }
}

/**
 * Writes another program's file where there is none: it appears as a whole.
 *
 * @returns false when there is one.
 * @throws AuthError `storage-unavailable`.
 */
export function createForeignFile(path: string, text: string): boolean {
  const prepared = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`)
  try {
    sweepTemporaries(path)
    writeNewFile(prepared, text)
    linkOrCopy(prepared, path, text)
    syncFolder(dirname(path))
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw cannotWrite(path, dirname(path), error)
  } finally {
    removeQuietly(prepared)
  }
}
