import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/model/secret.ts'
import { formatCodexAuth, withoutTokens, withRenewedTokens } from '../../src/native-tools/codex-text.ts'
import type { TokenSet } from '../../src/model/tokens.ts'
import { readCodexAuth } from '../../src/native-tools/codex.ts'
import { vectorsOf } from './vectors.ts'

type Renewed = Pick<TokenSet, 'accessToken' | 'refreshToken' | 'idToken'>

const VECTORS = vectorsOf('codex').filter(({ expected }) => expected.error === undefined)
const CARRIED = VECTORS.filter(({ expected }) => expected.carries?.includes('tokens'))
const NOW = Date.parse('2026-11-21T14:06:30.623Z')
const RENEWED: Renewed = { accessToken: new Secret('AT-2'), refreshToken: new Secret('RT-2'), idToken: undefined }
const parsed = (text: string | undefined) => JSON.parse(text ?? 'null') as Record<string, unknown>
const renewed = (text: string, tokens = RENEWED) => withRenewedTokens(readCodexAuth(text), tokens, NOW).reveal()

describe('formatCodexAuth', () => {
  it.each(VECTORS)('gives the same JSON as it has read: $name', ({ text }) => {
    const written = formatCodexAuth(readCodexAuth(text)).reveal()
    expect(written).toBe(JSON.stringify(JSON.parse(text.replace(/^\uFEFF/, '')), undefined, 2))
  })

  it('gives the same JSON for any record, laid out as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (file) => {
        const expected = JSON.stringify(JSON.parse(JSON.stringify(file)), undefined, 2)
        expect(formatCodexAuth(readCodexAuth(JSON.stringify(file))).reveal()).toBe(expected)
      }),
    )
  })

  it('F9: keeps what JavaScript cannot hold: long numbers, keys in number form, keys that stand there twice', () => {
    const text = '{"b":12345678901234567890,"1":-0,"a":1e400,"0":0.10,"b":"\\ud800\\/"}'
    const written = formatCodexAuth(readCodexAuth(text)).reveal()
    expect(written).toBe(
      '{\n  "b": 12345678901234567890,\n  "1": -0,\n  "a": 1e400,\n  "0": 0.10,\n  "b": "\\ud800\\/"\n}',
    )
  })

  it('F19: writes a field that is nested a hundred thousand levels deep', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const written = formatCodexAuth(readCodexAuth(`{"zeta":${deep}}`)).reveal()
    expect(written.replace(/\s/g, '')).toBe(`{"zeta":${deep}}`)
  })
})

describe('withRenewedTokens', () => {
  it('writes byte for byte what Codex 0.169 wrote after renewing a file of 2025', () => {
    const text =
      '{"tokens":{"id_token":"e30.e30.e30","access_token":"AT-1","refresh_token":"RT-1","account_id":"acc-1"}}'
    expect(renewed(text)).toBe(
      [
        '{',
        '  "OPENAI_API_KEY": null,',
        '  "tokens": {',
        '    "id_token": "e30.e30.e30",',
        '    "access_token": "AT-2",',
        '    "refresh_token": "RT-2",',
        '    "account_id": "acc-1"',
        '  },',
        '  "last_refresh": "2026-11-21T14:06:30.623000000Z"',
        '}',
      ].join('\n'),
    )
  })

  it.each(CARRIED)('changes nothing but the tokens and the time of $name', ({ text }) => {
    const before = parsed(text.replace(/^\uFEFF/, ''))
    expect(parsed(renewed(text))).toEqual({
      OPENAI_API_KEY: null,
      ...before,
      tokens: { ...(before['tokens'] as object), access_token: 'AT-2', refresh_token: 'RT-2' },
      last_refresh: '2026-11-21T14:06:30.623000000Z',
    })
  })

  it.each(CARRIED)('reads back what it wrote: $name', ({ text }) => {
    const { tokens, accountIds, lastRefreshAtMs } = readCodexAuth(renewed(text))
    expect([tokens?.accessToken.reveal(), tokens?.refreshToken?.reveal()]).toEqual(['AT-2', 'RT-2'])
    expect(lastRefreshAtMs).toBe(NOW)
    expect(accountIds).toContain(readCodexAuth(text).identity.accountId)
  })

  it('keeps the refresh token when none is new', () => {
    const text = '{"tokens":{"access_token":"AT-1","refresh_token":"RT-1"}}'
    const { tokens } = readCodexAuth(renewed(text, { ...RENEWED, refreshToken: undefined }))
    expect(tokens?.refreshToken?.reveal()).toBe('RT-1')
  })

  it('keeps an ID token that was taken apart until there is a new one', () => {
    const idToken = { email: 'ada@example.com', raw_jwt: 'e30.e30.e30' }
    const text = JSON.stringify({ tokens: { id_token: idToken, access_token: 'AT-1', refresh_token: 'RT-1' } })
    const stored = (given: string | undefined) => {
      const tokens = { ...RENEWED, idToken: given === undefined ? undefined : new Secret(given) }
      return (parsed(renewed(text, tokens))['tokens'] as { id_token: unknown }).id_token
    }
    expect(stored(undefined)).toEqual(idToken)
    expect(stored('e30.e30.e30')).toEqual(idToken)
    expect(stored('e31.e31.e31')).toBe('e31.e31.e31')
  })

  it('F9: neither drops nor reorders nor changes a field that is foreign to Codex, at both levels', () => {
    fc.assert(
      fc.property(foreignFields(), foreignFields(), fc.nat(), fc.nat(), (outer, inner, at, innerAt) => {
        const ours = ['"access_token":"AT-1"', '"refresh_token":"RT-1"']
        const stored = inner.toSpliced(innerAt % (inner.length + 1), 0, ...ours)
        const fields = outer.toSpliced(at % (outer.length + 1), 0, `"tokens":{${stored.join()}}`)
        const after = renewed(`{${fields.join()}}`)
        expect(foreignAt(2, after)).toEqual(outer)
        expect(foreignAt(4, after)).toEqual(inner)
      }),
    )
  })
})

describe('withoutTokens', () => {
  const left = (name: string) =>
    withoutTokens(readCodexAuth(VECTORS.find((one) => one.name === name)?.text ?? '')).reveal()

  it.each([
    ['api-key-null-2025', '{\n  "OPENAI_API_KEY": null\n}'],
    ['api-key-null-with-mode', '{\n  "auth_mode": "chatgpt",\n  "OPENAI_API_KEY": null\n}'],
    ['empty-record', '{}'],
  ])('leaves of %s what does not belong to the sign-in', (name, rest) => expect(left(name)).toBe(rest))

  it('leaves the API key, and the mode that keeps Codex from billing it unasked', () => {
    expect(left('api-key-and-tokens-mode-chatgpt')).toBe(
      '{\n  "auth_mode": "chatgpt",\n  "OPENAI_API_KEY": "sk-fake"\n}',
    )
    expect(readCodexAuth(left('api-key-and-tokens-mode-chatgpt')).uses).toBe('nothing')
    expect(left('api-key-and-tokens')).toBe('{\n  "OPENAI_API_KEY": "sk-fake"\n}')
  })

  it('leaves foreign fields as they are', () => {
    expect(left('foreign-fields')).toBe('{\n  "zeta": 1,\n  "alpha": null\n}')
  })

  it.each(VECTORS)('leaves no token of $name', ({ text }) => {
    const rest = withoutTokens(readCodexAuth(text)).reveal()
    expect(readCodexAuth(rest).tokens).toBeUndefined()
    expect(rest).not.toContain('rt-fake')
  })
})

/** Fields as text, with keys in number form and numbers that JavaScript cannot hold among them. */
function foreignFields(): fc.Arbitrary<string[]> {
  const odd = fc.constantFrom('__proto__', 'constructor', '0', '1', '10')
  const name = fc.oneof(odd, fc.stringMatching(/^f[a-z]{0,3}$/))
  const value = fc.oneof(fc.constantFrom('12345678901234567890', '1e400', '-0', '"\\u0041"'), fc.nat().map(String))
  return fc.array(fc.tuple(name, value).map(([key, text]) => `"${key}":${text}`))
}

/** The fields at one indent, but for those that a renewal is about. */
function foreignAt(indent: number, text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${' '.repeat(indent)}"`))
    .map((line) => line.trim().replace(/,$/, '').replace('": ', '":'))
    .filter((line) => !/^"(?:OPENAI_API_KEY|tokens|last_refresh|access_token|refresh_token)"/.test(line))
}
