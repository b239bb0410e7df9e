import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { readCodexAuth, sameAccount } from '../../src/native-tools/codex.ts'
import { clear, failureOf, shown, time, vectorsOf } from './vectors.ts'

const VECTORS = vectorsOf('codex')
const READABLE = VECTORS.filter(({ expected }) => expected.error === undefined)
const DAMAGED = VECTORS.filter(({ expected }) => expected.error !== undefined)
const vector = (name: string) => READABLE.find((one) => one.name === name)?.text ?? ''

/** An unsigned JWT. */
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

/** Vectors leave out what Codex never has: scopes, and an expiry of the refresh token. */
const withoutScopes = (tokens: object | undefined) => tokens && { ...tokens, scopes: undefined }

describe('readCodexAuth', () => {
  it.each(READABLE)('M15, M16: reads $name', ({ text, expected }) => {
    const { source, tokens, apiKey, lastRefreshAtMs, ...facts } = readCodexAuth(text)
    const read = {
      ...facts,
      tokens: withoutScopes(shown(tokens)),
      apiKey: clear(apiKey),
      lastRefreshAt: time(lastRefreshAtMs),
    }
    expect(read).toEqual(expected)
    expect(source.reveal()).toBe(text.replace(/^\uFEFF/, ''))
  })

  it.each(DAMAGED)('M14: refuses $name', ({ text, expected }) => {
    const { code, message, hint } = failureOf(readCodexAuth, text)
    expect(code).toBe('auth-file-invalid')
    expect(message).toBe(`Codex's auth.json cannot be read: ${String(expected.error)}; it was left as it is`)
    expect(hint).toBe('put a good copy in its place, or sign in there again: codex login')
  })

  it.each(READABLE)('prints no secret of $name', ({ text }) => {
    const auth = readCodexAuth(text)
    const printed = [inspect(auth, { depth: 9, showHidden: true }), JSON.stringify(auth)].join()
    for (const secret of ['sk-fake', 'rt-fake', 'at-fake', 'eyJ', 'bk-fake', 'SK-fake', 'key-fake']) {
      expect(printed).not.toContain(secret)
    }
  })

  it('F26: quotes nothing of a damaged file', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z{}",:[\]]{0,30}$/), (noise) => {
        const { message, hint } = failureOf(readCodexAuth, `{"refresh_token": "rt-LEAK" ${noise} rt-LEAK`)
        expect(`${message}${String(hint)}`).not.toContain('LEAK')
      }),
    )
  })

  it('F26: throws nothing but an AuthError, whatever the text is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json(), almostCodex()), (text) => {
        try {
          readCodexAuth(text)
        } catch (error) {
          expect(error).toBeInstanceOf(AuthError)
        }
      }),
    )
  })

  it('M16: carries the other tokens over beside an ID token of 3 MB, and knows nothing of its claims', () => {
    const idToken = jwt({ email: `${'a'.repeat(3_000_000)}@example.com` })
    const tokens = { id_token: idToken, access_token: 'AT', refresh_token: 'RT' }
    const auth = readCodexAuth(JSON.stringify({ tokens }))
    expect(shown(auth.tokens)).toEqual({ accessToken: 'AT', refreshToken: 'RT', scopes: [] })
    expect(auth.identity).toEqual({ organizations: [] })
    expect(auth.leaves).toEqual([{ field: 'tokens.id_token', reason: 'holds nothing that can be a token' }])
    expect(auth.uses).toBe('chatgpt')
  })

  it('F19: reads a field that is nested a million levels deep', () => {
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`
    expect(readCodexAuth(`{"OPENAI_API_KEY":"sk-fake","zeta":${deep}}`).uses).toBe('api-key')
  })

  it.each(VECTORS)('agrees with what the real Codex said of $name', ({ expected, record }) => {
    const said = String(record['codexLoginStatus'])
    const { uses = 'nothing' } = expected as { uses?: string }
    expect(AGREEING[uses]).toContain(said)
  })
})

/**
 * Words of `codex login status` 0.169, by what Codex uses. Without anything to use it says
 * that it is signed in when the file can be read, and an agent's key of no real agent fails.
 */
const AGREEING: Readonly<Record<string, readonly string[]>> = {
  chatgpt: ['Logged in using ChatGPT'],
  'api-key': ['API key configured'],
  'personal-access-token': ['asks the provider'],
  'agent-identity': ['error'],
  bedrock: ['Logged in using Amazon Bedrock API key', 'Logged in using Amazon Bedrock AWS access keys'],
  nothing: ['error', 'Logged in using ChatGPT'],
}

describe('sameAccount', () => {
  it.each([
    ['the account that the file and its tokens name', 'api-key-null-2025', 'acc-1', true],
    ['another account', 'api-key-null-2025', 'acc-2', false],
    ['the account that only the tokens name', 'account-id-missing', 'acc-1', true],
    ['an account whose tokens are those of another', 'account-id-of-somebody-else', 'acc-2', false],
    ['any account where the file names none', 'api-key-alone', 'acc-1', false],
  ])('tells %s', (_case, name, accountId, is) => {
    expect(sameAccount(readCodexAuth(vector(name)), accountId)).toBe(is)
  })

  it('R22: sees by the access token that a renewal was for somebody else', () => {
    const file = JSON.parse(vector('api-key-null-2025')) as { tokens: object }
    const accessToken = jwt({ 'https://api.openai.com/auth': { chatgpt_account_id: 'acc-2' } })
    const auth = readCodexAuth(JSON.stringify({ ...file, tokens: { ...file.tokens, access_token: accessToken } }))
    expect(sameAccount(auth, 'acc-1')).toBe(false)
  })
})

/** Known fields with values of any kind. */
function almostCodex(): fc.Arbitrary<string> {
  const any = fc.oneof(fc.jsonValue(), fc.constant(jwt({ exp: 1e300, email: [] })), fc.constant('chatgpt'))
  const tokens = fc.record({ id_token: any, access_token: any, refresh_token: any, account_id: any, other: any })
  return fc
    .record(
      { auth_mode: any, OPENAI_API_KEY: any, tokens: fc.oneof(tokens, any), last_refresh: any },
      { requiredKeys: [] },
    )
    .map((file) => JSON.stringify(file))
}
