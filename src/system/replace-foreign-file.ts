import { dirname } from 'node:path'
import { AuthError } from '../model/errors.ts'
import { cannotWrite, linkTarget, replaceTarget, sweepTemporaries, syncFolder, writeNewFile } from './private-files.ts'
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
 * Writes another program's file where there is none.
 *
 * @returns false when there is one.
 * @throws AuthError `storage-unavailable`.
 */
export function createForeignFile(path: string, text: string): boolean {
  try {
    writeNewFile(path, text)
    syncFolder(dirname(path))
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw cannotWrite(path, dirname(path), error)
  }
}
