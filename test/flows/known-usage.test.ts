import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { knownUsage } from '../../src/flows/known-usage.ts'
import type { Account } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import type { HttpReply, HttpRequest } from '../../src/model/ports.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, NOW_MS, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

const ANSWER = { five_hour: { utilization: 12, resets_at: '2026-11-21T12:05:00Z' } }
const WINDOWS = [{ name: '5 hours', usedPercent: 12, resetsAt: '2026-11-21T12:05:00.000Z' }]
const at = (secondsFromNow: number) => new Date(NOW_MS + secondsFromNow * 1000).toISOString()

type Answer = (request: HttpRequest) => Partial<HttpReply>
const answered: Answer = () => ({ body: JSON.stringify(ANSWER) })
const denied: Answer = () => ({ status: 401, body: '{"error":{"type":"authentication_error","message":"no"}}' })
const granted: Answer = () => ({
  body: JSON.stringify({ access_token: 'AT-2', refresh_token: 'RT-2', expires_in: 28_800 }),
})
const busy = (headers: Record<string, string> = {}): Answer => {
  return () => ({ status: 429, headers, body: '' })
}

function worldWith(answers: Answer[], change: Partial<Account> = {}, world: FakeWorld = {}): FakePorts {
  const file = { ...newAuthFile('f'), storage: 'keychain', accounts: [account(change)] }
  const ports = fakePorts({ file, answers, ...world })
  ports.bundles.set(account().id, bundle())
  return ports
}
const ask = (ports: FakePorts, asked = ports.current()?.accounts[0] ?? account()) =>
  knownUsage(ports, asked, ports.interruption)
const stored = (ports: FakePorts) => ports.current()?.accounts[0]?.usage
const purposes = (ports: FakePorts) => ports.requests.map(({ purpose }) => purpose)

describe('knownUsage', () => {
  it('asks the provider and writes down what it says', async () => {
    const ports = worldWith([answered])
    expect(await ask(ports)).toMatchObject({ usage: { windows: WINDOWS }, ageMs: 0, problem: undefined, warnings: [] })
    expect(stored(ports)).toEqual({ checkedAt: at(0), windows: WINDOWS, askAgainAt: at(180) })
    expect(ports.requests[0]).toMatchObject({
      method: 'GET',
      url: 'https://api.anthropic.com/api/oauth/usage',
      headers: { authorization: 'Bearer AT-1', 'anthropic-beta': 'oauth-2025-04-20' },
    })
  })

  it('asks again only after three minutes, and tells the age until then', async () => {
    const recent = { checkedAt: at(-179), windows: WINDOWS, askAgainAt: at(1) }
    const ports = worldWith([answered], { usage: recent })
    expect(await ask(ports)).toMatchObject({ usage: recent, ageMs: 179_000 })
    expect(ports.requests).toEqual([])
    const old = worldWith([answered], { usage: { ...recent, askAgainAt: at(0) } })
    expect(await ask(old)).toMatchObject({ ageMs: 0 })
    expect(purposes(old)).toEqual(['usage'])
  })

  it.each([null, 'x', { askAgainAt: 'later' }, { askAgainAt: at(90_000) }, { checkedAt: at(-1), windows: [] }])(
    'asks when what is stored is of no use: %j',
    async (usage) => {
      const ports = worldWith([answered], { usage })
      await ask(ports)
      expect(purposes(ports)).toEqual(['usage'])
    },
  )

  it('T7: keeps the last good answer at a rate limit, says why, and counts it as an attempt', async () => {
    const good = { checkedAt: at(-600), windows: WINDOWS, askAgainAt: at(-420) }
    const ports = worldWith([busy()], { usage: good })
    const problem = 'claude asks us to slow down (status 429)'
    expect(await ask(ports)).toMatchObject({ usage: { windows: WINDOWS }, ageMs: 600_000, problem })
    expect(stored(ports)).toEqual({ checkedAt: at(-600), windows: WINDOWS, askAgainAt: at(180), problem })
    expect(await ask(ports)).toMatchObject({ ageMs: 600_000, problem })
    expect(ports.requests).toHaveLength(1)
  })

  it.each([
    ['3600', 3600],
    ['5', 180],
    ['soon', 180],
    ['99999999', 86_400],
  ])('T7: waits as long as Retry-After: %s says, within a day', async (retryAfter, seconds) => {
    const ports = worldWith([busy({ 'retry-after': retryAfter })])
    expect(await ask(ports)).toMatchObject({ usage: null, ageMs: undefined })
    expect(stored(ports)).toMatchObject({ askAgainAt: at(seconds) })
    await ask(ports)
    expect(ports.requests).toHaveLength(1)
  })

  it.each<[string, Answer]>([
    ['T1: half a reply', () => ({ body: '{"five_hour":{"utilization":1' })],
    ['T2: a page', () => ({ status: 403, body: '<html>LEAK' })],
    ['T8: an outage', () => ({ status: 503, body: 'LEAK' })],
    ['T10: nobody listens', () => { throw new AuthError('network', 'no way there') }], // prettier-ignore
  ])('%s: is a failure that keeps everything else', async (_case, answer) => {
    const ports = worldWith([answer], { notes: 'mine' })
    const { usage, problem } = await ask(ports)
    expect(usage).toBeNull()
    expect(problem).toMatch(/^[^\n]+$/)
    expect(problem).not.toContain('LEAK')
    expect(ports.current()?.accounts[0]).toMatchObject({ state: 'active', notes: 'mine', history: [] })
  })

  it('R25: renews once when the token is refused, asks once more, and no third time', async () => {
    const ports = worldWith([denied, granted, answered])
    expect(await ask(ports)).toMatchObject({ usage: { windows: WINDOWS }, problem: undefined })
    expect(purposes(ports)).toEqual(['usage', 'refresh', 'usage'])
    expect(ports.requests[2]?.headers['authorization']).toBe('Bearer AT-2')
    const stubborn = worldWith([denied, granted, denied, granted, answered])
    expect(await ask(stubborn)).toMatchObject({
      usage: null,
      problem: 'claude refused (authentication_error: no, status 401)',
    })
    expect(purposes(stubborn)).toEqual(['usage', 'refresh', 'usage'])
    expect(stubborn.current()?.accounts[0]?.state).toBe('active')
  })

  it('R25: asks with the token that another program has renewed meanwhile', async () => {
    const ports = worldWith([
      (request) => {
        const tokens = { ...bundle().tokens, accessToken: bundle().tokens.refreshToken ?? bundle().tokens.accessToken }
        ports.bundles.set(account().id, bundle({ generation: 2, tokens }))
        return denied(request)
      },
      answered,
    ])
    expect(await ask(ports)).toMatchObject({ usage: { windows: WINDOWS } })
    expect(purposes(ports)).toEqual(['usage', 'usage'])
  })

  it('counts a token that cannot be had as an attempt', async () => {
    const ports = worldWith([answered], {}, { brokenVault: new AuthError('storage-locked', 'the keychain is locked') })
    expect(await ask(ports)).toMatchObject({ usage: null, problem: 'the keychain is locked' })
    expect(stored(ports)).toMatchObject({ askAgainAt: at(180), problem: 'the keychain is locked' })
  })

  it('sends no token to a server that has not issued it', async () => {
    const ports = worldWith([answered])
    ports.bundles.set(account().id, bundle({ tokenEndpoint: 'https://old.example/token' }))
    const { problem } = await ask(ports)
    expect(problem).toContain('was issued by another server')
    expect(ports.requests).toEqual([])
  })

  it('says so where the provider does not tell', async () => {
    const acme = { title: 'Acme', clientId: 'a', tokenEndpoint: 'https://acme.example/token' }
    const own = account({ provider: 'acme', mode: 'default' })
    for (const asked of [own, account({ provider: 'unheard-of' })]) {
      const ports = worldWith([answered], asked, { config: { providers: { acme } } })
      const problem = `${asked.provider} is not known to tell how much is used`
      expect(await ask(ports)).toMatchObject({ usage: null, problem })
      expect([ports.requests, stored(ports)]).toEqual([[], null])
    }
  })

  it('leaves with the answer of another process that is asking', async () => {
    const ports = worldWith([answered])
    const usage = { checkedAt: at(-1), windows: WINDOWS, askAgainAt: at(179) }
    Object.assign(ports.journal, {
      exclusively: async (_id: string, _work: unknown, meanwhile: () => Promise<unknown>) => {
        expect(await meanwhile()).toBeUndefined()
        await ports.authFile.update((file) => ({ ...file, accounts: [account({ usage })] }))
        return meanwhile()
      },
    })
    expect(await ask(ports)).toMatchObject({ usage, ageMs: 1000 })
    expect(ports.requests).toEqual([])
  })

  it('throws when the account was signed out meanwhile, and brings nothing back', async () => {
    const ports = worldWith([
      (request) => {
        void ports.authFile.update((file) => ({ ...file, accounts: [] }))
        return answered(request)
      },
    ])
    await expect(ask(ports)).rejects.toMatchObject({ code: 'account-not-found' })
    expect(ports.current()?.accounts).toEqual([])
  })

  it('throws what the signal says, and writes nothing', async () => {
    const ports = worldWith([
      () => {
        ports.interrupt(new AuthError('cancelled', 'cancelled'))
        throw new AuthError('network', 'cut')
      },
    ])
    await expect(ask(ports)).rejects.toMatchObject({ code: 'cancelled' })
    expect(stored(ports)).toBeNull()
  })

  it('asks by the proxy of the account', async () => {
    const ports = worldWith([answered], { proxy: 'http://proxy.example:3128' })
    await ask(ports)
    expect(ports.proxies).toEqual(['http://proxy.example:3128'])
  })
})
