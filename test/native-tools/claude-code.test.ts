import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { readClaudeCodeAuth } from '../../src/native-tools/claude-code.ts'
import { failureOf, shown, vectorsOf } from './vectors.ts'

const VECTORS = vectorsOf('claude-code')
const READABLE = VECTORS.filter(({ expected }) => expected.error === undefined)
const DAMAGED = VECTORS.filter(({ expected }) => expected.error !== undefined)

describe('readClaudeCodeAuth', () => {
  it.each(READABLE)('reads $name', ({ text, expected }) => {
    const { source, tokens, ...facts } = readClaudeCodeAuth(text)
    expect({ ...facts, tokens: shown(tokens) }).toEqual(expected)
    expect(source.reveal()).toBe(text.replace(/^\uFEFF/, ''))
  })

  it.each(DAMAGED)('refuses $name', ({ text, expected }) => {
    const { code, message, hint } = failureOf(readClaudeCodeAuth, text)
    expect(code).toBe('auth-file-invalid')
    expect(message).toBe(
      `Claude Code's .credentials.json cannot be read: ${String(expected.error)}; it was left as it is`,
    )
    expect(hint).toBe('put a good copy in its place, or sign in there again: claude auth login')
  })

  it.each(READABLE)('prints no secret of $name', ({ text }) => {
    const auth = readClaudeCodeAuth(text)
    const printed = [inspect(auth, { depth: 9, showHidden: true }), JSON.stringify(auth)].join()
    for (const secret of ['oat01-fake', 'ort01-fake', 'mcp-fake']) expect(printed).not.toContain(secret)
  })

  it('F26: throws nothing but an AuthError, whatever the text is', () => {
    const fields = ['accessToken', 'refreshToken', 'expiresAt', 'scopes', 'subscriptionType', 'rateLimitTier']
    const almost = fc
      .dictionary(fc.constantFrom(...fields), fc.jsonValue())
      .map((claudeAiOauth) => JSON.stringify({ claudeAiOauth }))
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json(), almost), (text) => {
        try {
          readClaudeCodeAuth(text)
        } catch (error) {
          expect(error).toBeInstanceOf(AuthError)
        }
      }),
    )
  })
})
