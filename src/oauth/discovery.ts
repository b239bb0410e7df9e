import * as oauth from 'oauth4webapi'
import { isLoopbackAddress, isSafeAddress } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import type { Http, HttpReply } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import { fetchThrough } from './fetch-through.ts'
import { jsonBody } from './token-response.ts'

/** The metadata of OpenID Connect Discovery §4, then of RFC 8414 §3. */
const ALGORITHMS = ['oidc', 'oauth2'] as const

/** Which field of the metadata fills which of ours. */
const ENDPOINTS = {
  authorizationEndpoint: 'authorization_endpoint',
  tokenEndpoint: 'token_endpoint',
  revocationEndpoint: 'revocation_endpoint',
  deviceAuthorizationEndpoint: 'device_authorization_endpoint',
  jwksEndpoint: 'jwks_uri',
} as const satisfies Partial<Record<keyof Provider, string>>

/**
 * The provider with the endpoints that it was not given, read from its issuer's metadata.
 * What stands in the settings wins; where nothing is missing that is needed, nothing is asked.
 *
 * @throws AuthError `provider-rejected` when the metadata names another issuer (RFC 8414
 * §3.3) or an endpoint that no token may be sent to, `network`, `provider-unavailable`.
 */
export async function withDiscovery(
  http: Http,
  provider: Provider,
  signal: AbortSignal,
  alsoNeeded: readonly (keyof typeof ENDPOINTS)[] = [],
): Promise<Provider> {
  const { issuer, verifiesIdToken = false } = provider
  const keys = verifiesIdToken ? (['jwksEndpoint'] as const) : []
  const needed = ['authorizationEndpoint', 'tokenEndpoint', ...keys, ...alsoNeeded] as const
  if (issuer === undefined || needed.every((endpoint) => provider[endpoint] !== undefined)) return provider
  const metadata = await fetchMetadata(http, provider, issuer, signal)
  const found = Object.entries(ENDPOINTS).map(([ours, theirs]) => [ours, endpointIn(provider, metadata, theirs)])
  const given = Object.entries(provider).filter(([, value]) => value !== undefined)
  return {
    ...provider,
    ...(Object.fromEntries(found) as Partial<Provider>),
    ...(Object.fromEntries(given) as Partial<Provider>),
    issuerPromised: metadata['authorization_response_iss_parameter_supported'] === true,
  }
}

async function fetchMetadata(
  http: Http,
  provider: Provider,
  issuer: string,
  signal: AbortSignal,
): Promise<UntrustedRecord> {
  for (const algorithm of ALGORITHMS) {
    const metadata = metadataIn(await request(http, provider, issuer, algorithm, signal))
    if (metadata === undefined) continue
    if (metadata['issuer'] === issuer) return metadata
    throw new AuthError('provider-rejected', `the metadata of ${provider.id} names another issuer, so it was not used`)
  }
  throw new AuthError('provider-rejected', `${provider.id} publishes no metadata below its issuer`, {
    hint: `set the endpoints of providers.${provider.id} in config.json`,
  })
}

async function request(
  http: Http,
  provider: Provider,
  issuer: string,
  algorithm: (typeof ALGORITHMS)[number],
  signal: AbortSignal,
): Promise<HttpReply> {
  const wire = fetchThrough(http, 'discovery')
  await oauth.discoveryRequest(new URL(issuer), {
    algorithm,
    headers: { 'user-agent': provider.userAgent },
    [oauth.customFetch]: wire.fetch,
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to look wrong; it is only ever true on loopback
    [oauth.allowInsecureRequests]: isLoopbackAddress(issuer),
    signal,
  })
  return wire.reply()
}

function metadataIn(reply: HttpReply): UntrustedRecord | undefined {
  return reply.status === 200 ? jsonBody(reply) : undefined
}

function endpointIn(provider: Provider, metadata: UntrustedRecord, field: string): string | undefined {
  const address = metadata[field]
  if (address === undefined) return undefined
  if (typeof address === 'string' && isSafeAddress(address)) return address
  throw new AuthError('provider-rejected', `the metadata of ${provider.id} has an unusable ${field}`)
}
