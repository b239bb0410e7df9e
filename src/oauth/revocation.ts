import type { Http } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import { encoded } from './encoded.ts'
import { refusalOf } from './refusal.ts'
import { jsonBody } from './token-response.ts'

/**
 * Asks the provider to end a grant (RFC 7009 §2.1, or the vendor's JSON form of it).
 * Returns whether the provider confirmed it: a success status, and the vendor's receipt
 * header where it sends one. An unknown token counts as revoked (§2.2).
 *
 * @throws AuthError `provider-rejected`, `provider-unavailable`, `network`, `cancelled`.
 */
export async function revokeToken(
  http: Http,
  provider: Provider & { readonly revocationEndpoint: string },
  token: Secret,
  kind: 'access_token' | 'refresh_token',
  signal: AbortSignal,
): Promise<boolean> {
  const parameters = new URLSearchParams({
    token: token.reveal(),
    token_type_hint: kind,
    client_id: provider.clientId,
    ...(provider.clientSecret && { client_secret: provider.clientSecret.reveal() }),
  })
  const { body, contentType } = encoded(parameters, provider.revocationRequest)
  const reply = await http.send(
    {
      purpose: 'revocation',
      method: 'POST',
      url: provider.revocationEndpoint,
      headers: {
        accept: 'application/json',
        'content-type': contentType,
        'user-agent': provider.userAgent,
      },
      body,
    },
    signal,
  )
  if (reply.status < 200 || reply.status > 299) throw refusalOf(provider, reply, jsonBody(reply))
  const receipt = provider.revocationReceiptHeader
  return receipt === undefined || reply.headers[receipt] !== undefined
}
