import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/model/secret.ts'
import type { TokenSet } from '../../src/model/tokens.ts'
import { readRenewal } from '../../src/oauth/renewal.ts'

const NOW_MS = Date.parse('2026-11-21T10:00:00Z')
const DAY_MS = 86_400_000
/** Ten years from now: no lifetime is believed to be longer. */
const LATEST_MS = NOW_MS + 315_360_000_000
const OLD: TokenSet = {
  accessToken: new Secret('AT-1'),
  refreshToken: new Secret('RT-1'),
  idToken: new Secret('ID-1'),
  expiresAtMs: NOW_MS - 1000,
  refreshExpiresAtMs: NOW_MS + DAY_MS,
  scopes: ['a', 'b'],
}
const GOOD = { token_type: 'Bearer', access_token: 'AT-2', refresh_token: 'RT-2', expires_in: 3600 }
const readText = (body: string) => readRenewal(body, OLD, NOW_MS)
const read = (change: object) => readText(JSON.stringify({ ...GOOD, ...change }))
const jwt = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`

/** What is kept, as plain values. */
const kept = ({ tokens }: ReturnType<typeof readRenewal>) => ({
  access: tokens.accessToken.reveal(),
  refresh: tokens.refreshToken?.reveal(),
  id: tokens.idToken?.reveal(),
})

describe('readRenewal', () => {
  it('takes a whole new set of tokens', () => {
    const renewal = read({ id_token: 'ID-2', refresh_token_expires_in: 60, scope: 'a b' })
    expect(kept(renewal)).toEqual({ access: 'AT-2', refresh: 'RT-2', id: 'ID-2' })
    expect(renewal.tokens).toMatchObject({ expiresAtMs: NOW_MS + 3_600_000, refreshExpiresAtMs: NOW_MS + 60_000 })
    expect(renewal).toMatchObject({ flaw: undefined, warnings: [] })
  })

  it.each([undefined, null, ''])('R2: keeps the old refresh token and its end where the answer holds %j', (none) => {
    const renewal = read({ refresh_token: none })
    expect(kept(renewal)).toEqual({ access: 'AT-2', refresh: 'RT-1', id: 'ID-1' })
    expect(renewal.tokens.refreshExpiresAtMs).toBe(NOW_MS + DAY_MS)
    expect(renewal).toMatchObject({ flaw: undefined, warnings: [] })
  })

  it('R2: takes the same refresh token once more for the old one', () => {
    const renewal = read({ refresh_token: 'RT-1' })
    expect(kept(renewal).refresh).toBe('RT-1')
    expect(renewal.tokens.refreshExpiresAtMs).toBe(NOW_MS + DAY_MS)
  })

  it('leaves the end of a new refresh token unknown where nobody tells it', () => {
    expect(read({}).tokens.refreshExpiresAtMs).toBeUndefined()
  })

  it.each([
    ['T15: no lifetime', { expires_in: undefined }],
    ['T16: a negative lifetime', { expires_in: -1 }],
    ['T16: a word for a lifetime', { expires_in: 'soon' }],
    ['T16: a list for a lifetime', { expires_in: [3600] }],
    ['T16: a lifetime beyond all dates', { expires_in: 1e308 }],
    ['T16: an odd lifetime of the refresh token', { refresh_token_expires_in: { a: 1 } }],
    ['T17: no type', { token_type: undefined }],
    ['T17: the type in capitals', { token_type: 'BEARER' }],
    ['T20: prototype pollution', JSON.parse('{"__proto__":{"x":1},"constructor":{"y":2}}') as object],
    ['T20: something nested 2,000 deep', { extra: JSON.parse('['.repeat(2000) + ']'.repeat(2000)) as unknown }],
    ['T22: the scope as a list', { scope: ['a'] }],
    ['T22: an empty scope', { scope: '' }],
    ['T22: the scope as a number', { scope: 5 }],
    ['T23: an ID token that is a number', { id_token: 5 }],
    ['T23: an ID token of 3 MB', { id_token: `a.${'b'.repeat(3_000_000)}.c` }],
    ['T23: an ID token with nonsense in it', { id_token: 'a.b.c' }],
  ])('keeps both tokens beside %s', (_case, change) => {
    const renewal = read(change)
    expect([kept(renewal).access, kept(renewal).refresh]).toEqual(['AT-2', 'RT-2'])
    expect(renewal.flaw).toBeUndefined()
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  it.each([
    ['T17: the type mac', { token_type: 'mac' }],
    ['T17: the type DPoP', { token_type: 'DPoP' }],
    ['T17: a type that is a number', { token_type: 5 }],
    ['no access token', { access_token: undefined }],
    ['T18: an access token with an escape', { access_token: 'LEAK\u001b[2J' }],
    ['T18: an access token with a line break', { access_token: 'LEAK\r\nX: y' }],
    ['T18: an access token with a blank', { access_token: 'LEAK LEAK' }],
    ['T18: an access token that is not ASCII', { access_token: 'LEAKé' }],
    ['T18: an access token of 1 MB', { access_token: 'L'.repeat(1_000_000) }],
    ['an access token that is a record', { access_token: { LEAK: 1 } }],
  ])('T18: keeps the new refresh token and the old access token beside %s', (_case, change) => {
    const { flaw, ...renewal } = read({ id_token: 'ID-2', ...change })
    expect(kept({ flaw, ...renewal })).toEqual({ access: 'AT-1', refresh: 'RT-2', id: 'ID-1' })
    expect(renewal.tokens.expiresAtMs).toBe(OLD.expiresAtMs)
    expect(flaw).toMatchObject({ code: 'provider-rejected' })
    expect(flaw?.message).not.toContain('LEAK')
    expect(Object.keys(renewal.claims)).toEqual([])
  })

  it.each([
    ['a line break', 'LEAK\r\n'],
    ['an escape', 'LEAK\u001b[2J'],
    ['a blank', 'LEAK LEAK'],
    ['a letter that is not ASCII', 'LEAKé'],
    ['a megabyte', 'L'.repeat(1_000_000)],
    ['a record in its place', { LEAK: 1 }],
  ])('T18: keeps the old refresh token in place of one with %s, takes the access token, and says so', (_case, odd) => {
    const renewal = read({ refresh_token: odd })
    expect(kept(renewal)).toEqual({ access: 'AT-2', refresh: 'RT-1', id: 'ID-1' })
    expect(renewal.warnings).toEqual([
      'the provider sent a refresh token that no token can look like; the old one was kept',
    ])
    expect(renewal.flaw).toBeUndefined()
  })

  it('T21: lets the last of two equal names win', () => {
    expect(
      kept(readText('{"access_token":"A","refresh_token":"R","access_token":"B","refresh_token":"S"}')),
    ).toMatchObject({
      access: 'B',
      refresh: 'S',
    })
  })

  it('T22: tells what was not granted again', () => {
    expect(read({ scope: 'a' })).toMatchObject({
      tokens: { scopes: ['a'] },
      warnings: ['the provider did not grant b'],
    })
    expect(read({}).tokens.scopes).toEqual(['a', 'b'])
  })

  it('T24: counts the lifetime of a JWT from receipt on, whatever the clock here says', () => {
    const iat = NOW_MS / 1000 + 7200
    const token = jwt({ iat, exp: iat + 600 })
    expect(read({ expires_in: undefined, access_token: token }).tokens.expiresAtMs).toBe(NOW_MS + 600_000)
  })

  it.each([
    { iat: -1e15, exp: 1e9 },
    { iat: -1e308, exp: 1 },
    { iat: 0, exp: 1e308 },
    { exp: 1e308 },
    { exp: -1 },
    { exp: 'soon' },
  ])('T16: makes no impossible date of the claims %j', (claims) => {
    const { expiresAtMs } = read({ expires_in: undefined, access_token: jwt(claims) }).tokens
    expect(expiresAtMs === undefined || (expiresAtMs >= 0 && expiresAtMs <= LATEST_MS)).toBe(true)
  })

  it('tells the claims and what stands beside the tokens, and no token', () => {
    const { claims, extras } = read({ id_token: jwt({ sub: 'acc-1' }), account: { uuid: 'acc-1' } })
    expect(claims).toMatchObject({ sub: 'acc-1' })
    expect(extras).toEqual({ token_type: 'Bearer', expires_in: 3600, account: { uuid: 'acc-1' } })
  })
})

const NEIGHBOURS = [
  'access_token',
  'token_type',
  'expires_in',
  'refresh_token_expires_in',
  'scope',
  'id_token',
  'error',
]
const printable = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
})
const anything = fc.oneof(
  fc.jsonValue(),
  printable,
  fc.record({ iat: fc.double(), exp: fc.double() }).map(jwt),
  fc.constant(undefined),
)

describe('readRenewal, of anything at all', () => {
  it('never throws, and keeps a refresh token whatever the text', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.json())
    fc.assert(
      fc.property(texts, (body) => {
        const { tokens } = readText(body)
        expect(tokens.refreshToken).toBeDefined()
      }),
    )
  })

  it('takes a sound refresh token, whatever stands beside it, and makes only possible dates', () => {
    const beside = fc.record(Object.fromEntries(NEIGHBOURS.map((name) => [name, anything])), { requiredKeys: [] })
    fc.assert(
      fc.property(printable, beside, (token, neighbours) => {
        const { tokens, flaw } = readText(JSON.stringify({ ...neighbours, refresh_token: token }))
        expect(tokens.refreshToken?.reveal()).toBe(token)
        for (const endMs of [tokens.expiresAtMs, tokens.refreshExpiresAtMs]) {
          expect(endMs === undefined || (endMs >= 0 && endMs <= LATEST_MS)).toBe(true)
        }
        expect(tokens.accessToken.reveal()).toBe(flaw === undefined ? neighbours['access_token'] : 'AT-1')
      }),
    )
  })
})
