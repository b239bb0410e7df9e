import { isUtf8 } from 'node:buffer'
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { AuthError } from '../model/errors.ts'

/** Larger files are refused before they are read: 10,000 accounts take about 6 MiB. */
const SIZE_LIMIT_BYTES = 16 * 1024 * 1024

/** Windows has no such flag. */
const O_NONBLOCK = (constants as { O_NONBLOCK?: number }).O_NONBLOCK ?? 0

/**
 * The text of a file that must be an ordinary one of ours, `undefined` when there is none.
 * Opened without blocking, so a pipe or device in its place is refused, not waited for.
 *
 * @param name - what messages call it
 * @throws AuthError `auth-file-invalid`.
 */
export function readPrivateFile(path: string, name = basename(path)): string | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | O_NONBLOCK)
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && !isLink(path)) return undefined
    throw unreadable(path, name, errorCode(error))
  }
  try {
    const { size } = regularFile(path, name, descriptor)
    if (size > SIZE_LIMIT_BYTES) throw unreadable(path, name, 'it is larger than 16 MiB')
    const bytes = readFileSync(descriptor)
    // Decoding would put marks in the place of what it cannot read, and the next write would keep those.
    if (!isUtf8(bytes)) throw unreadable(path, name, 'it is not UTF-8 text')
    return bytes.toString('utf8')
  } finally {
    closeSync(descriptor)
  }
}

function regularFile(path: string, name: string, descriptor: number) {
  const facts = fstatSync(descriptor)
  if (!facts.isFile()) throw unreadable(path, name, 'it is no ordinary file')
  const isForeign = process.platform !== 'win32' && facts.uid !== process.getuid?.() && facts.uid !== 0
  if (isForeign) throw unreadable(path, name, 'it belongs to another user')
  return facts
}

/** The operating system's name of a fault, such as `ENOENT`. */
export function errorCode(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return typeof code === 'string' ? code : 'unknown error'
}

export function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

/** What a person is told of a file that cannot be read. */
export function unreadable(path: string, name: string, why: string): AuthError {
  return new AuthError('auth-file-invalid', `${name} cannot be read: ${why}; it was left as it is`, {
    hint: `look at ${path}`,
  })
}
