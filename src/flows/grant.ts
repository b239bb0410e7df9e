import { AuthError } from '../model/errors.ts'
import type { Http, Ports } from '../model/ports.ts'
import { isApiKey, type Identity, type Provider } from '../model/provider.ts'
import type { TokenSet } from '../model/tokens.ts'
import { record, type UntrustedRecord } from '../model/untrusted.ts'
import { createApiKey } from '../oauth/api-key.ts'
import { fetchProfile } from '../oauth/profile.ts'
import { revokeToken } from '../oauth/revocation.ts'
import type { TokenResponse } from '../oauth/token-response.ts'

/** What a provider granted, and to whom. */
export interface Grant {
  readonly tokens: TokenSet
  readonly identity: Identity
  /** Whether the provider has accepted the new token, not only issued it. */
  readonly verified: boolean
  readonly warnings: readonly string[]
}

/**
 * Makes a token response the grant of somebody, by whichever way it came. Where the mode holds
 * an API key, that is what is left of it.
 *
 * @throws AuthError `cancelled`, and as `createApiKey`; then the tokens were revoked.
 */
export async function grantOf(
  ports: Pick<Ports, 'http'>,
  provider: Provider,
  { claims, extras: tokenResponse, tokens, warnings }: TokenResponse,
  signal: AbortSignal,
): Promise<Grant> {
  const profile = await profileOrWarning(ports, provider, tokens, signal)
  return {
    tokens: isApiKey(provider) ? await keyInPlaceOf(ports, provider, tokens, signal) : tokens,
    identity: provider.identify({ claims, tokenResponse, profile: profile.answer ?? record(undefined) }),
    verified: profile.answer !== undefined,
    warnings: [...warnings, ...profile.warnings],
  }
}

/** Who signed in is worth asking for, and not worth a sign-in: the code is spent by now. */
async function profileOrWarning(
  ports: Pick<Ports, 'http'>,
  provider: Provider,
  tokens: TokenSet,
  signal: AbortSignal,
): Promise<{ answer: UntrustedRecord | undefined; warnings: readonly string[] }> {
  try {
    return { answer: await fetchProfile(ports.http, provider, tokens.accessToken, signal), warnings: [] }
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'cancelled') throw error
    return { answer: undefined, warnings: [`who signed in could not be asked: ${error.message}`] }
  }
}

/** The tokens have done what they were for, whether it came to a key or not. */
async function keyInPlaceOf(
  { http }: Pick<Ports, 'http'>,
  provider: Provider,
  tokens: TokenSet,
  signal: AbortSignal,
): Promise<TokenSet> {
  try {
    const accessToken = await createApiKey(http, provider, tokens.accessToken, signal)
    const none = { refreshToken: undefined, idToken: undefined, expiresAtMs: undefined, refreshExpiresAtMs: undefined }
    return { accessToken, ...none, scopes: [] }
  } finally {
    await giveBack(http, provider, tokens, signal)
  }
}

/** Best effort: a key that was made must not be lost for it, nor the reason why there is none. */
async function giveBack(
  http: Http,
  { revocationEndpoint, ...provider }: Provider,
  { accessToken, refreshToken }: TokenSet,
  signal: AbortSignal,
): Promise<void> {
  if (revocationEndpoint === undefined) return
  const [token, kind] =
    refreshToken === undefined ? ([accessToken, 'access_token'] as const) : ([refreshToken, 'refresh_token'] as const)
  try {
    await revokeToken(http, { ...provider, revocationEndpoint }, token, kind, signal)
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
  }
}
