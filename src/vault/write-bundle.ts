import { Secret } from '../model/secret.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { BUNDLE_VERSION } from './bundle.ts'

/**
 * A bundle as the text that a vault keeps: one JSON object on one ASCII line. Whole or
 * unreadable: a cut-off text has no closing brace, so no checksum is needed to notice it.
 */
export function writeBundle(bundle: TokenBundle): Secret {
  const { tokens } = bundle
  const text = JSON.stringify({
    version: BUNDLE_VERSION,
    accountId: bundle.accountId,
    generation: bundle.generation,
    provider: bundle.provider,
    tokenEndpoint: bundle.tokenEndpoint,
    clientId: bundle.clientId,
    accessToken: tokens.accessToken.reveal(),
    refreshToken: tokens.refreshToken?.reveal(),
    idToken: tokens.idToken?.reveal(),
    expiresAtMs: tokens.expiresAtMs,
    refreshExpiresAtMs: tokens.refreshExpiresAtMs,
    scopes: tokens.scopes,
  })
  return new Secret(text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`))
}
