import { AuthError } from '../model/errors.ts'
import type { Http, HttpReply } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import { isTokenText, type TokenBundle } from '../model/tokens.ts'
import { isRecord, text, type UntrustedRecord } from '../model/untrusted.ts'
import { encoded } from './encoded.ts'
import { refusalOf } from './refusal.ts'
import { retryAfterMs } from './retry-after.ts'
import { jsonBody } from './token-response.ts'

/**
 * What came of a refresh grant, told apart by what it means for the refresh token:
 *
 * - `answered`: tokens came; the one that was sent is spent
 * - `dead`: refused for good; only a new sign-in helps
 * - `refused`: not now; the token was not spent
 * - `unknown`: the server may have spent it, and its answer cannot be used or did not arrive
 * - `not-sent`: nothing left this machine
 */
export type RefreshOutcome =
  | { readonly kind: 'answered'; readonly body: string; readonly receivedAtMs: number }
  | { readonly kind: 'dead'; readonly error: AuthError }
  | {
      readonly kind: 'refused' | 'unknown' | 'not-sent'
      readonly error: AuthError
      readonly waitMs: number | undefined
    }

/**
 * Sends the refresh grant once (RFC 6749 §6), to the endpoint and as the client that the
 * tokens were issued to. Sent by hand and not through oauth4webapi, which is three times as
 * slow here and throws the whole reply away, a rotated refresh token with it, for one odd
 * neighbour field.
 *
 * @throws AuthError `usage` when the settings name a proxy that is of no use. What the network
 * or the server does is the outcome.
 */
export async function requestRefresh(
  ports: { readonly http: Http; readonly clock: { nowMs(): number } },
  provider: Provider,
  bundle: TokenBundle,
  refreshToken: Secret,
): Promise<RefreshOutcome> {
  const { scopes } = bundle.tokens
  const parameters = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken.reveal(),
    client_id: bundle.clientId,
    ...(provider.repeatScopeInRefresh && scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(provider.resource !== undefined && { resource: provider.resource }),
    ...(provider.clientSecret && { client_secret: provider.clientSecret.reveal() }),
  })
  const { body, contentType } = encoded(parameters, provider.refreshRequest)
  const headers = { accept: 'application/json', 'content-type': contentType, 'user-agent': provider.userAgent }
  try {
    const reply = await ports.http.send(
      { purpose: 'refresh', method: 'POST', url: bundle.tokenEndpoint, headers, body },
      new AbortController().signal,
    )
    return outcomeOf(provider, reply, ports.clock.nowMs())
  } catch (error) {
    // A proxy's address that is of no use is a fault of the settings, not of the network.
    if (!(error instanceof AuthError) || error.code === 'usage') throw error
    return { kind: error.notSent ? 'not-sent' : 'unknown', error, waitMs: undefined }
  }
}

/** An `error` counts whatever the status says (some servers send it with 200). */
function outcomeOf(provider: Provider, reply: HttpReply, nowMs: number): RefreshOutcome {
  const body = jsonBody(reply)
  const code = body === undefined ? undefined : errorCodeOf(body)
  // What was granted counts, whatever stands beside it: the token that was sent is spent by now.
  const isGranted =
    isTokenText(body?.['refresh_token']) || (code === undefined && text(body?.['access_token']) !== undefined)
  if (reply.status >= 200 && reply.status < 300 && isGranted) {
    return { kind: 'answered', body: reply.body, receivedAtMs: nowMs }
  }
  const error = refusalOf(provider, reply, body)
  if (code !== undefined && isForGood(provider, reply.status, code)) return { kind: 'dead', error }
  const isUnclear = reply.status >= 500 || (reply.status < 400 && code === undefined)
  return {
    kind: isUnclear ? 'unknown' : 'refused',
    error,
    waitMs: retryAfterMs(reply.headers['retry-after'], nowMs),
  }
}

/** The code of RFC 6749 §5.2, or of OpenAI's nested form; `''` for an error without one. */
function errorCodeOf(body: UntrustedRecord): string | undefined {
  const error = body['error']
  if (typeof error === 'string') return error
  if (!isRecord(error)) return undefined
  return text(error['code']) ?? text(error['type']) ?? ''
}

/** Never for good, whatever a provider is known to do (RFC 6749 §4.1.2.1, RFC 8628 §3.5). */
const PASSING_CODES: readonly string[] = ['server_error', 'temporarily_unavailable', 'slow_down', 'rate_limit_exceeded']

function isForGood({ deadGrant }: Provider, status: number, code: string): boolean {
  const isStatus = status === 200 || deadGrant.statuses.includes(status)
  if (code === '') return false
  const isCode = deadGrant.codes === 'any' ? !PASSING_CODES.includes(code) : deadGrant.codes.includes(code)
  return isStatus && isCode
}
