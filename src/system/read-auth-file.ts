import { join } from 'node:path'
import { parseAuthFile } from '../auth-file/format.ts'
import type { AuthFile } from '../model/account.ts'
import { readPrivateFile } from './read-private-file.ts'

/** `auth.json` of a home folder as it is, `undefined` when there is none. */
export function readAuthFile(home: string): AuthFile | undefined {
  const text = readPrivateFile(join(home, 'auth.json'))
  return text === undefined ? undefined : parseAuthFile(text)
}
