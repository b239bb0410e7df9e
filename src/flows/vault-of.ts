import { STORAGE_KINDS, type Account, type StorageKind } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import { cleanLine } from '../model/untrusted.ts'

/**
 * The vault that holds an account's secret, by what the file says about it.
 *
 * @throws AuthError `storage-unavailable` for a kind of a later version.
 */
export function vaultOf<V>(vaults: { vault(kind: StorageKind): V }, account: Account): V {
  return vaults.vault(storageKind(account.secret.store))
}

/** @throws AuthError `storage-unavailable`. */
export function storageKind(name: string): StorageKind {
  const kind = STORAGE_KINDS.find((known) => known === name)
  if (kind !== undefined) return kind
  throw new AuthError('storage-unavailable', `this program knows no storage named ${cleanLine(name)}`, {
    hint: `--storage ${STORAGE_KINDS.join(' | ')}`,
  })
}
