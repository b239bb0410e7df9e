import fc from 'fast-check'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { isSafeAddress } from '../../src/model/endpoint.ts'
import { parseDurationMs } from '../../src/model/duration.ts'
import { nearest } from '../../src/model/nearest.ts'
import { Secret } from '../../src/model/secret.ts'
import { cleanLine, record, text } from '../../src/model/untrusted.ts'

describe('cleanLine', () => {
  it.each([
    ['a screen wipe', 'a\u001b[2Jb', 'ab'],
    ['a window title', 'a\u001b]0;owned\u0007b', 'ab'],
    ['a clipboard write', 'a\u001b]52;c;cm0gLXJm\u0007b', 'ab'],
    ['a hyperlink', '\u001b]8;;http://evil\u001b\\click\u001b]8;;\u001b\\', 'click'],
    ['an eight-bit sequence', 'a\u009b31mb', 'ab'],
    ['an unfinished title', 'a\u001b]0;owned', 'a'],
    ['line breaks', 'a\r\nb\bc', 'a b c'],
    ['direction overrides', 'a\u202eb\u2066c', 'a b c'],
    ['lone surrogates', 'a\ud800b', 'a b'],
  ])('X1: removes %s whole', (_case, foreign, expected) => expect(cleanLine(foreign)).toBe(expected))

  it('X1: keeps names in every script', () => expect(cleanLine('Ada Łovelace 愛 😀')).toBe('Ada Łovelace 愛 😀'))

  it('X1: never returns a control, more than 200 characters or a second line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (foreign) => {
        const line = cleanLine(foreign)
        return !/\p{Cc}|\p{Cf}/u.test(line) && Array.from(line).length <= 200
      }),
    )
  })
})

describe('record and text', () => {
  it('F6: give no access to a prototype', () => {
    expect(record({})['constructor']).toBeUndefined()
    expect(record(JSON.parse('{"__proto__":{"a":1}}'))['a']).toBeUndefined()
    expect(record('x')['length']).toBeUndefined()
  })

  it('take nothing but a text for a text', () => {
    expect([5, null, {}, '', ' \n'].map(text)).toEqual([undefined, undefined, undefined, undefined, undefined])
  })
})

describe('isSafeAddress', () => {
  it.each([
    'https://claude.com/cai/oauth/authorize',
    'http://127.0.0.1:8080/a?b=c',
    'http://127.9.9.9/',
    'http://localhost/x',
    'http://[::1]:1/x',
  ])('accepts %s', (address) => expect(isSafeAddress(address)).toBe(true))

  it.each([
    'a:$(calc.exe)?response_type=code',
    'https://x/"&calc&"',
    'https://x/%USERPROFILE%',
    'file:///etc/passwd',
    'javascript:alert(1)',
    '--version',
    '\\\\host\\share\\a.exe',
    'http://evil.example/authorize',
    'http://localhost.evil.example/',
    'http://127.0.0.1.evil.example/',
    'https://user:password@x.example/',
    'https://x.example/a b',
    'https://x.example/\u001b[2J',
    'https://x.example/#fragment',
    'https://x.example/`id`',
    'https://x.example:99999999/',
    ' https://x.example/',
    `https://x.example/${'a'.repeat(9000)}`,
  ])('U4: refuses %s', (address) => expect(isSafeAddress(address)).toBe(false))
})

describe('Secret', () => {
  it('X7: prints as [secret] in every usual way', () => {
    const secret = new Secret('AT-LEAK')
    const printed = [
      String(secret),
      // eslint-disable-next-line @typescript-eslint/restrict-template-expressions -- the point of the test
      `${secret}`,
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ a: [secret] }, { depth: 9, showHidden: true }),
    ]
    expect(printed.join()).not.toContain('LEAK')
    expect(secret.reveal()).toBe('AT-LEAK')
  })
})

describe('parseDurationMs', () => {
  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('reads %s', (words, ms) => {
    expect(parseDurationMs(words)).toBe(ms)
  })
  it.each(['', '5', 'm', '-5m', '0s', '1.5h', '5 m', '9999999s', '5w'])('refuses %j', (words) => {
    expect(parseDurationMs(words)).toBeUndefined()
  })
})

describe('nearest', () => {
  it('finds what was probably meant, and nothing for something else', () => {
    expect(nearest('cluade', ['claude', 'openai'])).toBe('claude')
    expect(nearest('gemini', ['claude', 'openai'])).toBeUndefined()
  })
})
