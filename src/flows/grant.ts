import { AuthError } from '../model/errors.ts'
import type { Http, Ports } from '../model/ports.ts'
import { isApiKey, type Identity, type Provider } from '../model/provider.ts'
import type { TokenSet } from '../model/tokens.ts'
import { record, type UntrustedRecord } from '../model/untrusted.ts'
import { createApiKey } from '../oauth/api-key.ts'
import { verifyIdToken, type ExpectedIdToken } from '../oauth/id-token.ts'
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
  /** The client that it was granted to, where that is not the provider's. */
  readonly clientId?: string
  /** What it cannot be used for, where it was granted in part only. */
  readonly reservation?: string
}

/**
 * Makes a token response the grant of somebody, by whichever way it came. Where the mode holds
 * an API key, that is what is left of it.
 *
 * @throws AuthError `cancelled`, as `verifyIdToken`, and as `createApiKey`; then the tokens were revoked.
 */
export async function grantOf(
  ports: Pick<Ports, 'http'>,
  provider: Provider,
  { claims, extras: tokenResponse, tokens, warnings }: TokenResponse,
  asked: ExpectedIdToken,
  signal: AbortSignal,
): Promise<Grant> {
  if (provider.verifiesIdToken === true) await verifyIdToken(ports.http, provider, tokens.idToken, asked, signal)
  const profile = await profileOrWarning(ports, provider, tokens, signal)
  const reservation = reservationOf(provider, tokens)
  return {
    tokens: isApiKey(provider) ? await keyInPlaceOf(ports, provider, tokens, signal) : tokens,
    identity: provider.identify({ claims, tokenResponse, profile: profile.answer ?? record(undefined) }),
    verified: profile.answer !== undefined,
    warnings: [...warnings, ...profile.warnings, ...(reservation === undefined ? [] : [reservation])],
    clientId: asked.clientId,
    ...(reservation !== undefined && { reservation }),
  }
}

function reservationOf({ scopeOfUse }: Provider, { scopes }: TokenSet): string | undefined {
  return scopeOfUse === undefined || scopes.includes(scopeOfUse.scope) ? undefined : scopeOfUse.whenMissing
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
