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
