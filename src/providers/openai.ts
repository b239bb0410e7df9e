import type { Identity, IdentitySources, Organization, Provider } from '../model/provider.ts'
import { record, text } from '../model/untrusted.ts'
import { openaiEnvironment } from './openai-environment.ts'
import { openaiUsage } from './openai-usage.ts'
import { USER_AGENT } from './user-agent.ts'

/**
 * ChatGPT Plus, Pro, Team and Business, by the Codex CLI's public client.
 *
 * Only these two redirect ports are registered. RFC 8252 §7.3 would let us choose one,
 * this client does not: a taken pair is an error, never a retry elsewhere.
 */
export const openai: Provider = {
  id: 'openai',
  title: 'OpenAI (ChatGPT)',
  mode: 'codex',
  builtIn: true,
  enabled: true,
  issuer: 'https://auth.openai.com',
  issuerPromised: false,
  clientId: 'app_EMoamEEZ73f0CkXaXp7hrann',
  clientSecret: undefined,
  authorizationEndpoint: 'https://auth.openai.com/oauth/authorize',
  tokenEndpoint: 'https://auth.openai.com/oauth/token',
  revocationEndpoint: 'https://auth.openai.com/oauth/revoke',
  profileEndpoint: undefined,
  usageEndpoint: 'https://chatgpt.com/backend-api/wham/usage',
  deviceAuthorizationEndpoint: 'https://auth.openai.com/api/accounts/deviceauth/usercode',
  ownDeviceFlow: { poll: 'token', page: '/codex/device', redirect: '/deviceauth/callback', lifetimeSeconds: 900 },
  redirect: { host: '127.0.0.1', ports: [1455, 1457], path: '/auth/callback' },
  credential: 'tokens',
  manualRedirectUri: undefined,
  scopes: ['openid', 'profile', 'email', 'offline_access', 'api.connectors.read', 'api.connectors.invoke'],
  authorizationParameters: {
    id_token_add_organizations: 'true',
    codex_cli_simplified_flow: 'true',
    originator: 'aiauth',
  },
  tokenRequest: 'form',
  refreshRequest: 'json',
  repeatScopeInRefresh: false,
  deadGrant: { statuses: [400, 401], codes: 'any' },
  revocationRequest: 'json',
  revocationReceiptHeader: undefined,
  repeatStateInTokenRequest: false,
  userAgent: USER_AGENT,
  terms: {
    notice:
      'this sign-in uses the client of OpenAI\'s own Codex CLI; we found no page of OpenAI\'s that licenses it to other programs, its offer to them is "Sign in with ChatGPT"',
    url: 'https://openai.com/policies/sign-in-with-chatgpt-terms',
  },
  managePage: undefined,
  identify,
  usage: openaiUsage,
  environment: openaiEnvironment,
}

function identify({ claims }: IdentitySources): Identity {
  const chatgpt = record(claims['https://api.openai.com/auth'])
  return {
    email: text(claims['email']) ?? text(record(claims['https://api.openai.com/profile'])['email']),
    accountId: text(chatgpt['chatgpt_account_id']),
    tier: text(chatgpt['chatgpt_plan_type']),
    organizations: organizations(chatgpt['organizations']),
  }
}

function organizations(value: unknown): Organization[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((member) => {
    const id = text(record(member)['id'])
    return id === undefined ? [] : [{ id, name: text(record(member)['title']) ?? null }]
  })
}
