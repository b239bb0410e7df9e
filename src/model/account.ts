export type { StorageKind } from './storage-kind.ts'

/**
 * - `created`: signed in, not yet verified with the provider
 * - `active`: the provider has accepted the token
 * - `expired`: the access token is over, it can be renewed
 * - `needs-login`: only a new sign-in helps
 * - `error`: the provider refused what should have worked; `stateReason` says what
 */
export type AccountState = 'created' | 'active' | 'expired' | 'needs-login' | 'error'

export const ACCOUNT_STATES: readonly AccountState[] = ['created', 'active', 'expired', 'needs-login', 'error']

/**
 * - `signed-in`, `renewed`: new tokens came
 * - `adopted`: the vault was found to hold newer tokens than `auth.json` told of, or a linked tool to have renewed them
 * - `handed-out`: the access token was given to a program
 * - `refused`: the provider refused the grant for good
 * - `failed`: a renewal or a check did not succeed, and may later
 * - `lost`: a renewal was sent and its answer did not arrive
 * - `checked`: the provider accepted the access token
 * - `migrated`: it came out of another program's file
 */
export type HistoryEventName =
  'signed-in' | 'renewed' | 'adopted' | 'handed-out' | 'refused' | 'failed' | 'lost' | 'checked' | 'migrated'

/** One event of an account's past. Fingerprints may stand here, secrets never. */
export interface HistoryEvent {
  /** RFC 3339 UTC. */
  readonly at: string
  /** A `HistoryEventName`, or a word of a later version. */
  readonly event: string
  /** Who asked: the program that started aiauth, and its process id. */
  readonly program?: string
  readonly pid?: number
  /** Of the access token that came or was handed out. */
  readonly fingerprint?: string
  /** Of the refresh token that was spent or refused. */
  readonly spent?: string
  /** Why, in the words of the error that was shown. */
  readonly reason?: string
  /** How often the same happened in a row; left out for once. */
  readonly count?: number
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
  /** `false` where the user has switched it off: not used, not renewed. */
  readonly enabled?: boolean
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
  /** The last answer of the usage endpoint; see `model/usage.ts` for the shape that we write. */
  readonly usage: unknown
  readonly history: readonly HistoryEvent[]
  readonly secret: SecretFacts
  /** Another tool's file that holds the same grant; `model/linked.ts` reads it. */
  readonly linkedTo: unknown
}

/** What is known of an account's secret without opening the vault. */
export interface SecretFacts {
  readonly store: string
  /** That of the bundle in the vault when these facts were written. */
  readonly generation: number
  /** Whether the vault holds a refresh token. */
  readonly renewable: boolean
  /** Of the access token. */
  readonly fingerprint?: string
  /** Of refresh tokens that must never be sent again: spent by a renewal, or refused for good. */
  readonly spent?: readonly string[]
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
