import { AuthError } from '../model/errors.ts'
import type { Http, HttpReply } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import { refusalOf } from './refusal.ts'
import { jsonBody } from './token-response.ts'

/**
 * What came of asking with a token, told apart by what it means for the token (RFC 6750 §3.1):
 *
 * - `answered`: it works
 * - `out-of-scope`: it works, but was not granted for this
 * - `refused`: it does not work
 * - `failed`: nothing is known of it
 */
export type ResourceAnswer =
  | { readonly kind: 'answered'; readonly body: UntrustedRecord }
  | { readonly kind: 'out-of-scope'; readonly error: AuthError }
  | { readonly kind: 'refused'; readonly error: AuthError }
  | { readonly kind: 'failed'; readonly error: AuthError; readonly retryAfter: string | undefined }

export interface ResourceRequest {
  readonly purpose: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Asks for a protected resource with a token in the header (RFC 6750 §2.1).
 *
 * @throws the signal's reason; whatever else the network or the server does is the answer.
 */
export async function askResource(
  http: Http,
  provider: Provider,
  { purpose, url, headers }: ResourceRequest,
  accessToken: Secret,
  signal: AbortSignal,
): Promise<ResourceAnswer> {
  const sent = {
    accept: 'application/json',
    authorization: `Bearer ${accessToken.reveal()}`,
    'content-type': 'application/json',
    'cache-control': 'no-cache',
    'user-agent': provider.userAgent,
    ...headers,
  }
  try {
    const reply = await http.send({ purpose, method: 'GET', url, headers: sent }, signal)
    return answerIn(provider, reply)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof AuthError)) throw error
    return { kind: 'failed', error, retryAfter: undefined }
  }
}

/**
 * A 403 is used for two things: a missing scope, which says so in its reason, and a token that
 * was ended (`OAuth token has been revoked`). A page in place of JSON comes from a gate before
 * the provider and says nothing of the token.
 */
function answerIn(provider: Provider, reply: HttpReply): ResourceAnswer {
  const body = jsonBody(reply)
  if (reply.status === 200 && body !== undefined) return { kind: 'answered', body }
  const error = refusalOf(provider, reply, body)
  if (reply.status === 401) return { kind: 'refused', error }
  if (reply.status === 403 && body !== undefined) {
    return { kind: /scope/i.test(error.message) ? 'out-of-scope' : 'refused', error }
  }
  return { kind: 'failed', error, retryAfter: reply.headers['retry-after'] }
}
