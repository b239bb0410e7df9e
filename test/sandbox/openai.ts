import { nestedError, type Dress, type Holder, type Refusal } from './dress.ts'
import type { Person } from './people.ts'

const AUTH_CLAIM = 'https://api.openai.com/auth'

/**
 * OpenAI as the Codex CLI sees it: nested errors, no lifetime beside the tokens, and an
 * access token that is a JWT. Two redirect URIs and no other port.
 */
export function openaiWith(redirectPorts: readonly number[]): Dress {
  return {
    id: 'openai',
    title: 'OpenAI (Codex)',
    paths: { authorize: '/oauth/authorize', token: '/oauth/token', revoke: '/oauth/revoke' },
    resources: { '/backend-api/wham/usage': { endpoint: 'usage', answer: usage } },
    clientId: 'app_EMoamEEZ73f0CkXaXp7hrann',
    handsOutClientIds: false,
    hasDeviceSignIn: true,
    furtherClients: ['app_acme'],
    client: {
      application_type: 'web',
      redirect_uris: redirectPorts.map((port) => `http://127.0.0.1:${port}/auth/callback`),
    },
    scopes: ['openid', 'profile', 'email', 'offline_access', 'api.connectors.read', 'api.connectors.invoke'],
    accessTokenSeconds: 864_000,
    plan: ({ openai: { plan } }) => (plan === 'pro' ? 'ChatGPT Pro' : 'ChatGPT Plus'),
    claims: (person) => ({ email: person.email, email_verified: true, name: person.name, [AUTH_CLAIM]: auth(person) }),
    checkAuthorization: () => undefined,
    checkRequest: ({ endpoint, contentType }) =>
      endpoint === 'revoke' && contentType !== 'application/json'
        ? { error: 'invalid_request', detail: 'the body is not JSON' }
        : undefined,
    callback: (query) => query.delete('iss'),
    accessToken: { wear: jwtLike, bare: (token) => token.split('.')[2] ?? '' },
    refreshToken: { wear: (token) => token, bare: (token) => (token.includes('.') ? '' : token) },
    granted: ({ expires_in: _, ...answer }) => answer,
    refused: (refusal, description) => nestedError(errorCode(refusal), description ?? refusal.error),
    denied: (message) => nestedError('token_invalidated', message),
    revokedHeaders: () => ({}),
  }
}

/**
 * Looks like a JWT and has its claims; the server's own opaque token stands where the
 * signature would be. The Codex CLI checks no signature either.
 */
function jwtLike(token: string, { person, scopes, issuedAt, expiresAt }: Holder, issuer: string): string {
  const claims = {
    iss: issuer,
    aud: ['https://api.openai.com/v1'],
    sub: person.id,
    iat: issuedAt,
    exp: expiresAt,
    scp: scopes,
    [AUTH_CLAIM]: auth(person),
    'https://api.openai.com/profile': { email: person.email, email_verified: true },
  }
  const encoded = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  return [...encoded, token].join('.')
}

function auth({ name, openai: { plan, ...own } }: Person): unknown {
  return {
    chatgpt_account_id: own.accountId,
    chatgpt_plan_type: plan,
    chatgpt_user_id: own.userId,
    user_id: own.userId,
    organizations: [{ id: own.organizationId, title: name, is_default: true, role: 'owner' }],
  }
}

/** OpenAI's clients tell a spent refresh token from a dead one by these codes. */
const ERROR_CODES: Readonly<Record<string, string>> = {
  'refresh token already used': 'refresh_token_reused',
  'refresh token is expired': 'refresh_token_expired',
  'refresh token not found': 'refresh_token_invalidated',
  'grant not found': 'refresh_token_invalidated',
}

function errorCode({ error, detail }: Refusal): string {
  return ERROR_CODES[detail] ?? error
}

function usage({ openai: { plan } }: Person): unknown {
  return {
    plan_type: plan,
    rate_limit: {
      primary_window: { used_percent: 12, limit_window_seconds: 18_000, reset_at: 1_893_474_000 },
      secondary_window: { used_percent: 34, limit_window_seconds: 604_800, reset_at: 1_893_974_400 },
    },
    credits: null,
  }
}
