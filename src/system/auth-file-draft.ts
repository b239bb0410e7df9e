import { basename, dirname } from 'node:path'
import { AuthError } from '../model/errors.ts'
import type { AuthFileDraft, Hold } from '../model/ports.ts'
import {
  cannotWrite,
  linkTarget,
  makePrivateFolder,
  removeFile,
  removeQuietly,
  renamePatiently,
  syncFolder,
  writeNewFile,
} from './private-files.ts'
import { readPrivateFile } from './read-private-file.ts'

/**
 * What is to replace `auth.json`, beside it under a name that is known: whatever bears that
 * name is removed first, never followed. The lock of the file is held.
 */
export function draftOf(path: string, lock: Hold): AuthFileDraft {
  // Beside the file itself, which may stand behind a symbolic link.
  const target = () => linkTarget(path)
  const draft = () => `${target()}.new`
  const remove = (file: string) => {
    try {
      removeFile(file)
    } catch (error) {
      throw cannotWrite(basename(file), dirname(file), error)
    }
  }
  return {
    write(text) {
      try {
        makePrivateFolder(dirname(path))
        removeQuietly(draft())
        writeNewFile(draft(), text)
      } catch (error) {
        throw error instanceof AuthError ? error : cannotWrite(basename(draft()), dirname(path), error)
      }
    },
    read() {
      const text = readPrivateFile(draft())
      if (text === undefined) throw new AuthError('auth-file-invalid', `${basename(draft())} is gone`)
      return text
    },
    swap() {
      try {
        lock.assertHeld()
        renamePatiently(draft(), target())
        syncFolder(dirname(target()))
      } catch (error) {
        throw error instanceof AuthError ? error : cannotWrite(basename(path), dirname(path), error)
      }
    },
    discard: () => remove(draft()),
    removeCurrent: () => remove(path),
  }
}
