import type { Account } from '../../src/model/account.ts'
import { Secret } from '../../src/model/secret.ts'
import type { TokenBundle } from '../../src/model/tokens.ts'

/** An account that is signed in and lasts two hours from 2026-11-21T10:00:00Z. */
export function account(change: Partial<Account> = {}): Account {
  return {
    id: '6f1c1e6e-0000-4000-8000-000000000001',
    name: 'work',
    provider: 'claude',
    mode: 'max',
    state: 'active',
    stateReason: null,
    tier: 'max_20x',
    email: 'ada@example.com',
    accountId: 'acc-1',
    organizations: [],
    scopes: ['user:profile'],
    expiresAt: '2026-11-21T12:00:00.000Z',
    refreshExpiresAt: null,
    createdAt: '2026-11-20T10:00:00.000Z',
    updatedAt: '2026-11-20T10:00:00.000Z',
    lastRefreshedAt: null,
    lastUsedAt: null,
    cooldownUntil: null,
    priority: 0,
    endpoint: null,
    proxy: null,
    notes: null,
    usage: null,
    history: [],
    secret: { store: 'keychain', generation: 1, renewable: true },
    linkedTo: null,
    ...change,
  }
}

export function bundle(change: Partial<TokenBundle> = {}): TokenBundle {
  return {
    accountId: account().id,
    generation: 1,
    provider: 'claude',
    tokenEndpoint: 'https://platform.claude.com/v1/oauth/token',
    clientId: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
    tokens: {
      accessToken: new Secret('AT-1'),
      refreshToken: new Secret('RT-1'),
      idToken: undefined,
      expiresAtMs: Date.parse('2026-11-21T12:00:00Z'),
      refreshExpiresAtMs: undefined,
      scopes: ['user:profile'],
    },
    ...change,
  }
}
