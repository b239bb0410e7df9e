import { AuthError } from '../model/errors.ts'
import type { Http } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import { Secret } from '../model/secret.ts'
import { isTokenText } from '../model/tokens.ts'
import { refusalOf } from './refusal.ts'
import { jsonBody } from './token-response.ts'

/**
 * Where the API key of a mode is made, asked before anybody signs in.
 *
 * @throws AuthError `usage` where the settings have moved the sign-in and name no such place.
 */
export function keyEndpointOf({ id, mode, keyEndpoint }: Provider): string {
  if (keyEndpoint !== undefined) return keyEndpoint
  throw new AuthError('usage', `${id}/${mode} has no endpoint that makes an API key`, {
    hint: `set providers.${id}.modes.${mode}.keyEndpoint in config.json`,
  })
}

/**
 * Has an API key made for whoever the token belongs to, as Claude Code does: an empty form.
 * Sent once, for each request makes another key.
 *
 * @throws AuthError `provider-rejected`, `provider-unavailable`, `network`, `cancelled`.
 */
export async function createApiKey(
  http: Http,
  provider: Provider,
  accessToken: Secret,
  signal: AbortSignal,
): Promise<Secret> {
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${accessToken.reveal()}`,
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': provider.userAgent,
  }
  const url = keyEndpointOf(provider)
  const reply = await http.send({ purpose: 'api-key', method: 'POST', url, headers, body: '' }, signal)
  const body = jsonBody(reply)
  const key = body?.['raw_key']
  if (reply.status >= 200 && reply.status < 300 && isTokenText(key)) return new Secret(key)
  if (reply.status !== 200) throw refusalOf(provider, reply, body)
  throw new AuthError('provider-rejected', `${provider.id} answered without an API key`)
}
