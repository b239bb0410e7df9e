import type { Http } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import { askResource, type ResourceAnswer } from './protected-resource.ts'

/**
 * Asks the provider how much of its rate limits is used, for the account with this id there.
 *
 * @throws the signal's reason; whatever else goes wrong is the answer.
 */
export async function fetchUsage(
  http: Http,
  provider: Provider,
  accessToken: Secret,
  accountId: string | null,
  signal: AbortSignal,
): Promise<ResourceAnswer> {
  const request = {
    purpose: 'usage',
    url: provider.usageEndpoint ?? '',
    headers: provider.usage?.headers(accountId) ?? {},
  }
  return askResource(http, provider, request, accessToken, signal)
}
