import type { Identity, IdentitySources, Provider } from '../model/provider.ts'
import { text, texts } from '../model/untrusted.ts'
import { openaiPlanEnvironment } from './openai-environment.ts'
import { openai } from './openai.ts'

const CLIENT_ID = /^oaiapp_[\w-]{1,200}$/

/**
 * "Sign in with ChatGPT", OpenAI's offer to other programs: no borrowed client, an id for each
 * installation. Its tokens are for OpenAI's API and say nothing of a plan.
 */
export const openaiChatgpt: Provider = {
  ...openai,
  title: 'OpenAI (Sign in with ChatGPT)',
  mode: 'chatgpt',
  clientId: 'dynamic_agent_client',
  dynamicClient: {
    introducer: 'dynamic_agent_client',
    shape: CLIENT_ID,
    introduction: { agent_name_hint: 'aiauth' },
    installationParameter: 'ext_agent_host_id',
  },
  authorizationEndpoint: 'https://auth.openai.com/api/accounts/authorize',
  tokenEndpoint: 'https://auth.openai.com/api/accounts/oauth/token',
  revocationEndpoint: 'https://auth.openai.com/api/accounts/oauth/revoke',
  usageEndpoint: undefined,
  deviceAuthorizationEndpoint: undefined,
  redirect: { host: '127.0.0.1', ports: [0], path: '/auth/callback' },
  scopes: ['openid', 'profile', 'email', 'offline_access', 'resource.invoke', 'chatgpt.tokens.use.direct'],
  resource: 'https://api.openai.com/v1',
  scopeOfUse: {
    scope: 'chatgpt.tokens.use.direct',
    whenMissing: 'the use of the ChatGPT plan was not granted, so the token cannot be used for requests',
  },
  verifiesIdToken: true,
  jwksEndpoint: 'https://auth.openai.com/.well-known/jwks.json',
  authorizationParameters: {},
  refreshRequest: 'form',
  deadGrant: {
    statuses: [400, 401],
    codes: [
      'invalid_grant',
      'invalid_refresh_token',
      'token_expired',
      'refresh_token_expired',
      'refresh_token_invalidated',
      'refresh_token_reused',
    ],
  },
  revocationRequest: 'form',
  terms: undefined,
  managePage: 'https://chatgpt.com/settings/usage',
  identify,
  usage: undefined,
  environment: openaiPlanEnvironment,
}

/** An access token may have claims of its own, for another audience: those are not about who signed in. */
function identify({ claims }: IdentitySources): Identity {
  const isOfIdToken = texts([claims['aud']].flat()).some((audience) => CLIENT_ID.test(audience))
  return {
    email: isOfIdToken ? text(claims['email']) : undefined,
    accountId: isOfIdToken ? text(claims['sub']) : undefined,
    tier: undefined,
    organizations: [],
  }
}
