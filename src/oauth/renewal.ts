import { AuthError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import { isTokenText, type TokenSet } from '../model/tokens.ts'
import { isRecord, json, record, type UntrustedRecord } from '../model/untrusted.ts'
import { readTokenResponse } from './token-response.ts'

/** What an answer to the refresh grant is worth. */
export interface Renewal {
  /** The tokens to keep: every good part of the answer, the old part where there is none. */
  readonly tokens: TokenSet
  /** Why the access token is still the old one. */
  readonly flaw: AuthError | undefined
  readonly warnings: readonly string[]
  /** For `Provider.identify`. */
  readonly claims: UntrustedRecord
  readonly extras: UntrustedRecord
}

/**
 * Reads the answer to a refresh grant on top of the tokens that it renews. Save first, judge
 * later: the refresh token is taken for itself, whatever stands beside it, since the old one
 * is spent by now; and the old one stays where the answer holds none (RFC 6749 §6).
 *
 * Never throws, so it gives the same for an answer that was kept before a crash.
 */
export function readRenewal(body: string, old: TokenSet, receivedAtMs: number): Renewal {
  const value = json(body.replace(/^\uFEFF/, ''))
  const source = isRecord(value) ? record(value) : record(undefined)
  const { refresh_token: sent, ...rest } = source
  const isRotated = isTokenText(sent) && sent !== old.refreshToken?.reveal()
  const refreshToken = isRotated ? new Secret(sent) : old.refreshToken
  const isOdd = !isTokenText(sent) && sent !== undefined && sent !== null && sent !== ''
  const warnings = isOdd ? ['the provider sent a refresh token that no token can look like; the old one was kept'] : []
  try {
    const { tokens, warnings: found, claims, extras } = readTokenResponse(record(rest), old.scopes, receivedAtMs)
    const idToken = tokens.idToken ?? old.idToken
    const refreshExpiresAtMs = tokens.refreshExpiresAtMs ?? (isRotated ? undefined : old.refreshExpiresAtMs)
    const kept = { ...tokens, refreshToken, idToken, refreshExpiresAtMs }
    return { tokens: kept, flaw: undefined, warnings: [...warnings, ...found], claims, extras }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    return {
      tokens: { ...old, refreshToken },
      flaw: error,
      warnings,
      claims: record(undefined),
      extras: record(undefined),
    }
  }
}
