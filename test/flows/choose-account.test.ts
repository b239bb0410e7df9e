import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { candidates, chooseAccount, effectiveAccount } from '../../src/flows/choose-account.ts'
import type { Account, AuthFile, Preferences } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import { account } from '../fakes/account.ts'
import { NOW_MS } from '../fakes/ports.ts'

const inSeconds = (seconds: number) => new Date(NOW_MS + seconds * 1000).toISOString()
const named = (name: string, change: Partial<Account> = {}) => account({ id: `id-${name}`, name, ...change })
const fileWith = (accounts: Account[], preferences: Partial<Preferences> = {}): AuthFile => {
  const file = newAuthFile('f')
  return { ...file, accounts, preferences: { ...file.preferences, ...preferences } }
}
const presetOf = (name: string | undefined) => (name === undefined ? undefined : { name })
const order = (file: AuthFile, wanted: string | undefined, preset?: string) =>
  candidates(file, { wanted, preset: presetOf(preset), nowMs: NOW_MS, settings: {} }).map(({ name }) => name)

const USED_UP = { windows: [{ name: '5 hours', usedPercent: 100, resetsAt: inSeconds(600) }] }
const USED_UP_AND_BEGUN_ANEW = { windows: [{ name: '5 hours', usedPercent: 100, resetsAt: inSeconds(-1) }] }
const OVER = { expiresAt: inSeconds(-1) }

describe('candidates of a provider', () => {
  it.each([
    ['by priority, the lower first', [named('a', { priority: 2 }), named('b', { priority: 1 })], {}, ['b', 'a']],
    [
      'by age where the priority is the same',
      [named('a', { createdAt: '2026-02-01T00:00:00Z' }), named('b', { createdAt: '2026-01-01T00:00:00Z' })],
      {},
      ['b', 'a'],
    ],
    ['active before expired, whatever the priority', [named('a', OVER), named('b', { priority: 9 })], {}, ['b', 'a']],
    [
      'what needs a new sign-in last',
      [named('a', { state: 'needs-login' }), named('b', { state: 'error' }), named('c', OVER), named('d')],
      {},
      ['d', 'c', 'b', 'a'],
    ],
    ['the default account first', [named('a'), named('b', OVER)], { defaultAccount: 'b' }, ['b', 'a']],
    ['the default account by its id', [named('a'), named('b', OVER)], { defaultAccount: 'id-b' }, ['b', 'a']],
    [
      'those in a cool-down last, the default account too',
      [named('a', { cooldownUntil: inSeconds(60) }), named('b', OVER)],
      { defaultAccount: 'a' },
      ['b', 'a'],
    ],
    [
      'those whose cool-down is over as ever',
      [named('a', { cooldownUntil: inSeconds(-1) }), named('b')],
      {},
      ['a', 'b'],
    ],
    ['those that are used up last', [named('a', { usage: USED_UP }), named('b', OVER)], {}, ['b', 'a']],
    ['those that have begun anew as ever', [named('a', { usage: USED_UP_AND_BEGUN_ANEW }), named('b')], {}, ['a', 'b']],
    [
      'those that are used up as ever where another strategy was chosen',
      [named('a', { usage: USED_UP }), named('b')],
      { selectionStrategy: 'priority' },
      ['a', 'b'],
    ],
    ['only the first without fall-back', [named('a'), named('b')], { fallbackEnabled: false }, ['a']],
    ['none of another provider', [named('a'), named('b', { provider: 'openai' })], {}, ['a']],
    ['also by its own name where an account is called like it', [named('claude'), named('b')], {}, ['claude', 'b']],
  ] as [string, Account[], Partial<Preferences>, string[]][])('are %s', (_case, accounts, preferences, expected) => {
    expect(order(fileWith(accounts, preferences), 'claude')).toEqual(expected)
  })

  it('F7: survive usage that is nonsense', () => {
    for (const usage of ['x', 5, [], { windows: 'x' }, { windows: [null, 5, { usedPercent: '100' }] }]) {
      expect(order(fileWith([named('a', { usage }), named('b')]), 'claude')).toEqual(['a', 'b'])
    }
  })
})

describe('candidates of a name', () => {
  const file = fileWith([named('a', { state: 'needs-login' }), named('b'), named('openai')])

  it('are that account alone, however bad its state', () => expect(order(file, 'a')).toEqual(['a']))

  it('are that account also where it is called like another provider', () => {
    expect(order(file, 'openai')).toEqual(['openai'])
  })

  it.each(['nobody', '', '__proto__'])('are an error for %j', (wanted) => {
    expect(() => order(file, wanted)).toThrow(AuthError)
    expect(() => order(fileWith([]), wanted)).toThrow(expect.objectContaining({ code: 'account-not-found' }))
  })
})

describe('effectiveAccount', () => {
  const openai = { provider: 'openai', mode: 'codex' }
  const accounts = [named('a', { priority: 5 }), named('b', { priority: 1 }), named('c', { ...openai, priority: 9 })]
  const chosen = (preferences: Partial<Preferences> = {}, preset?: string) => {
    const choice = effectiveAccount(fileWith(accounts, preferences), {
      preset: presetOf(preset),
      nowMs: NOW_MS,
      settings: {},
    })
    return [choice?.account.name, choice?.why]
  }

  it.each([
    [{}, undefined, 'b', 'the first by state, priority and age'],
    [{ preferredProvider: 'openai' }, undefined, 'c', 'the preferred provider'],
    [{ preferredProvider: 'nobody' }, undefined, 'b', 'the first by state, priority and age'],
    [{ preferredProvider: 'openai', defaultAccount: 'a' }, undefined, 'a', 'the default account'],
    [{}, 'c', 'c', 'AIAUTH_ACCOUNT'],
    [{ defaultAccount: 'c' }, 'c', 'c', 'AIAUTH_ACCOUNT'],
    [{ defaultAccount: 'a' }, 'c', 'c', 'AIAUTH_ACCOUNT, before the default a'],
    [{ defaultAccount: 'a' }, 'openai', 'c', 'AIAUTH_ACCOUNT, before the default a'],
    [{ defaultAccount: 'gone' }, undefined, 'b', 'the first by state, priority and age'],
  ])('with %j and AIAUTH_ACCOUNT=%s is %s: %s', (preferences, preset, name, why) => {
    expect(chosen(preferences, preset)).toEqual([name, why])
  })

  it('has nobody to stand in for it', () => {
    expect(order(fileWith(accounts), undefined)).toEqual(['b'])
    expect(order(fileWith(accounts), undefined, 'claude')).toEqual(['b'])
  })

  it('is an error for a preset that names nobody, and for nobody at all', () => {
    expect(() => chosen({}, 'nobody')).toThrow(AuthError)
    const nothing = { wanted: undefined, preset: undefined, nowMs: NOW_MS, settings: {} }
    expect(() => chooseAccount(undefined, nothing)).toThrow('nobody is signed in')
  })
})
