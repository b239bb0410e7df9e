/**
 * What is written down before a refresh token is sent: enough to know, after a crash, that it
 * may be spent, by whom and since when.
 */
export interface Intent {
  readonly accountId: string
  /** Generation of the bundle that is to replace the one in the vault. */
  readonly generation: number
  /** Fingerprint of the refresh token that is sent. */
  readonly spends: string
  /** Fingerprint of an older one in the file of the tool that shares the grant: the new one is to take its place. */
  readonly outdated?: string
  /** RFC 3339 UTC. */
  readonly at: string
  readonly program: string
  readonly pid: number
}

/** One write-ahead record: the intent, and the answer once it has arrived. */
export interface JournalRecord {
  readonly intent: Intent
  /** Sealed under a key that is derived from the refresh token which it replaces. */
  readonly answer: string | undefined
}

/** The write-ahead records of renewals, one for each account, and the lock that guards each of them. */
export interface Journal {
  /**
   * Runs the work while no other process renews this account or forgets it. As long as
   * another one is at it, `meanwhile` is asked again and again; what it returns ends the wait.
   *
   * @throws AuthError `busy` when a living process keeps the lock, `storage-unavailable`, `cancelled`.
   */
  exclusively<T>(
    accountId: string,
    work: (hold: Hold) => Promise<T>,
    meanwhile?: () => Promise<T | undefined>,
  ): Promise<T>
  /** The record of an account, `undefined` when there is none that can be read. */
  read(accountId: string): JournalRecord | undefined
  /**
   * Writes an intent, durably, with room for the answer kept free behind it: a disk that is
   * full is noticed before a token is spent.
   *
   * @throws AuthError `storage-unavailable`.
   */
  announce(intent: Intent): void
  /**
   * Writes the sealed answer into the record of the intent, durably.
   *
   * @throws AuthError `storage-unavailable`.
   */
  keep(intent: Intent, answer: string): void
  /** Removes a record; one that is gone is no error. */
  drop(accountId: string): void
}

/** A lock that is held; `assertHeld` before a write that cannot be taken back. */
export interface Hold {
  /** @throws AuthError `busy` when somebody took the lock over. */
  assertHeld(): void
}
