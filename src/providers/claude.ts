import type { Identity, IdentitySources, Provider } from '../model/provider.ts'
import { record, text, type UntrustedRecord } from '../model/untrusted.ts'
import { claudeEnvironment } from './claude-environment.ts'
import { claudeUsage } from './claude-usage.ts'
import { USER_AGENT } from './user-agent.ts'

/**
 * Claude Pro, Max, Team and Enterprise, by Claude Code's public client.
 *
 * The token endpoint departs from RFC 6749 §4.1.3: it takes JSON and wants `state` again.
 * The redirect must say `localhost`, on any port. The scopes are the official client's
 * without the right to create API keys.
 */
export const claude: Provider = {
  id: 'claude',
  title: 'Claude',
  mode: 'max',
  builtIn: true,
  enabled: true,
  issuer: undefined,
  issuerPromised: false,
  clientId: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
  clientSecret: undefined,
  authorizationEndpoint: 'https://claude.com/cai/oauth/authorize',
  tokenEndpoint: 'https://platform.claude.com/v1/oauth/token',
  revocationEndpoint: 'https://platform.claude.com/v1/oauth/token/revoke',
  profileEndpoint: 'https://api.anthropic.com/api/oauth/profile',
  usageEndpoint: 'https://api.anthropic.com/api/oauth/usage',
  deviceAuthorizationEndpoint: undefined,
  redirect: { host: 'localhost', ports: [0], path: '/callback' },
  credential: 'tokens',
  manualRedirectUri: 'https://platform.claude.com/oauth/code/callback',
  scopes: ['user:profile', 'user:inference', 'user:sessions:claude_code', 'user:mcp_servers', 'user:file_upload'],
  authorizationParameters: { code: 'true' },
  tokenRequest: 'json',
  refreshRequest: 'json',
  repeatScopeInRefresh: true,
  deadGrant: { statuses: [400, 401], codes: ['invalid_grant'] },
  revocationRequest: 'json',
  // Without it Anthropic's own client does not believe that the grant has ended.
  revocationReceiptHeader: 'request-id',
  repeatStateInTokenRequest: true,
  userAgent: USER_AGENT,
  terms: {
    notice:
      'Anthropic writes: "Anthropic does not permit third-party developers to offer Claude.ai login into their own applications, or to route requests through Free, Pro, or Max plan credentials on behalf of their users."',
    url: 'https://code.claude.com/docs/en/legal-and-compliance',
  },
  managePage: 'https://claude.ai/settings/claude-code',
  identify,
  usage: claudeUsage,
  environment: claudeEnvironment,
}

function identify({ tokenResponse, profile }: IdentitySources): Identity {
  const answered = record(tokenResponse['account'])
  const account = record(profile['account'])
  const organization = { ...record(tokenResponse['organization']), ...record(profile['organization']) }
  const organizationId = text(organization['uuid'])
  return {
    email: text(account['email']) ?? text(answered['email_address']),
    accountId: text(account['uuid']) ?? text(answered['uuid']),
    tier: tier(account, organization),
    organizations:
      organizationId === undefined ? [] : [{ id: organizationId, name: text(organization['name']) ?? null }],
  }
}

/** `max_20x`, `max_5x`, `max`, `pro`, `team`, …; a plan that is new to us is kept as it is spelt. */
function tier(account: UntrustedRecord, organization: UntrustedRecord): string | undefined {
  const plan = text(organization['organization_type'])?.replace(/^claude_/, '')
  const multiple = /max_\d+x$/.exec(text(organization['rate_limit_tier']) ?? '')?.[0]
  if (plan === 'max') return multiple ?? 'max'
  if (plan !== undefined) return plan
  if (account['has_claude_max'] === true) return multiple ?? 'max'
  return account['has_claude_pro'] === true ? 'pro' : undefined
}
