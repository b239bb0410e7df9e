import type { StorageKind } from './account.ts'
import type { Secret } from './secret.ts'
import type { TokenBundle } from './tokens.ts'

export interface Vaults {
  /**
   * The vault of a kind; opening it touches nothing yet.
   *
   * @throws AuthError `storage-unavailable` for a kind of a later version.
   */
  vault(kind: string): Vault
}

/** Where bundles are kept. One contract suite runs on every implementation. */
export interface Vault {
  readonly kind: StorageKind
  /**
   * Proves that a secret can be written and read back, and unlocks what has to be unlocked.
   * Under the lock of an account it goes by that account's name: should it be cut off, the
   * next one or the account's removal clears away what it has left.
   *
   * @throws AuthError `storage-unavailable`, `storage-locked`, `storage-timed-out`.
   */
  probe(accountId?: string): Promise<void>
  /** `undefined` means that the store is in order and holds nothing for this account. */
  read(accountId: string): Promise<TokenBundle | undefined>
  /** When this returns, the bundle is durable. */
  write(bundle: TokenBundle): Promise<void>
  /** Removing what is not there is no error. */
  remove(accountId: string): Promise<void>
  /** A key of our own, such as the one that opens the backups; `undefined` when none is kept under this name. */
  readKey(name: string): Promise<Secret | undefined>
  /** When this returns, the key is durable. */
  writeKey(name: string, key: Secret): Promise<void>
  /** Removing what is not there is no error. */
  removeKey(name: string): Promise<void>
}
