import type { Http } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import { askResource, type ResourceAnswer } from './protected-resource.ts'

/**
 * Asks the provider who the token belongs to.
 *
 * @throws the signal's reason; whatever else goes wrong is the answer.
 */
export async function askProfile(
  http: Http,
  provider: Provider,
  accessToken: Secret,
  signal: AbortSignal,
): Promise<ResourceAnswer> {
  return askResource(http, provider, { purpose: 'profile', url: provider.profileEndpoint ?? '' }, accessToken, signal)
}

/**
 * The profile itself, which also proves that the token works. `undefined` where there is no
 * such endpoint.
 *
 * @throws AuthError `provider-rejected`, `provider-unavailable`, `network`, `cancelled`.
 */
export async function fetchProfile(
  http: Http,
  provider: Provider,
  accessToken: Secret,
  signal: AbortSignal,
): Promise<UntrustedRecord | undefined> {
  if (provider.profileEndpoint === undefined) return undefined
  const answer = await askProfile(http, provider, accessToken, signal)
  if (answer.kind === 'answered') return answer.body
  throw answer.error
}
