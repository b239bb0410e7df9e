import { AuthError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import { LATEST_MS } from '../model/time.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { json, record } from '../model/untrusted.ts'

/** Format of the stored text; a later one is refused, not guessed at. */
export const BUNDLE_VERSION = 1

/**
 * Reads a stored text back. What was edited, cut off or belongs to another account is
 * refused and left where it is; nothing of it is shown.
 *
 * @throws AuthError `secret-missing`.
 */
export function readBundle(stored: Secret, accountId: string): TokenBundle {
  const source = record(json(stored.reveal()))
  const line = (name: string) => (typeof source[name] === 'string' ? source[name] : undefined)
  const number = (name: string) => {
    const value = source[name]
    return typeof value === 'number' && value >= 0 && value <= LATEST_MS ? value : undefined
  }
  const secret = (name: string) => (line(name) ? new Secret(String(source[name])) : undefined)
  const accessToken = secret('accessToken')
  const [generation, provider] = [number('generation'), line('provider')]
  // An API key was issued by no endpoint and to no client.
  const [tokenEndpoint, clientId] = [line('tokenEndpoint'), line('clientId')]
  const isWhole = generation && provider && tokenEndpoint !== undefined && clientId !== undefined
  const belongsHere = source['version'] === BUNDLE_VERSION && source['accountId'] === accountId
  if (!belongsHere || !accessToken || !isWhole) throw unreadable()
  return {
    accountId,
    generation,
    provider,
    tokenEndpoint,
    clientId,
    tokens: {
      accessToken,
      refreshToken: secret('refreshToken'),
      idToken: secret('idToken'),
      expiresAtMs: number('expiresAtMs'),
      refreshExpiresAtMs: number('refreshExpiresAtMs'),
      scopes: Array.isArray(source['scopes']) ? source['scopes'].filter((scope) => typeof scope === 'string') : [],
    },
  }
}

function unreadable(): AuthError {
  return new AuthError('secret-missing', 'the stored tokens of this account are damaged; they were left as they are')
}
