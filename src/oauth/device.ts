import { isSafeAddress } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import type { Clock, Http, HttpReply } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import { isTokenText } from '../model/tokens.ts'
import { isRecord, text, type UntrustedRecord } from '../model/untrusted.ts'
import { encoded } from './encoded.ts'
import { refusalOf } from './refusal.ts'
import { jsonBody, readTokenResponse, type TokenResponse } from './token-response.ts'

export interface DevicePorts {
  readonly http: Http
  readonly clock: Pick<Clock, 'nowMs'>
}

/** A code that a person enters on any device, and the way to ask whether they have. */
export interface DeviceSignIn {
  readonly address: string
  /** The same with the code in it. */
  readonly completeAddress: string | undefined
  readonly userCode: string
  readonly intervalMs: number
  readonly lifetimeMs: number
  /** @throws AuthError for an answer that ends the sign-in, and the signal's reason. */
  readonly poll: (signal: AbortSignal) => Promise<DeviceAnswer>
}

/** `fault`: nothing is known, and the next answer may be a better one. */
export type DeviceAnswer =
  | { readonly kind: 'granted'; readonly response: TokenResponse }
  | { readonly kind: 'pending' | 'slow-down' }
  | { readonly kind: 'fault'; readonly error: AuthError }

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:device_code'
const USER_CODE_LIMIT = 100
const [DEFAULT_INTERVAL_SECONDS, LONGEST_INTERVAL_SECONDS] = [5, 60]
const [DEFAULT_LIFETIME_SECONDS, LONGEST_LIFETIME_SECONDS] = [900, 3600]

/**
 * Asks for a code (RFC 8628 §3.1, §3.2). What comes back is shown to a person, so the addresses
 * must be such as may be opened, and the code is one clean line.
 *
 * @throws AuthError `provider-rejected`, `provider-unavailable`, `network`, `cancelled`.
 */
export async function beginDevice(
  ports: DevicePorts,
  provider: Provider & { readonly deviceAuthorizationEndpoint: string },
  scopes: readonly string[],
  signal: AbortSignal,
): Promise<DeviceSignIn> {
  const parameters = new URLSearchParams({
    ...clientParameters(provider),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(provider.resource !== undefined && { resource: provider.resource }),
  })
  const reply = await send(ports.http, provider, provider.deviceAuthorizationEndpoint, parameters, 'form', signal)
  const body = deviceBody(provider, reply)
  const deviceCode = body['device_code']
  if (!isTokenText(deviceCode)) throw odd(provider, 'device code')
  const complete = body['verification_uri_complete']
  return {
    address: addressIn(provider, body['verification_uri']),
    completeAddress: typeof complete === 'string' && isSafeAddress(complete) ? complete : undefined,
    userCode: userCodeIn(provider, body['user_code']),
    intervalMs: intervalMs(body['interval']),
    lifetimeMs: clamped(body['expires_in'], DEFAULT_LIFETIME_SECONDS, LONGEST_LIFETIME_SECONDS) * 1000,
    poll: async (pollSignal) => {
      const grant = new URLSearchParams({
        grant_type: GRANT_TYPE,
        device_code: deviceCode,
        ...clientParameters(provider),
      })
      const url = provider.tokenEndpoint ?? ''
      const answer = await answerTo(
        provider,
        () => send(ports.http, provider, url, grant, 'form', pollSignal),
        pollSignal,
      )
      if (answer.kind !== 'granted') return answer
      return { kind: 'granted', response: readTokenResponse(answer.body, scopes, ports.clock.nowMs()) }
    },
  }
}

type RawAnswer =
  { readonly kind: 'granted'; readonly body: UntrustedRecord } | Exclude<DeviceAnswer, { readonly kind: 'granted' }>

/** What an answer to the poll means (RFC 8628 §3.5); the vendor's own words for waiting may be added. */
export async function answerTo(
  provider: Provider,
  poll: () => Promise<HttpReply>,
  signal: AbortSignal,
  isPending: (reply: HttpReply) => boolean = () => false,
): Promise<RawAnswer> {
  let reply: HttpReply
  try {
    reply = await poll()
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof AuthError) || (error.code !== 'network' && error.code !== 'provider-unavailable'))
      throw error
    return { kind: 'fault', error }
  }
  const body = jsonBody(reply)
  const code = body === undefined ? undefined : errorIn(body)
  if (reply.status === 200 && body !== undefined && code === undefined) return { kind: 'granted', body }
  if (code === 'slow_down' || reply.status === 429) return { kind: 'slow-down' }
  if (code === 'access_denied') throw denied(provider)
  if (code === 'expired_token') throw codeExpired()
  if (code === 'authorization_pending' || isPending(reply)) return { kind: 'pending' }
  const error = refusalOf(provider, reply, body)
  if (code !== undefined && reply.status < 500) throw error
  return { kind: 'fault', error }
}

/** Nobody has entered the code in time. */
export function codeExpired(fault?: AuthError): AuthError {
  const why = fault === undefined ? '' : `; the last answer: ${fault.message}`
  return new AuthError('sign-in-timed-out', `the code was not entered in time${why}`, {
    hint: 'run the command again for a new code',
  })
}

export async function send(
  http: Http,
  provider: Provider,
  url: string,
  parameters: URLSearchParams,
  as: 'form' | 'json',
  signal: AbortSignal,
): Promise<HttpReply> {
  const { body, contentType } = encoded(parameters, as)
  const headers = { accept: 'application/json', 'content-type': contentType, 'user-agent': provider.userAgent }
  return http.send({ purpose: 'device', method: 'POST', url, headers, body }, signal)
}

/** @throws AuthError as `refusalOf`. */
export function deviceBody(provider: Provider, reply: HttpReply): UntrustedRecord {
  const body = jsonBody(reply)
  if (reply.status === 200 && body !== undefined && errorIn(body) === undefined) return body
  throw refusalOf(provider, reply, body).withHint('without a code: leave --device out, or --no-browser in its place')
}

/** Cleaned and cut: it is only shown. */
export function userCodeIn(provider: Provider, value: unknown): string {
  const code = text(value)
  if (code === undefined) throw odd(provider, 'user code')
  return code.slice(0, USER_CODE_LIMIT)
}

/** Seconds, also as text; 5 where the server does not say (RFC 8628 §3.2), 1 to 60 whatever it says. */
export function intervalMs(value: unknown): number {
  return clamped(value, DEFAULT_INTERVAL_SECONDS, LONGEST_INTERVAL_SECONDS) * 1000
}

function clamped(value: unknown, standard: number, most: number): number {
  const seconds = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return standard
  return Math.min(Math.max(seconds, 1), most)
}

function addressIn(provider: Provider, value: unknown): string {
  if (typeof value === 'string' && isSafeAddress(value)) return value
  throw odd(provider, 'address')
}

function clientParameters({ clientId, clientSecret }: Provider): Record<string, string> {
  return { client_id: clientId, ...(clientSecret && { client_secret: clientSecret.reveal() }) }
}

/** The code of RFC 6749 §5.2, or of OpenAI's nested form; `''` for an error without one. */
function errorIn(body: UntrustedRecord): string | undefined {
  const error = body['error']
  if (isRecord(error)) return text(error['code']) ?? ''
  return typeof error === 'string' ? error : undefined
}

function denied({ id }: Provider): AuthError {
  return new AuthError('sign-in-denied', `the sign-in to ${id} was denied`)
}

function odd({ id }: Provider, what: string): AuthError {
  return new AuthError('provider-rejected', `${id} answered without a usable ${what}, so the sign-in was not begun`)
}
