import { linkSync } from 'node:fs'
import { writeNewFile } from './private-files.ts'
import { errorCode } from './read-private-file.ts'

/** How file systems without hard links refuse one. */
export const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP']

/**
 * Gives a prepared file of this text its name, if nothing bears that yet; where there are no
 * hard links the file is created in place.
 */
export function linkOrCopy(prepared: string, path: string, text: string, options: { isDurable?: boolean } = {}): void {
  try {
    linkSync(prepared, path)
  } catch (error) {
    if (!NO_LINKS.includes(errorCode(error))) throw error
    writeNewFile(path, text, options)
  }
}
