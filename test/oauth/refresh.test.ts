import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import type { HttpReply } from '../../src/model/ports.ts'
import type { Provider } from '../../src/model/provider.ts'
import { Secret } from '../../src/model/secret.ts'
import { record } from '../../src/model/untrusted.ts'
import { requestRefresh, type RefreshOutcome } from '../../src/oauth/refresh.ts'
import { claude } from '../../src/providers/claude.ts'
import { openai } from '../../src/providers/openai.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { bundle } from '../fakes/account.ts'
import { fakePorts, NOW_MS } from '../fakes/ports.ts'

const acme = getProvider(
  record({
    providers: { acme: { clientId: 'ours', clientSecret: 'CS-LEAK', tokenEndpoint: 'https://id.acme.example/token' } },
  }),
  'acme',
)
const heldFor = ({ id, tokenEndpoint, clientId }: Provider) =>
  bundle({ provider: id, tokenEndpoint: tokenEndpoint ?? '', clientId })

const refresh = (provider: Provider, answer: () => Partial<HttpReply>): Promise<RefreshOutcome> =>
  requestRefresh(fakePorts({ answers: [answer] }), provider, heldFor(provider), new Secret('RT-LEAK'))
const reply = (status: number, body: unknown = '', headers: Record<string, string> = {}): Partial<HttpReply> => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const TOKENS = { access_token: 'AT-2', refresh_token: 'RT-2', expires_in: 3600 }
const nested = (code: unknown, message = 'm') => ({ error: { code, message } })
const HTML = '<html><title>LEAK</title>'
type Kind = RefreshOutcome['kind']

describe('requestRefresh', () => {
  it.each([
    ['a grant', reply(200, TOKENS), 'answered', 'answered', 'answered'],
    [
      'T3: JSON as text/plain',
      reply(200, TOKENS, { 'content-type': 'text/plain' }),
      'answered',
      'answered',
      'answered',
    ],
    [
      'T3: JSON behind a byte-order mark',
      reply(200, `\uFEFF${JSON.stringify(TOKENS)}`),
      'answered',
      'answered',
      'answered',
    ],
    ['a refresh token alone', reply(200, { refresh_token: 'RT-2' }), 'answered', 'answered', 'answered'],
    [
      'T18: an access token that cannot be used',
      reply(200, { access_token: 'A\u001b' }),
      'answered',
      'answered',
      'answered',
    ],
    ['an error that is null', reply(200, { error: null, ...TOKENS }), 'answered', 'answered', 'answered'],
    ['an empty error beside tokens', reply(200, { error: '', ...TOKENS }), 'answered', 'answered', 'answered'],
    ['an empty nested error beside tokens', reply(200, { error: {}, ...TOKENS }), 'answered', 'answered', 'answered'],
    ['tokens with status 201', reply(201, TOKENS), 'answered', 'answered', 'answered'],
    ['T1: half a reply', reply(200, '{"access_token":"a","token_'), 'unknown', 'unknown', 'unknown'],
    ['T2: a page', reply(200, HTML), 'unknown', 'unknown', 'unknown'],
    ['nothing', reply(200), 'unknown', 'unknown', 'unknown'],
    ['a list', reply(200, [TOKENS]), 'unknown', 'unknown', 'unknown'],
    ['an empty record', reply(200, {}), 'unknown', 'unknown', 'unknown'],
    ['empty tokens', reply(200, { access_token: '', refresh_token: null }), 'unknown', 'unknown', 'unknown'],
    ['status 204', reply(204), 'unknown', 'unknown', 'unknown'],
    ['T14: a redirect', reply(302, '', { location: 'https://evil.example' }), 'unknown', 'unknown', 'unknown'],
    ['T14: a redirect that keeps the body', reply(308, '', { location: '/' }), 'unknown', 'unknown', 'unknown'],
    ['T8: status 500', reply(500, HTML), 'unknown', 'unknown', 'unknown'],
    ['T8: status 502', reply(502, ''), 'unknown', 'unknown', 'unknown'],
    ['T8: status 503 with a reason', reply(503, { error: 'temporarily_unavailable' }), 'unknown', 'unknown', 'unknown'],
    ['T8: a final word with status 500', reply(500, { error: 'invalid_grant' }), 'unknown', 'unknown', 'unknown'],
    ['T4: 400 without a body', reply(400), 'refused', 'refused', 'refused'],
    ['T2: a challenge page', reply(403, HTML, { 'content-type': 'text/html' }), 'refused', 'refused', 'refused'],
    ['T7: 429 without a body', reply(429), 'refused', 'refused', 'refused'],
    ['T7: 429 that says invalid_grant', reply(429, { error: 'invalid_grant' }), 'refused', 'refused', 'refused'],
    ['403 that says invalid_grant', reply(403, { error: 'invalid_grant' }), 'refused', 'refused', 'refused'],
    ['400 invalid_grant', reply(400, { error: 'invalid_grant' }), 'dead', 'dead', 'dead'],
    ['401 invalid_grant', reply(401, { error: 'invalid_grant' }), 'dead', 'dead', 'dead'],
    ['T6: invalid_grant with status 200', reply(200, { error: 'invalid_grant' }), 'dead', 'dead', 'dead'],
    ['T5: refresh_token_reused', reply(401, nested('refresh_token_reused')), 'refused', 'dead', 'refused'],
    ['T5: refresh_token_expired', reply(401, nested('refresh_token_expired')), 'refused', 'dead', 'refused'],
    ['T5: refresh_token_invalidated', reply(400, nested('refresh_token_invalidated')), 'refused', 'dead', 'refused'],
    ['T5: a nested invalid_grant', reply(400, nested('invalid_grant')), 'dead', 'dead', 'dead'],
    ['app_session_terminated', reply(401, { error: 'app_session_terminated' }), 'refused', 'dead', 'refused'],
    ['invalid_request', reply(400, { error: 'invalid_request' }), 'refused', 'dead', 'refused'],
    ['invalid_scope', reply(400, { error: 'invalid_scope' }), 'refused', 'dead', 'refused'],
    [
      'the error of Anthropic’s API',
      reply(401, { type: 'error', error: { type: 'authentication_error', message: 'no' } }),
      'refused',
      'dead',
      'refused',
    ],
    ['slow_down', reply(400, { error: 'slow_down' }), 'refused', 'refused', 'refused'],
    ['a nested server_error', reply(400, nested('server_error')), 'refused', 'refused', 'refused'],
    ['a nested rate_limit_exceeded', reply(400, nested('rate_limit_exceeded')), 'refused', 'refused', 'refused'],
    ['an error without a word', reply(400, { error: '' }), 'refused', 'refused', 'refused'],
    ['a nested error without a word', reply(401, { error: {} }), 'refused', 'refused', 'refused'],
    ['an error that is a number', reply(400, { error: 5 }), 'refused', 'refused', 'refused'],
  ] as [string, Partial<HttpReply>, Kind, Kind, Kind][])(
    '%s: an outcome of Claude, of OpenAI and of a server of the user’s own',
    async (_case, answer, ...expected) => {
      const outcomes = await Promise.all([claude, openai, acme].map((provider) => refresh(provider, () => answer)))
      expect(outcomes.map(({ kind }) => kind)).toEqual(expected)
      for (const outcome of outcomes) {
        if (outcome.kind !== 'answered')
          expect(outcome.error.message + String(outcome.error.hint)).not.toContain('LEAK')
      }
    },
  )

  it('hands an answer on as it came, with the time of its arrival', async () => {
    const body = `{"access_token":"AT-2", "__proto__":{"x":1}}\n`
    expect(await refresh(claude, () => reply(200, body))).toEqual({ kind: 'answered', body, receivedAtMs: NOW_MS })
  })

  it.each([
    ['2', 2000],
    ['Sat, 21 Nov 2026 10:00:30 GMT', 30_000],
    ['-5', undefined],
    ['999999', 86_400_000],
    [undefined, undefined],
  ])('T7: waits after 429 with Retry-After %s for %s ms', async (value, waitMs) => {
    const outcome = await refresh(claude, () => reply(429, '', value === undefined ? {} : { 'retry-after': value }))
    expect(outcome).toMatchObject({ kind: 'refused', waitMs, error: { code: 'provider-unavailable' } })
  })

  it('T7: takes the wait of a 503 too', async () => {
    expect(await refresh(claude, () => reply(503, '', { 'retry-after': '7' }))).toMatchObject({ waitMs: 7000 })
  })

  it('T5, X1: tells a nested reason as one clean line of at most 200 characters', async () => {
    const message = `\u001b]0;owned\u0007\u001b[2J\u202e\nspent ${'x'.repeat(5000)}`
    const outcome = await refresh(openai, () => reply(401, nested('refresh_token_reused', message)))
    if (outcome.kind !== 'dead') throw new Error(outcome.kind)
    expect(outcome.error.message).toMatch(/^openai refused \(refresh_token_reused: spent x+…, status 401\)$/)
    expect(outcome.error.message.length).toBeLessThan(240)
  })

  it.each([
    [true, 'not-sent'],
    [false, 'unknown'],
  ] as const)('T9, T10, T11, T13: tells from notSent: %s that the outcome is %s', async (notSent, kind) => {
    const error = new AuthError('network', 'no way to platform.claude.com', { notSent })
    const outcome = await refresh(claude, () => {
      throw error
    })
    expect(outcome).toEqual({ kind, error, waitMs: undefined })
  })

  it('lets through what no server has to do with: a proxy that is of no use, and a bug', async () => {
    for (const error of [new AuthError('usage', 'HTTPS_PROXY is no address'), new TypeError('bug')]) {
      const thrower = () => {
        throw error
      }
      await expect(refresh(claude, thrower)).rejects.toBe(error)
    }
  })
})

describe('the request of the refresh grant', () => {
  const sent = async (provider: Provider) => {
    const ports = fakePorts({ answers: [() => reply(200, TOKENS)] })
    await requestRefresh(ports, provider, heldFor(provider), new Secret('RT-LEAK'))
    return ports.requests[0]
  }

  it('is JSON with the scopes for Claude', async () => {
    const request = await sent(claude)
    expect(request).toMatchObject({
      purpose: 'refresh',
      method: 'POST',
      url: 'https://platform.claude.com/v1/oauth/token',
      headers: { accept: 'application/json', 'content-type': 'application/json', 'user-agent': claude.userAgent },
    })
    expect(JSON.parse(request?.body ?? '')).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'RT-LEAK',
      client_id: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
      scope: 'user:profile',
    })
  })

  it('is JSON without scopes for OpenAI', async () => {
    const request = await sent(openai)
    expect(request?.url).toBe('https://auth.openai.com/oauth/token')
    expect(JSON.parse(request?.body ?? '')).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'RT-LEAK',
      client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
    })
  })

  it('is a form with the client’s secret for a server of the user’s own (RFC 6749 §6)', async () => {
    const request = await sent(acme)
    expect(request?.headers['content-type']).toBe('application/x-www-form-urlencoded;charset=UTF-8')
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'RT-LEAK',
      client_id: 'ours',
      client_secret: 'CS-LEAK',
    })
  })
})
