import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { Identity, Provider } from '../model/provider.ts'
import type { TokenSet } from '../model/tokens.ts'
import { record, type UntrustedRecord } from '../model/untrusted.ts'
import { fetchProfile } from '../oauth/profile.ts'
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
 * Makes a token response the grant of somebody, by whichever way it came.
 *
 * @throws AuthError `cancelled`.
 */
export async function grantOf(
  ports: Pick<Ports, 'http'>,
  provider: Provider,
  { claims, extras: tokenResponse, tokens, warnings }: TokenResponse,
  signal: AbortSignal,
): Promise<Grant> {
  const profile = await profileOrWarning(ports, provider, tokens, signal)
  return {
    tokens,
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
