import { AuthError } from './errors.ts'
import { cleanLine } from './untrusted.ts'

/** Where secrets are kept, in the words of `auth.json`, `--storage` and `AIAUTH_STORAGE`. */
export type StorageKind = 'keychain' | 'passphrase' | 'plaintext' | `helper:${string}`

export const STORAGE_CHOICES = 'keychain | passphrase | helper:<program> | plaintext'

const KINDS: readonly string[] = ['keychain', 'passphrase', 'plaintext']

/** The name becomes a part of a program's name, so nothing of a path or an option may stand in it. */
const HELPER = /^helper:([A-Za-z0-9][A-Za-z0-9._-]{0,63})$/

/** The kind of this name, `undefined` when there is none. */
export function findStorageKind(name: string): StorageKind | undefined {
  return KINDS.includes(name) || HELPER.test(name) ? (name as StorageKind) : undefined
}

/** What follows `docker-credential-` in the name of a helper's program; `undefined` for the other kinds. */
export function helperProgram(kind: StorageKind): string | undefined {
  return HELPER.exec(kind)?.[1]
}

/**
 * The kind of a name that stands in a file.
 *
 * @throws AuthError `storage-unavailable` for one of a later version.
 */
export function storageKind(name: string): StorageKind {
  const kind = findStorageKind(name)
  if (kind !== undefined) return kind
  throw new AuthError('storage-unavailable', `this program knows no storage named ${cleanLine(name)}`, {
    hint: `--storage ${STORAGE_CHOICES}`,
  })
}

/** What has to be known of `plaintext`, wherever it is used. */
export function plaintextWarning(path: string): string {
  return `tokens are readable by anyone who can read ${path} (storage plaintext)`
}
