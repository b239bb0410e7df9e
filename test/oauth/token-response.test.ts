import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import type { HttpReply } from '../../src/model/ports.ts'
import { record } from '../../src/model/untrusted.ts'
import { refusalOf } from '../../src/oauth/refusal.ts'
import { jsonBody, readTokenResponse } from '../../src/oauth/token-response.ts'
import { claude } from '../../src/providers/claude.ts'

const NOW_MS = Date.parse('2026-11-21T10:00:00Z')
const GOOD = { access_token: 'AT', refresh_token: 'RT', token_type: 'Bearer', expires_in: 3600, scope: 'a b' }
const read = (change: object, asked = ['a', 'b']) => readTokenResponse(record({ ...GOOD, ...change }), asked, NOW_MS)
const jwt = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`
const reply = (status: number, body: string, headers: Record<string, string> = {}): HttpReply => ({
  status,
  body,
  headers,
})
const told = (answer: HttpReply) => refusalOf(claude, answer, jsonBody(answer))

describe('readTokenResponse', () => {
  it.each([
    ['a number', 3600, NOW_MS + 3_600_000],
    ['digits as a text', '3600', NOW_MS + 3_600_000],
    ['zero', 0, NOW_MS],
    ['a fraction', 3599.5, NOW_MS + 3_599_000],
    ['more than ten years', 1e308, NOW_MS + 315_360_000_000],
    ['a negative number', -1, undefined],
    ['null', null, undefined],
    ['a word', 'soon', undefined],
    ['a number with a unit', '1h', undefined],
    ['a hexadecimal number', '0x10', undefined],
    ['true', true, undefined],
  ])('T16: reads a lifetime that is %s and keeps the tokens', (_case, expiresIn, expected) => {
    const { tokens } = read({ expires_in: expiresIn })
    expect(tokens.expiresAtMs).toBe(expected)
    expect(tokens.accessToken.reveal()).toBe('AT')
  })

  it('T15: leaves a missing lifetime unknown', () => {
    expect(read({ expires_in: undefined }).tokens.expiresAtMs).toBeUndefined()
    expect(read({ expires_in: undefined }).warnings).toEqual([])
  })

  it('T15, T24: takes the lifetime of a JWT from receipt on, whatever the clock says', () => {
    const iat = NOW_MS / 1000 - 7200
    const { tokens } = read({ expires_in: undefined, access_token: jwt({ iat, exp: iat + 864_000 }) })
    expect(tokens.expiresAtMs).toBe(NOW_MS + 864_000_000)
  })

  it.each(['mac', 'DPoP', 5])('T17: refuses a token of the type %s', (type) => {
    expect(() => read({ token_type: type })).toThrow(AuthError)
  })

  it.each(['bearer', 'BEARER', undefined])('T17: accepts a token of the type %s', (type) => {
    expect(read({ token_type: type }).tokens.accessToken.reveal()).toBe('AT')
  })

  it.each([
    ['a line break', 'AT\r\nX: y'],
    ['an escape', 'AT\u001b[2J'],
    ['a blank', 'AT AT'],
    ['a letter that is not ASCII', 'ATé'],
    ['a megabyte', 'A'.repeat(1_000_000)],
    ['no text', { a: 1 }],
  ])('T18, X5: refuses a token with %s and shows none of it', (_case, token) => {
    for (const field of ['access_token', 'refresh_token']) {
      const error = thrown(() => read({ [field]: token }))
      expect(error).toMatchObject({ code: 'provider-rejected' })
      expect(inspect(error, { depth: 9 })).not.toContain('AT')
    }
  })

  it('T19: stores a grant without a refresh token', () => {
    expect(read({ refresh_token: undefined }).tokens.refreshToken).toBeUndefined()
    expect(read({ refresh_token: null }).tokens.refreshToken).toBeUndefined()
  })

  it('T20: keeps what stands beside the tokens apart and pollutes nothing', () => {
    const body = jsonBody(
      reply(200, '{"access_token":"AT","__proto__":{"polluted":1},"constructor":{"x":1},"account":{"uuid":"u"}}'),
    )
    const { extras } = readTokenResponse(body ?? record(undefined), [], NOW_MS)
    expect(extras['account']).toEqual({ uuid: 'u' })
    expect(Object.keys(extras)).not.toContain('access_token')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('T21: lets the last of two equal names win', () => {
    expect(jsonBody(reply(200, '{"access_token":"first","access_token":"last"}'))?.['access_token']).toBe('last')
  })

  it('T22: warns when less was granted than asked, and takes an absent scope as granted', () => {
    expect(read({ scope: 'a' })).toMatchObject({
      tokens: { scopes: ['a'] },
      warnings: ['the provider did not grant b'],
    })
    expect(read({ scope: undefined })).toMatchObject({ tokens: { scopes: ['a', 'b'] }, warnings: [] })
    expect(read({ scope: ['a'] }).tokens.scopes).toEqual([])
    expect(read({ scope: ['a'] }).warnings).toHaveLength(1)
  })

  it.each([
    ['nonsense', 'x'],
    ['a number', 5],
    ['a JWT of the wrong shape', 'a.b.c'],
    ['3 MB', `a.${'b'.repeat(3_000_000)}.c`],
  ])('T23: keeps the tokens beside an ID token that is %s', (_case, idToken) => {
    const { tokens, claims } = read({ id_token: idToken })
    expect(tokens.accessToken.reveal()).toBe('AT')
    expect(Object.keys(claims)).toEqual([])
  })

  it('reads claims from the ID token, and from the access token where there is none', () => {
    expect(read({ id_token: jwt({ email: 'a@b.c' }) }).claims['email']).toBe('a@b.c')
    expect(read({ access_token: jwt({ email: 'a@b.c' }) }).claims['email']).toBe('a@b.c')
  })

  it('accepts a body with a byte-order mark', () => {
    expect(jsonBody(reply(200, '\uFEFF{"a":1}'))?.['a']).toBe(1)
  })
})

describe('refusalOf', () => {
  it.each([
    [
      'T1: half a body',
      reply(200, '{"access_token":"a","tok', { 'content-type': 'application/json' }),
      'is not an OAuth reply (application/json, status 200)',
    ],
    [
      'T2: a challenge page',
      reply(403, '<html>SECRET', { 'content-type': 'text/html; charset=utf-8' }),
      'is not an OAuth reply (text/html, status 403)',
    ],
    ['T4: an empty error', reply(400, ''), 'refused without a reason (status 400)'],
    [
      'T5: a nested error',
      reply(401, '{"error":{"code":"refresh_token_reused","message":"m\\u001b[2J"}}'),
      'refused (refresh_token_reused: m, status 401)',
    ],
    ['T6: an error in a 200', reply(200, '{"error":"invalid_grant"}'), 'refused (invalid_grant, status 200)'],
    [
      'T14: a redirect',
      reply(307, '', { location: 'https://evil.example' }),
      'redirect (status 307), which is never followed',
    ],
  ])('%s is told in one line', (_case, answer, words) => {
    const error = told(answer)
    expect(error.code).toBe('provider-rejected')
    expect(error.message).toContain(words)
    expect(error.message).not.toContain('SECRET')
  })

  it.each([
    ['2', 'for 2 s'],
    ['999999', 'for 86400 s'],
    ['-5', 'status 429)'],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 'status 429)'],
    [undefined, 'status 429)'],
  ])('T7: tells how long to wait after 429 with Retry-After %s', (retryAfter, words) => {
    const error = told(reply(429, '', retryAfter === undefined ? {} : { 'retry-after': retryAfter }))
    expect(error.code).toBe('provider-unavailable')
    expect(error.message).toContain(words)
  })

  it.each([500, 502, 503, 504])('T8: calls a %i an outage, not a refusal', (status) => {
    expect(told(reply(status, '<html>'))).toMatchObject({ code: 'provider-unavailable' })
  })

  it('X1: cuts a long description to one clean line', () => {
    const { message } = told(
      reply(400, JSON.stringify({ error: 'x', error_description: `a\n${'b'.repeat(5000)}\u202e` })),
    )
    expect(message.length).toBeLessThan(260)
    expect(message).not.toMatch(/[\n\u202e]/)
  })
})

function thrown(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}
