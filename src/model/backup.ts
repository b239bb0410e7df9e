import type { Secret } from './secret.ts'

/**
 * How the accounts of a migration stand to the file that they came from:
 *
 * - `in-place`: it was our own `auth.json`, which the new one has replaced
 * - `linked`: it is another tool's, and both keep the grant together
 * - `take-over`: the tokens were removed there
 * - `copy`: it was only read, and the grants will clash
 */
export type Custody = 'in-place' | 'linked' | 'take-over' | 'copy'

/** An account that a migration has made or renewed, and out of which part of the file. */
export interface MigratedAccount {
  readonly id: string
  readonly name: string
  readonly part: 'tokens' | 'api-key'
  /** It did not exist before. */
  readonly isNew: boolean
}

/** What is told of a backup when it is made. */
export interface NewBackup {
  /** Of the legacy file before a migration, or of what a rollback was about to replace. */
  readonly kind: 'migration' | 'rollback'
  /** The legacy file that the accounts came from, absolute. A migration copies it, a rollback our `auth.json`. */
  readonly source: string
  readonly custody: Custody
  readonly accounts: readonly MigratedAccount[]
  /** Where the accounts' secrets are kept. */
  readonly storage: string
}

/** A backup as its manifest tells of it; no secret stands there. */
export interface Backup extends NewBackup {
  /** `auth_backup_YYYYMMDD_HHMMSS`, in UTC, with `-2`, `-3`, … where that name was taken. */
  readonly id: string
  readonly path: string
  /** RFC 3339 UTC. */
  readonly createdAt: string
  /** Counts up with every backup, since clocks do go back. */
  readonly sequence: number
  /** Of the bytes that were copied, sealed or not: their count and SHA-256 in hexadecimal digits. */
  readonly bytes: number
  readonly sha256: string
  readonly isSealed: boolean
  /** Whether what is stored is still what was written. */
  readonly checksum: 'ok' | 'bad'
}

/** The folder `backup/`: copies of files that a migration replaces, each with its checksum. */
export interface Backups {
  /**
   * Writes a copy and its manifest, durably, mode 0600 from the first byte, under a name that
   * nothing bears yet; then reads it back and compares. Nothing is left when it fails.
   *
   * @throws AuthError `storage-unavailable`.
   */
  create(text: Secret, facts: NewBackup): Backup
  /** The newest first. A file without a readable manifest is told of as `bad`. Needs no key. */
  list(): readonly Backup[]
  /**
   * What was copied, verified.
   *
   * @param key - needed for one that is sealed
   * @throws AuthError `auth-file-invalid` when checksum, size or seal do not fit.
   */
  read(backup: Backup, key: Secret | undefined): Secret
  /**
   * Puts a sealed copy (AES-256-GCM) in the place of the plain one, durably, after having
   * opened it again for proof. One that is sealed already stays as it is.
   *
   * @throws AuthError `storage-unavailable`, `auth-file-invalid`.
   */
  seal(backup: Backup, key: Secret): Backup
  /** Writes down that its key is in another storage now. @throws AuthError `storage-unavailable`, `auth-file-invalid`. */
  rehome(backup: Backup, storage: string): void
  /** A new key for `seal`, as a vault keeps it. */
  newKey(): Secret
  /** Removes copy and manifest; what is gone already is no error. */
  remove(backup: Backup): void
}
