import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { tokenOfChoice } from '../../src/flows/token-of-choice.ts'
import type { Preferences } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import type { HttpReply, HttpRequest } from '../../src/model/ports.ts'
import { Secret } from '../../src/model/secret.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, NOW_MS, type FakePorts } from '../fakes/ports.ts'
import { answers, breakVault, failure, fails, granted, inSeconds, refusedForGood, timeIn } from '../fakes/renewing.ts'

interface Given {
  /** Seconds that the tokens of `first` and of `second` have left. */
  readonly left: readonly [number, number]
  readonly answers?: ((request: HttpRequest) => Partial<HttpReply>)[]
  readonly preferences?: Partial<Preferences>
  readonly variables?: Record<string, string>
}

function world({ left, answers: replies = [], preferences = {}, variables = {} }: Given): FakePorts {
  const names = ['first', 'second'] as const
  const accounts = names.map((name, index) =>
    account({ id: name, name, priority: index, expiresAt: timeIn(left[index] ?? 0) }),
  )
  const file = newAuthFile('f')
  const settled = { ...file, storage: 'keychain', accounts, preferences: { ...file.preferences, ...preferences } }
  const ports = fakePorts({ file: settled, answers: replies, variables })
  for (const [index, name] of names.entries()) {
    const tokens = { ...bundle().tokens, accessToken: new Secret(`AT-${name}`), refreshToken: new Secret(`RT-${name}`) }
    ports.bundles.set(
      name,
      bundle({ accountId: name, tokens: { ...tokens, expiresAtMs: inSeconds(left[index] ?? 0) } }),
    )
  }
  return ports
}
const choose = (ports: FakePorts, wanted: string | undefined = 'claude') =>
  tokenOfChoice(ports, { wanted, minValiditySeconds: 60 })
const sent = (ports: FakePorts) =>
  ports.requests.map(({ body }) => (JSON.parse(body ?? '') as { refresh_token: string }).refresh_token)

describe('tokenOfChoice', () => {
  it('gives the token of the first account, and notes who was given it', async () => {
    const ports = world({ left: [3600, 3600] })
    expect(await choose(ports)).toMatchObject({ account: { name: 'first' }, warnings: [] })
    const at = new Date(NOW_MS).toISOString()
    expect(ports.usesNoted).toEqual([{ accountId: 'first', at, program: 'codex', pid: 4711 }])
  })

  it('prefers an account whose token lasts to one that has to be renewed', async () => {
    const ports = world({ left: [-1, 3600] })
    expect(await choose(ports)).toMatchObject({ account: { name: 'second' }, warnings: [] })
    expect(ports.requests).toEqual([])
  })

  it.each([
    ['was refused for good', [refusedForGood], 'sign-in-required'],
    ['gets no answer', [fails('silence'), fails('silence'), fails('silence')], 'network'],
    ['has no network', Array.from({ length: 3 }, () => fails('no way', { notSent: true })), 'network'],
    ['is told to slow down', [answers(429, '', { 'retry-after': '60' })], 'provider-unavailable'],
    ['meets an outage', [answers(500), answers(500), answers(500)], 'provider-unavailable'],
    ['is refused for now', [answers(403), answers(403), answers(403)], 'provider-rejected'],
    ['gets tokens of somebody else', [granted({ account: { uuid: 'acc-2' } })], 'provider-rejected'],
  ])('falls back to the next account, with a warning, when the first %s', async (_case, replies, code) => {
    const ports = world({ left: [-1, -2], answers: [...replies, granted()] })
    const fresh = await choose(ports)
    expect(fresh).toMatchObject({ account: { name: 'second' }, outcome: 'renewed' })
    expect(fresh.warnings).toMatchObject([expect.stringMatching(/^using second in place of first: /)])
    expect(ports.usesNoted).toMatchObject([{ accountId: 'second' }])
    expect(sent(ports).at(-1)).toBe('RT-second')

    const alone = world({ left: [-1, -2], answers: replies, preferences: { fallbackEnabled: false } })
    expect(await failure(choose(alone))).toMatchObject({ code })
    expect(new Set(sent(alone))).toEqual(new Set(['RT-first']))
    expect(alone.usesNoted).toEqual([])
  })

  it('falls back when the tokens of the first are gone from the vault', async () => {
    const ports = world({ left: [3600, 3600] })
    ports.bundles.delete('first')
    expect(await choose(ports)).toMatchObject({ account: { name: 'second' } })
  })

  it.each(['storage-locked', 'storage-timed-out', 'storage-unavailable', 'cancelled'] as const)(
    'does not fall back from %s, which the next account would meet too',
    async (code) => {
      const ports = world({ left: [-1, 3600], preferences: { defaultAccount: 'first' } })
      breakVault(ports, 'read', new AuthError(code, 'no'))
      expect(await failure(choose(ports))).toMatchObject({ code, message: 'no' })
    },
  )

  it('goes no further when the next account meets trouble with the storage', async () => {
    const ports = world({ left: [-1, -2], answers: [refusedForGood] })
    const locked = new AuthError('storage-locked', 'no')
    const vault = ports.vaults.vault('keychain')
    const read = (id: string) => (id === 'second' ? Promise.reject(locked) : vault.read(id))
    Object.assign(ports.vaults, { vault: () => ({ ...vault, read }) })
    expect(await failure(choose(ports))).toBe(locked)
  })

  it('does not fall back from a bug', async () => {
    const ports = world({ left: [-1, 3600], preferences: { defaultAccount: 'first' } })
    Object.assign(ports.http, { send: () => Promise.reject(new TypeError('bug')) })
    expect(await failure(choose(ports))).toBeInstanceOf(TypeError)
  })

  it.each([
    ['that was named', 'first', {}, {}],
    ['that AIAUTH_ACCOUNT names', undefined, { AIAUTH_ACCOUNT: 'first' }, {}],
    ['that is the default', undefined, {}, { defaultAccount: 'first' }],
  ])('does not fall back from an account %s', async (_case, wanted, variables, preferences) => {
    const ports = world({ left: [-1, 3600], answers: [refusedForGood], variables, preferences })
    const work = tokenOfChoice(ports, { wanted, minValiditySeconds: 60 })
    expect(await failure(work)).toMatchObject({ code: 'sign-in-required' })
    expect(ports.usesNoted).toEqual([])
  })

  it('tells the failure of the first account when no other works either', async () => {
    const ports = world({ left: [-1, -2], answers: [refusedForGood, refusedForGood] })
    const error = await failure(choose(ports))
    expect(error).toMatchObject({ code: 'sign-in-required' })
    expect(String(error)).toContain('first: claude refused')
    expect(sent(ports)).toEqual(['RT-first', 'RT-second'])
  })

  it('R13: does not fall back while the old token of the first still works', async () => {
    const ports = world({ left: [40, 3600], answers: [answers(502)] })
    expect(await choose(ports)).toMatchObject({ account: { name: 'first' }, outcome: 'kept' })
  })

  it('X1: repeats no escape sequence of a provider in the warning', async () => {
    const hostile = answers(400, { error: 'invalid_grant', error_description: 'a\u001b[2J\u202eb\nc' })
    const ports = world({ left: [-1, 3600], answers: [hostile], preferences: { defaultAccount: 'first' } })
    expect((await choose(ports)).warnings.join()).toMatch(/^[\x20-\x7e]*$/)
  })
})
