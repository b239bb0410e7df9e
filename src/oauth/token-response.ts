import { AuthError } from '../model/errors.ts'
import { unverifiedClaims } from '../model/jwt-claims.ts'
import type { HttpReply } from '../model/ports.ts'
import { Secret } from '../model/secret.ts'
import { isTokenText, type TokenSet } from '../model/tokens.ts'
import { isRecord, json, record, type UntrustedRecord } from '../model/untrusted.ts'

/** A token response taken apart: the tokens, what was odd, and the rest without any token. */
export interface TokenResponse {
  readonly tokens: TokenSet
  readonly warnings: readonly string[]
  /** Claims of the ID token, or of an access token that is a JWT; unverified. */
  readonly claims: UntrustedRecord
  /** What stood beside the tokens, for `Provider.identify`. */
  readonly extras: UntrustedRecord
}

/** Ten years, in seconds: more is nonsense, and `Date` ends at 8.64e12 s. */
const LIFETIME_LIMIT_SECONDS = 315_360_000

const SECRET_FIELDS: readonly string[] = ['access_token', 'refresh_token', 'id_token']

/**
 * Reads a successful reply of the token endpoint (RFC 6749 §5.1), strict about the tokens
 * and forgiving about everything beside them: an odd neighbour field must not cost a token
 * that was already granted.
 *
 * A missing `token_type` is taken as `bearer` (neither vendor documents that it sends one);
 * any other type than bearer is refused, since we could not use it (§7.1).
 *
 * @throws AuthError `provider-rejected`.
 */
export function readTokenResponse(
  body: UntrustedRecord,
  askedScopes: readonly string[],
  receivedAtMs: number,
): TokenResponse {
  const accessToken = token(body['access_token'], 'access token')
  if (accessToken === undefined) throw rejected('the reply holds no access token')
  const type = body['token_type'] ?? 'bearer'
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    throw rejected('the token is of a type we cannot use')
  const refreshToken = token(body['refresh_token'], 'refresh token')
  const idToken = isTokenText(body['id_token']) ? body['id_token'] : undefined
  const lifetime = lifetimeSeconds(body['expires_in'])
  const refreshLifetime = lifetimeSeconds(body['refresh_token_expires_in'])
  const claims = unverifiedClaims(accessToken)
  return {
    tokens: {
      accessToken: new Secret(accessToken),
      refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken),
      idToken: idToken === undefined ? undefined : new Secret(idToken),
      expiresAtMs: lifetime === undefined ? expiryByClaims(claims, receivedAtMs) : receivedAtMs + lifetime * 1000,
      refreshExpiresAtMs: refreshLifetime === undefined ? undefined : receivedAtMs + refreshLifetime * 1000,
      scopes: grantedScopes(body['scope'], askedScopes),
    },
    warnings: warnings(body, askedScopes, lifetime),
    claims: { ...claims, ...unverifiedClaims(idToken) },
    extras: Object.fromEntries(Object.entries(body).filter(([name]) => !SECRET_FIELDS.includes(name))),
  }
}

/** The body of a reply as a record, `undefined` when it is no JSON object. */
export function jsonBody(reply: HttpReply): UntrustedRecord | undefined {
  const value = json(reply.body.replace(/^\uFEFF/, ''))
  return isRecord(value) ? record(value) : undefined
}

function token(value: unknown, what: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (isTokenText(value)) return value
  throw rejected(`the ${what} in the reply has characters or a length that no token has`)
}

function lifetimeSeconds(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0) return undefined
  return Math.min(Math.floor(seconds), LIFETIME_LIMIT_SECONDS)
}

/**
 * Where the server does not say: the JWT's own lifetime, counted from receipt, so that a
 * wrong clock here does not make a fresh token look old.
 */
function expiryByClaims(claims: UntrustedRecord, receivedAtMs: number): number | undefined {
  const { exp, iat } = claims
  if (typeof exp !== 'number' || exp < 0 || exp > receivedAtMs / 1000 + LIFETIME_LIMIT_SECONDS) return undefined
  const lifetime = typeof iat === 'number' && iat <= exp ? Math.min(exp - iat, LIFETIME_LIMIT_SECONDS) : undefined
  return lifetime === undefined ? exp * 1000 : receivedAtMs + lifetime * 1000
}

function grantedScopes(value: unknown, asked: readonly string[]): readonly string[] {
  if (value === undefined || value === null || value === '') return asked
  return typeof value === 'string' ? value.split(' ').filter((scope) => /^[\x21-\x7e]{1,200}$/.test(scope)) : []
}

function warnings(body: UntrustedRecord, asked: readonly string[], lifetime: number | undefined): string[] {
  const found: string[] = []
  if (lifetime === undefined && body['expires_in'] !== undefined) {
    found.push('the provider did not say in a usable way how long the token lasts')
  }
  const scopes = grantedScopes(body['scope'], asked)
  const missing = asked.filter((scope) => !scopes.includes(scope))
  if (typeof body['scope'] === 'object' && body['scope'] !== null) {
    found.push('the provider did not say in a usable way what it granted')
  } else if (missing.length > 0) {
    found.push(`the provider did not grant ${missing.join(', ')}`)
  }
  return found
}

function rejected(message: string): AuthError {
  return new AuthError('provider-rejected', message)
}
