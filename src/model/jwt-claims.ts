import { json, record, type UntrustedRecord } from './untrusted.ts'

/** Longest token that is looked into, in characters. */
const TOKEN_LENGTH_LIMIT = 65_536

/**
 * The claims of a JWT, or `{}` for anything else. The signature is not checked: these are
 * words to show, received over TLS from the token endpoint (OpenID Connect Core §3.1.3.7,
 * point 6), and never decide which file or account is written.
 */
export function unverifiedClaims(token: unknown): UntrustedRecord {
  const payload = typeof token === 'string' && token.length <= TOKEN_LENGTH_LIMIT ? token.split('.')[1] : undefined
  return record(payload === undefined ? undefined : decodedPart(payload))
}

/** What one part of a JWT says, `undefined` when it is no JSON. */
export function decodedPart(part: string): unknown {
  return json(Buffer.from(part, 'base64url').toString('utf8'))
}
