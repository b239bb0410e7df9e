import { generateKeyPair, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import type { AdapterFactory, ClientMetadata, Configuration, JWK } from 'oidc-provider'
import type Provider from 'oidc-provider'
import { DEVICE_PATHS } from './device-side.ts'
import type { Dress } from './dress.ts'
import { loadOidcProvider } from './load-oidc-provider.ts'
import { errorPage, PAGE_HEADERS } from './pages.ts'
import { findPerson } from './people.ts'

const REFRESH_TOKEN_SECONDS = 30 * 86_400
const SIGN_IN_SECONDS = 3600

/**
 * A real authorization server behind a vendor's doors: PKCE with S256 always, one-use codes
 * and refresh tokens, and a whole sign-in dead when one of them comes twice (RFC 9700
 * §2.1.1, §4.14.2).
 */
export async function createAuthorizationServer(
  origin: string,
  dress: Dress,
  adapter: AdapterFactory,
): Promise<Provider> {
  const { default: OidcProvider } = await loadOidcProvider()
  return new OidcProvider(origin, {
    ...strictness(),
    ...doors(dress, origin),
    adapter,
    jwks: { keys: [await signingKey()] },
  })
}

/** A public client of the vendor's kind, under an id of its own. */
export function publicClient(clientId: string, own: Dress['client']): ClientMetadata {
  return {
    ...own,
    client_id: clientId,
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  }
}

function strictness(): Configuration {
  return {
    pkce: { required: () => true },
    responseTypes: ['code'],
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    // A second sign-in in the same browser must not end the first one's tokens: no vendor does that.
    expiresWithSession: () => false,
    clientBasedCORS: () => false,
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    },
  }
}

function doors(dress: Dress, origin: string): Configuration {
  const { paths, clientId } = dress
  const ownRedirects = dress.hasDeviceSignIn === true ? [origin + DEVICE_PATHS.callback] : []
  const client = { ...dress.client, redirect_uris: [...(dress.client.redirect_uris ?? []), ...ownRedirects] }
  return {
    clients: dress.handsOutClientIds
      ? []
      : [clientId, ...(dress.furtherClients ?? [])].map((id) => publicClient(id, client)),
    scopes: dress.scopes,
    claims: { openid: ['sub', 'https://api.openai.com/auth'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    findAccount: (_ctx, id) => {
      const person = findPerson(id)
      return person && { accountId: id, claims: () => ({ sub: id, ...dress.claims(person) }) }
    },
    routes: {
      authorization: paths.authorize,
      token: paths.token,
      revocation: paths.revoke,
      jwks: '/.well-known/jwks.json',
    },
    // Browsers do not keep the cookies of two ports apart, so each vendor has its own names.
    cookies: {
      keys: [randomUUID()],
      names: {
        session: `${dress.id}_session`,
        interaction: `${dress.id}_interaction`,
        resume: `${dress.id}_resume`,
      },
    },
    interactions: { url: (_ctx, { uid }) => `/sign-in/${uid}` },
    renderError: (ctx, { error, error_description: description }) => {
      ctx.set(PAGE_HEADERS)
      ctx.body = errorPage(dress, description === undefined ? error : `${error}: ${description}`)
    },
    ttl: {
      AccessToken: dress.accessTokenSeconds,
      AuthorizationCode: 60,
      Grant: REFRESH_TOKEN_SECONDS,
      IdToken: SIGN_IN_SECONDS,
      Interaction: SIGN_IN_SECONDS,
      RefreshToken: REFRESH_TOKEN_SECONDS,
      Session: SIGN_IN_SECONDS,
    },
  }
}

let key: Promise<JWK> | undefined

/** One key for all servers of a process: making one takes longer than all the rest of a start. */
function signingKey(): Promise<JWK> {
  return (key ??= promisify(generateKeyPair)('rsa', { modulusLength: 2048 }).then(({ privateKey }) => ({
    ...privateKey.export({ format: 'jwk' }),
    alg: 'RS256',
    use: 'sig',
  })))
}
