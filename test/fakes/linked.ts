import type { Account } from '../../src/model/account.ts'
import { Secret } from '../../src/model/secret.ts'
import { openai } from '../../src/providers/openai.ts'
import type { FakePorts, FakeWorld } from './ports.ts'
import { inSeconds, putTokens, worldWith } from './renewing.ts'

export const CODEX_PATH = '/home/ada/.codex/auth.json'
export const CLAUDE_PATH = '/home/ada/.claude/.credentials.json'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = (claims: object) => `${part({ alg: 'none' })}.${part(claims)}.c2ln`
const claims = (accountId: string, plan = 'plus') => ({
  'https://api.openai.com/auth': { chatgpt_account_id: accountId, chatgpt_plan_type: plan },
})

/** An access token of OpenAI that ends so many seconds from now; the number tells it from others. */
export const accessToken = (number: number, leftSeconds: number, accountId = 'acc-1') =>
  jwt({ number, exp: Math.floor(inSeconds(leftSeconds) / 1000), ...claims(accountId) })

export const idToken = (plan = 'plus', accountId = 'acc-1') =>
  jwt({ email: 'ada@example.com', ...claims(accountId, plan) })

export interface CodexFile {
  readonly access?: string
  readonly refresh?: string | null
  readonly id?: string
  readonly accountId?: string
  readonly lastRefresh?: string
  /** Beside the tokens, and among them. */
  readonly top?: object
  readonly among?: object
}

/** Codex's `auth.json`, as Codex 0.169 lays it out. */
export function codexFile(file: CodexFile = {}): string {
  const { access = accessToken(1, -40), refresh = 'RT-1', id = idToken(), accountId = 'acc-1' } = file
  const tokens = { id_token: id, access_token: access, refresh_token: refresh, ...file.among, account_id: accountId }
  const content = { auth_mode: 'chatgpt', OPENAI_API_KEY: null, tokens, last_refresh: file.lastRefresh, ...file.top }
  return JSON.stringify(content, undefined, 2)
}

/** What Codex or aiauth puts into such a file with a renewal. */
export const codexTokensIn = (text: string | undefined) => {
  const { tokens, last_refresh } = JSON.parse(text ?? '{}') as Record<string, Record<string, string>>
  return { access: tokens?.['access_token'], refresh: tokens?.['refresh_token'], lastRefresh: last_refresh }
}

/** An answer of OpenAI's token endpoint. */
export const openaiGrants =
  (number: number, change: object = {}) =>
  () => ({
    body: JSON.stringify({
      token_type: 'Bearer',
      access_token: accessToken(number, 28_800),
      refresh_token: `RT-${number}`,
      id_token: idToken(),
      ...change,
    }),
  })

/** An account that shares its grant with Codex: `RT-1`, and an access token with `leftSeconds`. */
export function codexWorld(leftSeconds: number, world: FakeWorld = {}, change: Partial<Account> = {}): FakePorts {
  const linkedTo = { tool: 'codex', path: CODEX_PATH }
  const facts = { provider: 'openai', mode: 'codex', tier: 'plus', linkedTo, ...change }
  const ports = worldWith(leftSeconds, world, facts)
  const tokens = {
    accessToken: new Secret(accessToken(1, leftSeconds)),
    idToken: new Secret(idToken()),
    expiresAtMs: inSeconds(leftSeconds),
    scopes: ['openid'],
  }
  const { tokenEndpoint = '', clientId } = openai
  putTokens(ports, tokens, { provider: 'openai', tokenEndpoint, clientId })
  return ports
}

export interface ClaudeFile {
  readonly access?: string
  readonly refresh?: string | null
  readonly expiresAtMs?: number | null
  readonly accountUuid?: string
  readonly scopes?: readonly string[]
}

/** Claude Code's `.credentials.json`. */
export function claudeFile(file: ClaudeFile = {}): string {
  const { access = 'AT-1', refresh = 'RT-1', expiresAtMs = inSeconds(-40), accountUuid } = file
  const scopes = file.scopes ?? ['user:inference', 'user:profile']
  const signIn = { accessToken: access, refreshToken: refresh, expiresAt: expiresAtMs, scopes, subscriptionType: 'max' }
  return JSON.stringify({ claudeAiOauth: { ...signIn, ...(accountUuid !== undefined && { accountUuid }) } })
}

/** An account that shares the grant of Claude Code: `AT-1` with `leftSeconds`, and `RT-1`. */
export function claudeWorld(leftSeconds: number, world: FakeWorld = {}, change: Partial<Account> = {}): FakePorts {
  const linkedTo = { tool: 'claude-code', path: CLAUDE_PATH }
  return worldWith(leftSeconds, world, { linkedTo, ...change })
}
