import { randomUUID } from 'node:crypto'
import { flatError, prefixed, type Dress } from './dress.ts'
import type { Person } from './people.ts'

/** Claude as its own clients see it: JSON at the token endpoint, `state` again beside the code, no OpenID. */
export const claude: Dress = {
  id: 'claude',
  title: 'Claude',
  paths: { authorize: '/cai/oauth/authorize', token: '/v1/oauth/token', revoke: '/v1/oauth/token/revoke' },
  // An account of the Console, which has no plan.
  otherDoors: { '/oauth/authorize': ['org:create_api_key', 'user:profile'] },
  resources: {
    '/api/oauth/claude_cli/create_api_key': {
      endpoint: 'key',
      method: 'POST',
      scope: 'org:create_api_key',
      answer: () => ({ raw_key: `sk-ant-api03-${randomUUID()}` }),
    },
    '/api/oauth/profile': { endpoint: 'profile', scope: 'user:profile', answer: profile },
    '/api/oauth/usage': {
      endpoint: 'usage',
      scope: 'user:profile',
      header: ['anthropic-beta', 'oauth-2025-04-20'],
      answer: usage,
    },
  },
  clientId: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
  handsOutClientIds: false,
  codePage: '/oauth/code/callback',
  client: {
    application_type: 'native',
    redirect_uris: ['http://localhost/callback', 'http://localhost/oauth/code/callback'],
  },
  scopes: [
    'org:create_api_key',
    'user:profile',
    'user:inference',
    'user:sessions:claude_code',
    'user:mcp_servers',
    'user:file_upload',
    'user:plugins',
    'user:privacy_consents:write',
    'org:desktop_config',
  ],
  accessTokenSeconds: 28_800,
  plan: ({ claude: { plan } }) => (plan === 'max' ? 'Claude Max 20x' : 'Claude Pro'),
  claims: () => ({}),
  checkAuthorization: () => undefined,
  checkRequest: ({ endpoint, contentType, fields, stateMatches }) => {
    if ((endpoint === 'token' || endpoint === 'revoke') && contentType !== 'application/json') {
      return { error: 'invalid_request', detail: 'the body is not JSON' }
    }
    if (fields.get('grant_type') === 'authorization_code' && !stateMatches) {
      return { error: 'invalid_request', detail: 'state is missing or not the one of the authorization request' }
    }
    return undefined
  },
  callback: (query) => query.delete('iss'),
  accessToken: prefixed('sk-ant-oat01-'),
  refreshToken: prefixed('sk-ant-ort01-'),
  granted: (answer, { person }) => ({
    ...answer,
    account: { uuid: person.claude.accountUuid, email_address: person.email },
    organization: { uuid: person.claude.organizationUuid, name: person.claude.organizationName },
  }),
  refused: flatError,
  denied: (message) => ({ type: 'error', error: { type: 'authentication_error', message } }),
  revokedHeaders: () => ({ 'request-id': `req_${randomUUID().replaceAll('-', '')}` }),
}

function profile({ name, email, claude: { plan, ...own } }: Person): unknown {
  return {
    account: {
      uuid: own.accountUuid,
      email,
      display_name: name.split(' ')[0],
      full_name: name,
      created_at: '2025-01-01T00:00:00Z',
      has_claude_max: plan === 'max',
      has_claude_pro: plan === 'pro',
    },
    organization: {
      uuid: own.organizationUuid,
      name: own.organizationName,
      organization_type: `claude_${plan}`,
      rate_limit_tier: own.rateLimitTier,
      seat_tier: null,
      billing_type: 'stripe_subscription',
      has_extra_usage_enabled: false,
      subscription_created_at: '2025-01-01T00:00:00Z',
    },
  }
}

function usage(): unknown {
  return {
    five_hour: { utilization: 12, resets_at: '2030-01-01T05:00:00Z' },
    seven_day: { utilization: 34, resets_at: '2030-01-07T00:00:00Z' },
    seven_day_opus: null,
    seven_day_sonnet: { utilization: 5, resets_at: null },
    extra_usage: { is_enabled: false, monthly_limit: null, used_credits: null, utilization: null },
  }
}
