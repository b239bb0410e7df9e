import type { AuthError } from './errors.ts'
import type { Secret } from './secret.ts'
import type { StorageKind } from './storage-kind.ts'

/** What is known of a storage as such, beside the vault that it is. */
export interface Storages {
  /** Of `vault.json`. */
  readonly vaultPath: string
  /** Storages that keep something in the vault file. @throws AuthError `auth-file-invalid`. */
  kinds(): readonly StorageKind[]
  /** Asks nobody for a passphrase. @throws AuthError `auth-file-invalid`. */
  look(kind: StorageKind): Promise<StorageLook>
  /** Gets what opens it, before a lock is held: a person may have to be asked. @throws AuthError as `Vault.probe`. */
  unlock(kind: StorageKind): Promise<void>
  /** The passphrase that is to take the place of the present one; `undefined` where the present one stays. */
  newPassphrase(file: string | undefined): Promise<Secret | undefined>
  /**
   * Seals all that the storage keeps in the vault file under a new key, at once.
   *
   * @returns false where it keeps nothing there.
   * @throws AuthError as `Vault.write`, and then the old key still opens everything.
   */
  rotate(kind: StorageKind, passphrase: Secret | undefined): Promise<boolean>
  /** Has keys forgotten that open nothing any more. */
  tidy(kind: StorageKind): Promise<void>
  /** A move that has begun and not ended. */
  move(): StorageMove | undefined
  /** Writes it durably. @throws AuthError `storage-unavailable`. */
  keepMove(move: StorageMove): void
  dropMove(): void
}

export interface StorageLook {
  /** What keeps it, in a few words. */
  readonly driver: string
  readonly where: string
  /** Accounts' ids and, beginning with `key/`, our own keys; `undefined` where a storage does not tell. */
  readonly names: readonly string[] | undefined
  /** How many keys that open nothing any more may still be kept. */
  readonly formerKeys: number
  /** Why it cannot be used now. */
  readonly trouble: AuthError | undefined
}

/** A storage as it is now; no secret stands here. */
export interface StorageFacts {
  readonly kind: StorageKind
  /** The one that new accounts go to. */
  readonly isDecided: boolean
  readonly driver: string
  readonly where: string
  readonly reachable: boolean
  readonly locked: boolean
  /** How many accounts say that their secrets are here. */
  readonly accounts: number
  /** How many secrets are here, ours included, and how many of them nobody refers to; unknown where it cannot be opened. */
  readonly items: number | undefined
  readonly orphans: number | undefined
  /** How long the first question took. */
  readonly answeredInMs: number
  readonly trouble: AuthError | undefined
}

/** Where copies of secrets may stand until a move has ended. */
export interface StorageMove {
  readonly kinds: readonly StorageKind[]
  readonly accountIds: readonly string[]
}
