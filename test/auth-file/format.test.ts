import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatAuthFile, newAuthFile, parseAuthFile } from '../../src/auth-file/format.ts'
import { AuthError } from '../../src/model/errors.ts'
import { account } from '../fakes/account.ts'

const FILE = { ...newAuthFile('f'), accounts: [account()] }
const TEXT = formatAuthFile(FILE)
const failure = (text: string) => {
  try {
    parseAuthFile(text)
  } catch (error) {
    return error as AuthError
  }
  throw new Error('the text was accepted')
}
const changed = (path: (string | number)[], value: unknown) => {
  const copy = structuredClone(FILE) as unknown as Record<string, unknown>
  const last = path.pop() ?? ''
  const parent = path.reduce<Record<string, unknown>>((at, step) => at[step] as Record<string, unknown>, copy)
  parent[last] = value
  return JSON.stringify(copy)
}

describe('parseAuthFile', () => {
  it('reads what formatAuthFile wrote', () => expect(parseAuthFile(TEXT)).toEqual(FILE))

  it('F9: keeps unknown fields at every level', () => {
    const copy = JSON.parse(TEXT) as { accounts: object[]; preferences: object }
    const grown = {
      ...copy,
      later: { a: [1] },
      preferences: { ...copy.preferences, later: 1 },
      accounts: [{ ...copy.accounts[0], later: null, secret: { ...account().secret, later: true } }],
    }
    expect(JSON.parse(formatAuthFile(parseAuthFile(JSON.stringify(grown))))).toEqual(grown)
  })

  it('F9: keeps any unknown JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (later) => {
        const text = JSON.stringify({ ...FILE, later })
        expect(JSON.parse(formatAuthFile(parseAuthFile(text)))).toEqual(JSON.parse(text))
      }),
    )
  })

  it('F3, F4: reads a byte-order mark, CRLF and trailing blanks', () => {
    expect(parseAuthFile(`\uFEFF${TEXT.replaceAll('\n', '\r\n')}  \n`)).toEqual(FILE)
  })

  it.each([
    ['F1: a truncated file', TEXT.slice(0, 40)],
    ['F2: an empty file', ''],
    ['F2: blanks', ' \n'],
    ['F7: a list', '[]'],
    ['F7: accounts as a text', changed(['accounts'], 'x')],
    ['F7: accounts as a record', changed(['accounts'], {})],
    ['F7: a version as a text', changed(['version'], '2')],
    ['F7: a time that is none', changed(['accounts', 0, 'expiresAt'], 'soon')],
    ['F7: a state that is none', changed(['accounts', 0, 'state'], 'fine')],
    ['F7: a secret that is none', changed(['accounts', 0, 'secret'], 'x')],
    [
      'an account that stands there twice',
      JSON.stringify({ ...FILE, accounts: [account(), account({ id: 'b', name: 'Work' })] }),
    ],
    ['a file of the old format', '{"OPENAI_API_KEY":null,"tokens":{"access_token":"AT-LEAK"}}'],
  ])('refuses %s as invalid', (_case, text) => expect(failure(text).code).toBe('auth-file-invalid'))

  it('F7: names the place of the fault, never the value', () => {
    expect(failure(changed(['accounts', 0, 'expiresAt'], 'LEAK')).message).toContain('accounts[0].expiresAt')
    expect(failure(changed(['accounts', 0, 'expiresAt'], 'LEAK')).message).not.toContain('LEAK')
  })

  it.each([null, 'LEAK', 0])('F7: refuses %j as enabled', (value) => {
    const { message } = failure(changed(['accounts', 0, 'enabled'], value))
    expect(message).toContain('accounts[0].enabled is not a boolean')
    expect(message).not.toContain('LEAK')
  })

  it('F26: quotes nothing of a damaged file', () => {
    expect(failure('"rt-LEAK').message).not.toContain('LEAK')
    expect(failure(`{"a": rt-LEAK}`).message).not.toContain('LEAK')
  })

  it('F8: refuses a later version and says which program is needed', () => {
    expect(failure(changed(['version'], 99))).toMatchObject({ code: 'auth-file-too-new' })
  })

  it('F6: takes __proto__ for nothing special', () => {
    const text = TEXT.replace('"notes": null', '"notes": null, "__proto__": {"polluted": true}')
    const [first] = parseAuthFile(text).accounts
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(formatAuthFile({ ...FILE, accounts: first === undefined ? [] : [first] })).toContain('__proto__')
  })

  it('F19: refuses to write what is nested too deeply, with a message of its own', () => {
    const deep = parseAuthFile(`${TEXT.trim().slice(0, -1)},"deep":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)
    expect(() => formatAuthFile(deep)).toThrow(AuthError)
  })
})
