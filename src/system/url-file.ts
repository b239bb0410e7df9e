import { lstatSync, readFileSync, type Stats } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { AuthError } from '../model/errors.ts'
import { cannotWrite, removeQuietly, replaceTarget } from './private-files.ts'

/** Nothing, as `mktemp` leaves it, or what an earlier run has left. */
const REPLACEABLE = /^(?:https?:\/\/\S+\n)?$/
const SIZE_LIMIT_BYTES = 16_384

/**
 * Writes an address into a file of mode 0600, under a name that appears with its whole text.
 * What stands there already is replaced only if nobody can miss it.
 *
 * @returns what takes the file away again, if it is still this one.
 * @throws AuthError `usage`, `storage-unavailable`.
 */
export function writeUrlFile(path: string, url: string): () => void {
  const target = resolve(path)
  const text = `${url}\n`
  const before = lstatSync(target, { throwIfNoEntry: false })
  if (before !== undefined && !isReplaceable(target, before)) {
    throw new AuthError('usage', `${basename(target)} exists and holds something else; it was left as it is`, {
      hint: '--url-file <path of a new file>',
    })
  }
  try {
    replaceTarget(target, text, () => true)
  } catch (error) {
    throw cannotWrite(basename(target), dirname(target), error)
  }
  return () => {
    const now = lstatSync(target, { throwIfNoEntry: false })
    if (now?.isFile() === true && readFileSync(target, 'utf8') === text) removeQuietly(target)
  }
}

function isReplaceable(path: string, facts: Stats): boolean {
  const isOwn = process.platform === 'win32' || facts.uid === process.getuid?.()
  return isOwn && facts.isFile() && facts.size < SIZE_LIMIT_BYTES && REPLACEABLE.test(readFileSync(path, 'utf8'))
}
