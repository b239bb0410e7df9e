import type { Secret } from './secret.ts'

/** What a token response granted (RFC 6749 §5.1), checked character by character. */
export interface TokenSet {
  readonly accessToken: Secret
  readonly refreshToken: Secret | undefined
  readonly idToken: Secret | undefined
  /** `undefined` when the server did not say and the token does not tell. */
  readonly expiresAtMs: number | undefined
  readonly refreshExpiresAtMs: number | undefined
  readonly scopes: readonly string[]
}

/**
 * All that is secret about one account: the unit that a vault stores, whole or not at all.
 *
 * `provider`, `tokenEndpoint` and `clientId` say who issued the tokens, so that a changed
 * configuration can never send a refresh token to somebody else.
 */
export interface TokenBundle {
  readonly accountId: string
  /** Counts up with every write; the higher one wins. */
  readonly generation: number
  readonly provider: string
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly tokens: TokenSet
}

/** Printable ASCII without the blank: RFC 6749 §A.12 less what would break a header. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/

/** Whether a value can be a token at all. */
export function isTokenText(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value)
}
