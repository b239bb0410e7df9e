import type { Account } from '../model/account.ts'

/**
 * The vault that holds an account's secret, by what the file says about it.
 *
 * @throws AuthError `storage-unavailable` for a kind of a later version.
 */
export function vaultOf<V>(vaults: { vault(kind: string): V }, account: Account): V {
  return vaults.vault(account.secret.store)
}
