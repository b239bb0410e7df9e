import * as oauth from 'oauth4webapi'
import { isSafeAddress } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import type { Provider } from '../model/provider.ts'
import { Secret } from '../model/secret.ts'

/** One attempt to sign in. `state` and `codeVerifier` are new each time and stay in memory. */
export interface AuthorizationRequest {
  readonly url: string
  readonly state: Secret
  readonly codeVerifier: Secret
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** What the ID token must repeat; `undefined` where none is checked. */
  readonly nonce: string | undefined
}

/**
 * Builds the address that the browser is sent to (RFC 6749 §4.1.1 with PKCE S256, RFC 7636
 * §4.3). State and verifier are independent and 256 bits each; only the verifier's digest
 * leaves this process.
 *
 * @param loginHint - whom the provider may suggest to sign in as (OpenID Connect Core §3.1.2.1)
 *
 * @throws AuthError `usage` when the provider has no usable authorization endpoint.
 */
export async function beginAuthorization(
  provider: Provider,
  redirectUri: string,
  scopes: readonly string[] = provider.scopes,
  loginHint?: string,
): Promise<AuthorizationRequest> {
  const codeVerifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const nonce = provider.verifiesIdToken === true ? oauth.generateRandomNonce() : undefined
  const parameters = {
    ...provider.authorizationParameters,
    client_id: provider.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    ...(loginHint !== undefined && { login_hint: loginHint }),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    state,
    ...(nonce !== undefined && { nonce }),
    ...(provider.resource !== undefined && { resource: provider.resource }),
  }
  return {
    url: withQuery(authorizationEndpoint(provider), parameters),
    state: new Secret(state),
    codeVerifier: new Secret(codeVerifier),
    redirectUri,
    scopes,
    nonce,
  }
}

/**
 * The same attempt with another way back: one state and one verifier for both, so whichever
 * answers first is the answer. The token request must then repeat this redirect URI (RFC 6749
 * §4.1.3).
 */
export function withRedirectUri(request: AuthorizationRequest, redirectUri: string): AuthorizationRequest {
  const named = (uri: string) => `redirect_uri=${encodeURIComponent(uri)}`
  return { ...request, redirectUri, url: request.url.replace(named(request.redirectUri), () => named(redirectUri)) }
}

function authorizationEndpoint(provider: Provider): string {
  const endpoint = provider.authorizationEndpoint
  if (endpoint !== undefined && isSafeAddress(endpoint)) return endpoint
  throw new AuthError('usage', `${provider.id} has no authorization endpoint`, {
    hint: `set providers.${provider.id}.authorizationEndpoint or .issuer in config.json`,
  })
}

/**
 * Blanks become `%20`, not `+`: an opener that encodes once more would otherwise turn a
 * scope list into one word (security case U5).
 */
function withQuery(endpoint: string, parameters: Readonly<Record<string, string>>): string {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `${endpoint}${endpoint.includes('?') ? '&' : '?'}${query.join('&')}`
}
