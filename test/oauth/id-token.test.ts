import { createHmac, createSign, generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AuthError } from '../../src/model/errors.ts'
import type { HttpReply } from '../../src/model/ports.ts'
import { Secret } from '../../src/model/secret.ts'
import { verifierOf, verifyIdToken } from '../../src/oauth/id-token.ts'
import { openaiChatgpt } from '../../src/providers/openai-chatgpt.ts'
import { fakePorts } from '../fakes/ports.ts'

const [ours, theirs] = [1, 2].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 })) as [Pair, Pair]
type Pair = KeyPairKeyObjectResult

const seconds = () => Math.floor(Date.now() / 1000)
const claims = () => ({
  iss: 'https://auth.openai.com',
  aud: ['oaiapp_1'],
  sub: 'user-1',
  nonce: 'n-1',
  iat: seconds(),
  exp: seconds() + 3600,
})
const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

function signed(changes: object = {}, header: object = { alg: 'RS256', kid: 'k' }, key = ours.privateKey): string {
  const content = `${encoded(header)}.${encoded({ ...claims(), ...changes })}`
  return `${content}.${createSign('RSA-SHA256').update(content).sign(key, 'base64url')}`
}

const KEYS = { keys: [{ ...ours.publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }] }

function verify(token: string | undefined, reply: Partial<HttpReply> = {}) {
  const ports = fakePorts({ answers: [() => ({ body: JSON.stringify(KEYS), ...reply })] })
  const idToken = token === undefined ? undefined : new Secret(token)
  const asked = { clientId: 'oaiapp_1', nonce: 'n-1' }
  const outcome = verifyIdToken(ports.http, openaiChatgpt, idToken, asked, ports.interruption).then(
    () => 'trusted',
    (error: unknown) => error as AuthError,
  )
  return { ports, outcome }
}

describe('verifyIdToken', () => {
  it('trusts what the provider signed for this client and this sign-in', async () => {
    const { ports, outcome } = verify(signed())
    expect(await outcome).toBe('trusted')
    expect(ports.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET https://auth.openai.com/.well-known/jwks.json',
    ])
  })

  it('T24: takes a clock that is some minutes off', async () => {
    expect(await verify(signed({ exp: seconds() - 120 })).outcome).toBe('trusted')
  })

  const hmac = (content: string) => createHmac('sha256', JSON.stringify(KEYS)).update(content).digest('base64url')
  const forged = `${encoded({ alg: 'HS256' })}.${encoded(claims())}`
  it.each([
    ['is missing', undefined, 'it is missing'],
    ['is no JWT', 'x', 'as it must be'],
    ['has no signature', `${encoded({ alg: 'none' })}.${encoded(claims())}.`, 'as it must be'],
    ['is signed with the public key', `${forged}.${hmac(forged)}`, 'as it must be'],
    ['is signed by somebody else', signed({}, undefined, theirs.privateKey), 'as it must be'],
    ['was changed', signed().replace(/\.[^.]+\./, `.${encoded({ ...claims(), sub: 'leak' })}.`), 'as it must be'],
    ['is of another issuer', signed({ iss: 'https://auth.openai.com.evil.example' }), 'its iss does not fit'],
    ['is for another client', signed({ aud: ['oaiapp_2'] }), 'its aud does not fit'],
    ['is for others too, and does not say whose it is', signed({ aud: ['oaiapp_1', 'leak'] }), 'cannot be trusted'],
    ['is of another sign-in', signed({ nonce: 'n-2' }), 'its nonce does not fit'],
    ['has no nonce', signed({ nonce: undefined }), 'cannot be trusted'],
    ['is over', signed({ exp: seconds() - 3600 }), 'its exp does not fit the clock here'],
    ['is of nobody', signed({ sub: undefined }), 'cannot be trusted'],
    ['has 3 MB', signed({ leak: 'x'.repeat(3_000_000), nonce: 'n-2' }), 'its nonce does not fit'],
  ])('T23: refuses one that %s', async (_case, token, words) => {
    const error = await verify(token).outcome
    expect(error).toMatchObject({ code: 'provider-rejected', message: expect.stringContaining(words) as string })
    expect(JSON.stringify([(error as AuthError).message, (error as AuthError).hint])).not.toMatch(/leak|evil/)
  })

  it.each([
    [{ status: 503, body: '' }, 'provider-unavailable'],
    [{ status: 404, body: 'leak' }, 'provider-rejected'],
    [{ body: 'leak' }, 'provider-rejected'],
    [{ body: '{"keys":[]}' }, 'provider-rejected'],
    [{ body: '{"keys":[{"kty":"RSA","n":"leak","e":"AQAB","kid":"k"}]}' }, 'provider-rejected'],
  ])('trusts nothing when the keys are %j', async (reply, code) => {
    const error = await verify(signed(), reply).outcome
    expect(error).toMatchObject({ code })
    expect((error as AuthError).message).not.toContain('leak')
  })

  it('is not begun without an issuer', () => {
    expect(() => verifierOf({ ...openaiChatgpt, issuer: undefined })).toThrow(/no keys to check ID tokens with/)
  })
})
