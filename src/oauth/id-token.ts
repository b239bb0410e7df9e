import * as oauth from 'oauth4webapi'
import { isLoopbackAddress } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import type { Http } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import { record, text } from '../model/untrusted.ts'
import { refusalOf } from './refusal.ts'

/** How far the two clocks may be apart, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 300

/** What an ID token was asked for with. */
export interface ExpectedIdToken {
  readonly clientId: string
  readonly nonce: string | undefined
}

interface Verifier {
  readonly issuer: string
  readonly jwksEndpoint: string
}

/**
 * What the ID tokens of a provider are checked with, asked before anybody signs in.
 *
 * @throws AuthError `usage` where the settings have moved the sign-in and do not say.
 */
export function verifierOf({ id, mode, issuer, jwksEndpoint }: Provider): Verifier {
  if (issuer !== undefined && jwksEndpoint !== undefined) return { issuer, jwksEndpoint }
  throw new AuthError('usage', `${id}/${mode} has no keys to check ID tokens with`, {
    hint: `set providers.${id}.modes.${mode}.issuer in config.json`,
  })
}

/**
 * Proves that the ID token was signed by the provider, for this client and this sign-in, and is
 * not over (OpenID Connect Core §3.1.3.7). Only then does its `sub` say who signed in.
 *
 * @throws AuthError `provider-rejected` that names the claim which does not fit,
 * `provider-unavailable`, `network`, `cancelled`.
 */
export async function verifyIdToken(
  http: Http,
  provider: Provider,
  idToken: Secret | undefined,
  { clientId, nonce }: ExpectedIdToken,
  signal: AbortSignal,
): Promise<void> {
  const { issuer, jwksEndpoint } = verifierOf(provider)
  if (idToken === undefined) throw rejected(provider, 'it is missing')
  const server: oauth.AuthorizationServer = { issuer, jwks_uri: jwksEndpoint }
  const client: oauth.Client = { client_id: clientId, [oauth.clockTolerance]: CLOCK_TOLERANCE_SECONDS }
  // The library reads ID tokens in token responses only.
  const response = Response.json({ access_token: '-', token_type: 'bearer', id_token: idToken.reveal() })
  try {
    await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: nonce ?? oauth.expectNoNonce,
      requireIdToken: true,
    })
    await oauth.validateApplicationLevelSignature(server, response, {
      [oauth.customFetch]: (url) => keys(http, provider, url, signal),
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to look wrong; it is only ever true on loopback
      [oauth.allowInsecureRequests]: isLoopbackAddress(jwksEndpoint),
      signal,
    })
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof AuthError ? error : rejected(provider, faultIn(error))
  }
}

async function keys(http: Http, provider: Provider, url: string, signal: AbortSignal): Promise<Response> {
  const headers = { accept: 'application/json', 'user-agent': provider.userAgent }
  const reply = await http.send({ purpose: 'keys', method: 'GET', url, headers }, signal)
  if (reply.status !== 200) throw refusalOf(provider, reply, undefined)
  return new Response(reply.body, { headers: { 'content-type': 'application/json' } })
}

/** The name of a claim at most: all else that the library says may hold what the server has sent. */
function faultIn(error: unknown): string {
  const claim = text(record(error instanceof Error ? error.cause : undefined)['claim'])
  const known = ['iss', 'aud', 'azp', 'exp', 'nbf', 'iat', 'nonce', 'sub'].find((name) => name === claim)
  if (known === 'exp' || known === 'nbf') return `its ${known} does not fit the clock here`
  return known === undefined ? 'it is not made or signed as it must be' : `its ${known} does not fit`
}

function rejected({ id }: Provider, fault: string): AuthError {
  return new AuthError('provider-rejected', `the ID token of ${id} cannot be trusted: ${fault}; nothing was kept`, {
    hint: 'try again; check the clock of this machine',
  })
}
