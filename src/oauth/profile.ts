import type { Http } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import { refusalOf } from './refusal.ts'
import { jsonBody } from './token-response.ts'

/**
 * Asks the provider who the token belongs to (a protected resource, RFC 6750 §2.1). An
 * answer also proves that the token works. `undefined` where there is no such endpoint.
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
  const reply = await http.send(
    {
      purpose: 'profile',
      method: 'GET',
      url: provider.profileEndpoint,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${accessToken.reveal()}`,
        'content-type': 'application/json',
        'cache-control': 'no-cache',
        'user-agent': provider.userAgent,
      },
    },
    signal,
  )
  const body = jsonBody(reply)
  if (reply.status !== 200 || body === undefined) throw refusalOf(provider, reply, body)
  return body
}
