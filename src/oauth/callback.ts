import { createHash, timingSafeEqual } from 'node:crypto'
import { AuthError } from '../model/errors.ts'
import type { Provider } from '../model/provider.ts'
import { Secret } from '../model/secret.ts'
import { cleanLine } from '../model/untrusted.ts'
import type { AuthorizationRequest } from './authorization.ts'
import { hintForClient, hintToForget } from './refusal.ts'

declare const checked: unique symbol

/** A callback that belongs to our request. Only `soundCode` makes one. */
export interface CheckedCallback {
  readonly [checked]: true
  readonly code: Secret
  /** The client that the code was issued to: the provider's, or the one that this installation has become. */
  readonly clientId: string
}

/** Longest authorization code that is passed on, in characters; RFC 6749 sets no limit. */
const CODE_LENGTH_LIMIT = 4096
const CODE = /^[\x20-\x7e]+$/

/**
 * The code of an authorization response, or `undefined` when the response is not the answer
 * to our request and the sign-in must go on waiting.
 *
 * `state` is compared before anything else is believed: any page in the user's browser may
 * call the listener, so neither a foreign code nor a foreign error may end a sign-in (RFC
 * 6749 §10.12, RFC 9700 §4.7). Then `iss` (RFC 9207 §2.4, plain string comparison), then
 * `error`, then `code`.
 *
 * @throws AuthError `sign-in-denied`, `provider-rejected`, `provider-unavailable`: answers
 * with our state that end the sign-in.
 */
export function checkCallback(
  provider: Provider,
  request: AuthorizationRequest,
  query: string,
): CheckedCallback | undefined {
  const parameters = new URLSearchParams(query)
  const state = only(parameters, 'state')
  if (state === undefined || !isSame(state, request.state.reveal())) return undefined
  if (['code', 'error', 'iss', 'client_id'].some((name) => parameters.getAll(name).length > 1)) return undefined
  checkIssuer(provider, parameters.get('iss'))
  const error = parameters.get('error')
  if (error !== null) throw refusal(provider, error, parameters.get('error_description'))
  return soundCode(parameters.get('code'), clientIn(provider, parameters.get('client_id')))
}

/** A code that the provider gave in the reply to a request of ours: no browser has carried it. */
export function codeFromProvider({ clientId }: Provider, code: unknown): CheckedCallback | undefined {
  return typeof code === 'string' ? soundCode(code, clientId) : undefined
}

function only(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name)
  return values.length === 1 ? values[0] : undefined
}

/** Constant time and safe for any length: the digests are compared, not the texts. */
export function isSame(received: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(received), digest(expected))
}

function checkIssuer(provider: Provider, received: string | null): void {
  if (received === null && !provider.issuerPromised) return
  if (provider.issuer === undefined || received === provider.issuer) return
  const what = received === null ? 'did not name its issuer' : 'named another issuer'
  throw new AuthError('provider-rejected', `the answer that came back ${what}, so it was not used`)
}

function refusal(provider: Provider, error: string, description: string | null): AuthError {
  if (error === 'access_denied') {
    return new AuthError('sign-in-denied', `the sign-in to ${provider.id} was denied in the browser`)
  }
  const code = /^(temporarily_unavailable|server_error)$/.test(error) ? 'provider-unavailable' : 'provider-rejected'
  const reason = cleanLine(description === null ? error : `${error}: ${description}`)
  return new AuthError(code, `${provider.id} refused the sign-in (${reason})`, { hint: hintForClient(provider, error) })
}

/**
 * An installation is one client to a provider, for good.
 *
 * @throws AuthError `provider-rejected`.
 */
function clientIn(provider: Provider, received: string | null): string {
  const { id, clientId, dynamicClient } = provider
  if (dynamicClient === undefined) return clientId
  const isKnown = clientId !== dynamicClient.introducer
  if (isKnown && (received === null || received === clientId)) return clientId
  if (!isKnown && received !== null && dynamicClient.shape.test(received)) return received
  const what = isKnown ? 'answered for another client than this one' : 'did not say which client this one is'
  throw new AuthError('provider-rejected', `${id} ${what}, so the answer was not used`, {
    hint: hintToForget(provider),
  })
}

/** A code that may be sent on, once the state beside it has been compared. */
export function soundCode(code: string | null, clientId: string): CheckedCallback | undefined {
  if (code === null || code.length > CODE_LENGTH_LIMIT || !CODE.test(code)) return undefined
  return { code: new Secret(code), clientId } as CheckedCallback
}
