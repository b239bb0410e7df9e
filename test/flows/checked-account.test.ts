import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { checkedAccount } from '../../src/flows/checked-account.ts'
import type { Account } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import type { HttpReply, HttpRequest } from '../../src/model/ports.ts'
import { openai } from '../../src/providers/openai.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

type Answer = (request: HttpRequest) => Partial<HttpReply>
const reply = (body: unknown, status = 200): Answer => {
  return () => ({ status, body: typeof body === 'string' ? body : JSON.stringify(body) })
}
const profile = (uuid = 'acc-1') =>
  reply({
    account: { uuid, email: 'new@example.com' },
    organization: { uuid: 'org-1', name: 'Lab', organization_type: 'claude_pro' },
  })
const denied = reply({ error: { type: 'authentication_error', message: 'no' } }, 401)
const granted = reply({ access_token: 'AT-2', refresh_token: 'RT-2', expires_in: 28_800 })
const dead = reply({ error: 'invalid_grant' }, 400)
const outOfScope = reply({ error: { type: 'permission_error', message: 'does not meet scope requirement' } }, 403)
const revoked = reply({ error: { type: 'permission_error', message: 'OAuth token has been revoked' } }, 403)
const REFUSED = 'claude refused (authentication_error: no, status 401)'

function worldWith(answers: Answer[], change: Partial<Account> = {}, world: FakeWorld = {}): FakePorts {
  const file = { ...newAuthFile('f'), storage: 'keychain', accounts: [account(change)] }
  const ports = fakePorts({ file, answers, ...world })
  ports.bundles.set(account().id, bundle())
  return ports
}
const check = (ports: FakePorts) => checkedAccount(ports, ports.current()?.accounts[0] ?? account())
const facts = (ports: FakePorts) => ports.current()?.accounts[0]
const events = (ports: FakePorts) => facts(ports)?.history.map(({ event }) => event)
const purposes = (ports: FakePorts) => ports.requests.map(({ purpose }) => purpose)

describe('checkedAccount', () => {
  it.each(['created', 'error', 'expired', 'active'] as const)('makes an accepted account active: %s', async (state) => {
    const ports = worldWith([profile()], { state, stateReason: state === 'error' ? 'old trouble' : null })
    expect(await check(ports)).toMatchObject({ outcome: 'accepted', reason: null, problem: undefined, warnings: [] })
    expect(facts(ports)).toMatchObject({ state: 'active', stateReason: null })
    expect(facts(ports)?.history).toMatchObject([{ event: 'checked', program: 'codex', pid: 4711 }])
    expect(purposes(ports)).toEqual(['profile'])
  })

  it('takes over what the profile tells, and keeps everything else', async () => {
    const ports = worldWith([profile()], { notes: 'mine', accountId: null, ...{ futureField: 1 } })
    await check(ports)
    expect(facts(ports)).toMatchObject({
      email: 'new@example.com',
      tier: 'pro',
      accountId: 'acc-1',
      organizations: [{ id: 'org-1', name: 'Lab' }],
      notes: 'mine',
      futureField: 1,
      scopes: ['user:profile'],
    })
  })

  it('X1: cleans what the profile tells', async () => {
    const ports = worldWith([reply({ account: { uuid: 'acc-1', email: 'a\u001b[2J\u202eb@c' } })])
    await check(ports)
    expect(facts(ports)?.email).toBe('a b@c')
  })

  it('keeps what is known where the profile tells nothing', async () => {
    const ports = worldWith([reply({})])
    expect(await check(ports)).toMatchObject({ outcome: 'accepted' })
    expect(facts(ports)).toMatchObject({ email: 'ada@example.com', tier: 'max_20x', accountId: 'acc-1' })
  })

  it('refuses a token of another account, and takes over nothing of it', async () => {
    const ports = worldWith([profile('acc-2')], { state: 'created' })
    const reason = 'claude says that the token is of another account'
    const { outcome, problem } = await check(ports)
    expect([outcome, problem?.code, problem?.message]).toEqual(['refused', 'sign-in-required', `work: ${reason}`])
    expect(facts(ports)).toMatchObject({ state: 'error', stateReason: reason, email: 'ada@example.com' })
    expect(facts(ports)).toMatchObject({ tier: 'max_20x', accountId: 'acc-1', history: [{ event: 'failed', reason }] })
  })

  it('R25: renews once when the token is refused though it lasts, and asks once more', async () => {
    const ports = worldWith([denied, granted, profile()])
    expect(await check(ports)).toMatchObject({ outcome: 'accepted', problem: undefined })
    expect(purposes(ports)).toEqual(['profile', 'refresh', 'profile'])
    expect(events(ports)).toEqual(['renewed', 'checked'])
    expect(facts(ports)?.secret.generation).toBe(2)
  })

  it('R25: does not loop when the renewed token is refused too', async () => {
    const ports = worldWith([denied, granted, denied, granted, profile()])
    const { outcome, reason, problem } = await check(ports)
    expect([outcome, reason, problem?.code]).toEqual(['refused', REFUSED, 'sign-in-required'])
    expect(purposes(ports)).toEqual(['profile', 'refresh', 'profile'])
    expect(facts(ports)).toMatchObject({ state: 'error', stateReason: REFUSED })
    expect(events(ports)).toEqual(['renewed', 'failed'])
  })

  it('R25: does not renew a token twice that it has just renewed because it was over', async () => {
    const ports = worldWith([granted, denied, granted])
    ports.bundles.set(account().id, bundle({ tokens: { ...bundle().tokens, expiresAtMs: 0 } }))
    expect(await check(ports)).toMatchObject({ outcome: 'refused' })
    expect(purposes(ports)).toEqual(['refresh', 'profile'])
  })

  it('says that only a sign-in helps when the grant is dead as well', async () => {
    const ports = worldWith([denied, dead])
    const { outcome, problem } = await check(ports)
    expect([outcome, problem?.code]).toEqual(['refused', 'sign-in-required'])
    expect(facts(ports)).toMatchObject({ state: 'needs-login' })
    expect(events(ports)).toEqual(['refused', 'failed'])
  })

  it('says the same of a refused token without a way to renew it', async () => {
    const ports = worldWith([denied])
    ports.bundles.set(account().id, bundle({ tokens: { ...bundle().tokens, refreshToken: undefined } }))
    const { outcome, problem } = await check(ports)
    expect([outcome, problem?.code]).toEqual(['refused', 'sign-in-required'])
    expect(facts(ports)?.state).toBe('needs-login')
    expect(facts(ports)?.stateReason).toContain(REFUSED)
  })

  it('leaves the state alone when a refused token cannot be renewed for now', async () => {
    const ports = worldWith([denied, reply('', 503), reply('', 503), reply('', 503)], { state: 'created' })
    const { outcome, problem, reason } = await check(ports)
    expect([outcome, problem?.code]).toEqual(['unreachable', 'provider-unavailable'])
    expect(reason).toContain('status 503')
    expect(facts(ports)?.state).toBe('created')
  })

  it.each<[string, Answer]>([
    ['T2: a page of a gate', reply('<html>LEAK', 403)],
    ['T7: a rate limit', () => ({ status: 429, headers: { 'retry-after': '60' }, body: '' })],
    ['T8: an outage', reply('LEAK', 503)],
    ['T10: nobody listens', () => { throw new AuthError('network', 'no way there') }], // prettier-ignore
    ['T14: a redirect', reply('', 302)],
  ])('%s: unreachable is not dead', async (_case, answer) => {
    const ports = worldWith([answer], { state: 'error', stateReason: 'old trouble' })
    const before = ports.current()
    const { outcome, reason, problem } = await check(ports)
    expect(outcome).toBe('unreachable')
    expect(['network', 'provider-unavailable', 'provider-rejected']).toContain(problem?.code)
    expect(reason).not.toContain('LEAK')
    expect(ports.current()).toEqual(before)
    expect(ports.requests).toHaveLength(1)
  })

  it('accepts a token that works and may not read the profile, and says so', async () => {
    const ports = worldWith([outOfScope], { state: 'created' })
    const { outcome, reason, problem } = await check(ports)
    expect([outcome, problem]).toEqual(['accepted', undefined])
    expect(reason).toContain('the token works, but not for this')
    expect(facts(ports)).toMatchObject({ state: 'active', stateReason: null, email: 'ada@example.com' })
  })

  it('takes a 403 for a revoked token as a refusal', async () => {
    const ports = worldWith([revoked, granted, revoked])
    expect(await check(ports)).toMatchObject({ outcome: 'refused' })
    expect(purposes(ports)).toEqual(['profile', 'refresh', 'profile'])
  })

  it('does not take needs-login away for a last token that still works', async () => {
    const ports = worldWith([profile()], { state: 'needs-login', stateReason: 'revoked' })
    const { outcome, problem } = await check(ports)
    expect([outcome, problem?.code, problem?.message]).toEqual(['accepted', 'sign-in-required', 'work: revoked'])
    expect(facts(ports)).toMatchObject({ state: 'needs-login', stateReason: 'revoked' })
  })

  it('asks for the usage where there is no profile, and keeps its answer', async () => {
    const window = { used_percent: 12, limit_window_seconds: 18_000, reset_at: 1_795_262_400 }
    const change = { provider: 'openai', mode: 'codex', state: 'created' } as const
    const ports = worldWith([reply({ rate_limit: { primary_window: window } })], change)
    const { clientId, tokenEndpoint = '' } = openai
    ports.bundles.set(account().id, bundle({ provider: 'openai', clientId, tokenEndpoint }))
    expect(await check(ports)).toMatchObject({ outcome: 'accepted' })
    expect(ports.requests[0]?.headers).toMatchObject({ 'chatgpt-account-id': 'acc-1' })
    expect(facts(ports)).toMatchObject({ state: 'active', usage: { windows: [{ name: '5 hours', usedPercent: 12 }] } })
  })

  it('says so where there is nobody to ask, and changes nothing', async () => {
    const acme = { title: 'Acme', clientId: 'a', tokenEndpoint: 'https://acme.example/token' }
    const change = { provider: 'acme', mode: 'default', state: 'created' } as const
    const ports = worldWith([], change, { config: { providers: { acme } } })
    const reason = 'acme cannot be asked whether a token works'
    expect(await check(ports)).toMatchObject({ outcome: 'cannot-be-asked', reason, problem: undefined })
    expect(facts(ports)).toMatchObject({ state: 'created', history: [] })
  })

  it('leaves the state alone when the storage is in trouble', async () => {
    const brokenVault = new AuthError('storage-locked', 'the keychain is locked')
    const ports = worldWith([], { state: 'created' }, { brokenVault })
    expect(await check(ports)).toMatchObject({ outcome: 'unreachable', problem: { code: 'storage-locked' } })
    expect(facts(ports)).toMatchObject({ state: 'created', history: [] })
  })

  it('says nothing of tokens that came while the old ones were asked about', async () => {
    const secret = { store: 'keychain', generation: 7, renewable: true }
    const ports = worldWith([
      (request) => {
        void ports.authFile.update((file) => ({ ...file, accounts: [account({ state: 'created', secret })] }))
        return profile('acc-2')(request)
      },
    ])
    await check(ports)
    expect(facts(ports)).toMatchObject({ state: 'created', history: [] })
  })

  it('throws when the account was signed out meanwhile, and brings nothing back', async () => {
    const ports = worldWith([
      (request) => {
        void ports.authFile.update((file) => ({ ...file, accounts: [] }))
        return profile()(request)
      },
    ])
    await expect(check(ports)).rejects.toMatchObject({ code: 'account-not-found' })
    expect(ports.current()?.accounts).toEqual([])
  })

  it('throws what the signal says, and writes nothing', async () => {
    const ports = worldWith([
      () => {
        ports.interrupt(new AuthError('cancelled', 'cancelled'))
        throw new AuthError('network', 'cut')
      },
    ])
    const before = ports.current()
    await expect(check(ports)).rejects.toMatchObject({ code: 'cancelled' })
    expect(ports.current()).toEqual(before)
  })
})
