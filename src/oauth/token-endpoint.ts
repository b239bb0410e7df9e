import * as oauth from 'oauth4webapi'
import { isLoopbackAddress, isSafeAddress } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import type { Clock, Http, HttpReply } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import { isRecord } from '../model/untrusted.ts'
import type { AuthorizationRequest } from './authorization.ts'
import type { CheckedCallback } from './callback.ts'
import { fetchThrough } from './fetch-through.ts'
import { refusalOf } from './refusal.ts'
import { jsonBody, readTokenResponse, type TokenResponse } from './token-response.ts'

/**
 * Exchanges the code for tokens, once (RFC 6749 §4.1.3): whatever goes wrong, the code is
 * not sent again, for a server that saw it may already have spent it.
 *
 * @throws AuthError `provider-rejected`, `provider-unavailable`, `network`, `cancelled`.
 */
export async function exchangeCode(
  ports: { http: Http; clock: Clock },
  provider: Provider,
  request: Pick<AuthorizationRequest, 'redirectUri' | 'codeVerifier' | 'scopes'> & { readonly state?: Secret },
  callback: CheckedCallback,
  signal: AbortSignal,
): Promise<TokenResponse> {
  const tokenEndpoint = provider.tokenEndpoint
  if (tokenEndpoint === undefined || !isSafeAddress(tokenEndpoint)) {
    throw new AuthError('usage', `${provider.id} has no token endpoint`, {
      hint: `set providers.${provider.id}.tokenEndpoint or .issuer in config.json`,
    })
  }
  const server: oauth.AuthorizationServer = {
    issuer: provider.issuer ?? new URL(tokenEndpoint).origin,
    token_endpoint: tokenEndpoint,
  }
  const client: oauth.Client = { client_id: callback.clientId }
  const answer = new URLSearchParams({ code: callback.code.reveal() })
  const wire = fetchThrough(ports.http, 'token', provider.tokenRequest)
  await oauth.authorizationCodeGrantRequest(
    server,
    client,
    provider.clientSecret === undefined ? oauth.None() : oauth.ClientSecretPost(provider.clientSecret.reveal()),
    // State and issuer were compared by checkCallback; this brands the parameters for the library.
    oauth.validateAuthResponse(server, client, answer, oauth.skipStateCheck),
    request.redirectUri,
    request.codeVerifier.reveal(),
    {
      additionalParameters: {
        ...(provider.repeatStateInTokenRequest && request.state && { state: request.state.reveal() }),
        ...(provider.resource !== undefined && { resource: provider.resource }),
      },
      headers: { 'user-agent': provider.userAgent },
      [oauth.customFetch]: wire.fetch,
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to look wrong; it is only ever true on loopback
      [oauth.allowInsecureRequests]: isLoopbackAddress(tokenEndpoint),
      signal,
    },
  )
  // Where a scope decides what the tokens are good for, silence is no grant.
  const assumed = provider.scopeOfUse === undefined ? request.scopes : []
  return readTokenResponse(grantedBody(provider, wire.reply()), assumed, ports.clock.nowMs())
}

/**
 * The body of a granted token request. JSON counts whatever the content type says (some
 * servers send `text/plain`), and an `error` field counts whatever the status says.
 */
function grantedBody(provider: Provider, reply: HttpReply) {
  const body = jsonBody(reply)
  const granted = reply.status === 200 && body !== undefined && !isRefusal(body['error'])
  if (!granted) throw refusalOf(provider, reply, body)
  return body
}

function isRefusal(error: unknown): boolean {
  return typeof error === 'string' || isRecord(error)
}
