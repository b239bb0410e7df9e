import { flatError, nestedError, type ApiRequest, type Dress, type Refusal } from './dress.ts'

/** What the first sign-in of an installation says instead of an id of its own. */
export const DYNAMIC_CLIENT_ID = 'dynamic_agent_client'

const RESOURCE = 'https://api.openai.com/v1'

/** "Sign in with ChatGPT": an own client id per installation, a nonce, a resource, signed ID tokens. */
export const chatgpt: Dress = {
  id: 'chatgpt',
  title: 'ChatGPT',
  paths: {
    authorize: '/api/accounts/authorize',
    token: '/api/accounts/oauth/token',
    revoke: '/api/accounts/oauth/revoke',
  },
  resources: {},
  clientId: DYNAMIC_CLIENT_ID,
  handsOutClientIds: true,
  client: { application_type: 'native', redirect_uris: ['http://127.0.0.1/auth/callback'] },
  scopes: ['openid', 'profile', 'email', 'offline_access', 'resource.invoke', 'chatgpt.tokens.use.direct'],
  accessTokenSeconds: 3600,
  plan: ({ openai: { plan } }) => (plan === 'pro' ? 'ChatGPT Pro' : 'ChatGPT Plus'),
  claims: (person) => ({ email: person.email, email_verified: true, name: person.name }),
  checkAuthorization: (query) => {
    const missing = ['nonce', 'ext_agent_host_id'].find((name) => (query.get(name) ?? '') === '')
    if (missing !== undefined) return `${missing} is missing`
    if (query.get('resource') !== RESOURCE) return `resource is not ${RESOURCE}`
    const isUnnamed = query.get('client_id') === DYNAMIC_CLIENT_ID && (query.get('agent_name_hint') ?? '') === ''
    return isUnnamed ? 'agent_name_hint is missing' : undefined
  },
  checkRequest,
  callback: (query, clientId) => query.set('client_id', clientId),
  accessToken: { wear: (token) => token, bare: (token) => token },
  refreshToken: { wear: (token) => token, bare: (token) => token },
  granted: (answer) => answer,
  refused: flatError,
  denied: (message) => nestedError('invalid_token', message),
  revokedHeaders: () => ({}),
}

function checkRequest({ endpoint, contentType, fields }: ApiRequest): Refusal | undefined {
  if (contentType !== 'application/x-www-form-urlencoded') {
    return { error: 'invalid_request', detail: 'the body is not a form' }
  }
  if (endpoint === 'token' && fields.get('resource') !== RESOURCE) {
    return { error: 'invalid_target', detail: `resource is not ${RESOURCE}` }
  }
  return undefined
}
