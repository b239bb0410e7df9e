/** Where secrets are kept. `helper:<program>` is part of the file format, not yet of the program. */
export type StorageKind = 'keychain' | 'passphrase' | 'plaintext'

export const STORAGE_KINDS: readonly StorageKind[] = ['keychain', 'passphrase', 'plaintext']

/**
 * - `created`: signed in, not yet verified with the provider
 * - `active`: the provider has accepted the token
 * - `expired`: the access token is over, it can be renewed
 * - `needs-login`: only a new sign-in helps
 * - `error`: the provider refused what should have worked; `stateReason` says what
 */
export type AccountState = 'created' | 'active' | 'expired' | 'needs-login' | 'error'

export const ACCOUNT_STATES: readonly AccountState[] = ['created', 'active', 'expired', 'needs-login', 'error']

/** One event of an account's past. Fingerprints may stand here, secrets never. */
export interface HistoryEvent {
  readonly at: string
  readonly event: string
  readonly program?: string
  readonly pid?: number
  readonly fingerprint?: string
}

/**
 * One account as `auth.json` version 2 holds it. The names are part of the public
 * contract; times are RFC 3339 UTC. Fields that this version does not know are kept on
 * the object and written back.
 */
export interface Account {
  readonly id: string
  readonly name: string
  readonly provider: string
  readonly mode: string
  readonly state: AccountState
  readonly stateReason: string | null
  readonly tier: string | null
  readonly email: string | null
  readonly accountId: string | null
  readonly organizations: readonly unknown[]
  readonly scopes: readonly string[]
  readonly expiresAt: string | null
  readonly refreshExpiresAt: string | null
  readonly createdAt: string
  readonly updatedAt: string
  readonly lastRefreshedAt: string | null
  readonly lastUsedAt: string | null
  readonly cooldownUntil: string | null
  readonly priority: number
  readonly endpoint: string | null
  readonly proxy: string | null
  readonly notes: string | null
  readonly usage: unknown
  readonly history: readonly HistoryEvent[]
  /** `renewable` says whether the vault holds a refresh token, so that `status` need not open it. */
  readonly secret: { readonly store: string; readonly generation: number; readonly renewable: boolean }
  readonly linkedTo: unknown
}

export interface Preferences {
  readonly defaultAccount: string | null
  readonly preferredProvider: string | null
  readonly fallbackEnabled: boolean
  readonly selectionStrategy: string
  readonly costOptimization: boolean
}

/** The whole of `auth.json`, version 2. */
export interface AuthFile {
  readonly version: 2
  readonly fileId: string
  readonly storage: string | null
  readonly accounts: readonly Account[]
  readonly preferences: Preferences
}
