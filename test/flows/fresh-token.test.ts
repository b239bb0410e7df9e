import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { fingerprint } from '../../src/vault/fingerprint.ts'
import type { FakePorts } from '../fakes/ports.ts'
import {
  ask,
  events,
  facts,
  failure,
  granted,
  held,
  inSeconds,
  putTokens,
  setClock,
  timeIn,
  worldWith,
  whileWaiting,
} from '../fakes/renewing.ts'

const spent = (token: string) => fingerprint(new Secret(token))

describe('freshToken', () => {
  it('R11: serves a token that lasts without network and without writing anything', async () => {
    const ports = worldWith(61)
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh', warnings: [] })
    expect(ports.requests).toEqual([])
    expect(events(ports)).toEqual([])
  })

  it('serves a token whose end nobody told', async () => {
    const ports = worldWith(0)
    putTokens(ports, { expiresAtMs: undefined })
    expect(await ask(ports, { minValiditySeconds: 3600 })).toMatchObject({ outcome: 'fresh' })
    expect(ports.requests).toEqual([])
  })

  it('R1: renews a token that has less left, stores the new pair and tells the facts', async () => {
    const ports = worldWith(59, { answers: [granted()] })
    const fresh = await ask(ports)
    expect(fresh).toMatchObject({ outcome: 'renewed', trouble: undefined, warnings: [] })
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-2')
    expect(held(ports)).toEqual({ access: 'AT-2', refresh: 'RT-2', generation: 2 })
    expect(ports.records.size).toBe(0)
    expect(facts(ports)).toMatchObject({
      state: 'active',
      expiresAt: '2026-11-21T18:00:00.000Z',
      lastRefreshedAt: '2026-11-21T10:00:00.000Z',
      secret: { generation: 2, renewable: true, spent: [spent('RT-1')] },
    })
    expect(facts(ports)?.history).toMatchObject([{ event: 'renewed', program: 'codex', pid: 4711 }])
  })

  it('sends the grant to the server that issued it, with the scopes that were granted', async () => {
    const ports = worldWith(0, { answers: [granted()] })
    await ask(ports)
    expect(ports.requests).toMatchObject([{ method: 'POST', url: 'https://platform.claude.com/v1/oauth/token' }])
    expect(JSON.parse(ports.requests[0]?.body ?? '')).toMatchObject({ refresh_token: 'RT-1', scope: 'user:profile' })
  })

  it('keeps every fact that has nothing to do with the tokens', async () => {
    const change = { notes: 'mine', priority: 7, usage: { a: 1 }, tier: 'max_20x', futureField: [1] }
    const ports = worldWith(0, { answers: [granted()] }, change)
    await ask(ports)
    expect(facts(ports)).toMatchObject({ ...change, name: 'work', createdAt: '2026-11-20T10:00:00.000Z' })
  })

  it('R2: keeps the old refresh token when the provider returns none (RFC 6749 §6)', async () => {
    const ports = worldWith(0, { answers: [granted({ refresh_token: undefined }), granted()] })
    await ask(ports)
    expect(held(ports)).toEqual({ access: 'AT-2', refresh: 'RT-1', generation: 2 })
    expect(facts(ports)?.secret.spent).toBeUndefined()
    expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'renewed' })
  })

  it('R2: goes on with a refresh token that the provider returns unchanged', async () => {
    const ports = worldWith(0, { answers: [granted({ refresh_token: 'RT-1' }), granted()] })
    await ask(ports)
    expect(facts(ports)?.secret.spent).toBeUndefined()
    expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'renewed' })
  })

  it.each([
    ['R4', { accessToken: new Secret('AT-9'), refreshToken: new Secret('RT-9'), expiresAtMs: inSeconds(3600) }],
    ['R20', { accessToken: new Secret('AT-9'), refreshToken: new Secret('RT-9'), expiresAtMs: inSeconds(30) }],
  ])('%s: sends nothing when newer tokens came while it waited for its turn', async (_case, tokens) => {
    const ports = worldWith(0)
    whileWaiting(ports, () => putTokens(ports, tokens, { generation: 2 }))
    const fresh = await ask(ports)
    expect(fresh.outcome).toBe('fresh')
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-9')
    expect(ports.requests).toEqual([])
    expect(facts(ports)).toMatchObject({ secret: { generation: 2 } })
  })

  it('R21: renews nothing for an account that was signed out while it waited', async () => {
    const ports = worldWith(0)
    whileWaiting(ports, () => ports.authFile.update((file) => ({ ...file, accounts: [] })))
    expect(await failure(ask(ports))).toMatchObject({ code: 'account-not-found' })
    expect(ports.requests).toEqual([])
  })

  it('R25: renews a token that would do when it is asked to, once', async () => {
    const ports = worldWith(7200, { answers: [granted()] })
    expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'renewed' })
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(ports.requests.length).toBe(1)
  })

  it('R10: keeps what came and then ends, when Ctrl-C is pressed while the answer travels', async () => {
    const ports: FakePorts = worldWith(0, {
      answers: [
        () => {
          ports.interrupt(new AuthError('cancelled', 'cancelled'))
          return granted()()
        },
      ],
    })
    expect(await failure(ask(ports))).toMatchObject({ code: 'cancelled' })
    expect(held(ports)).toEqual({ access: 'AT-2', refresh: 'RT-2', generation: 2 })
    expect(ports.records.size).toBe(0)
  })
})

describe('freshToken, by a wrong clock', () => {
  it.each([-3600, 3600])('T24: keeps the lifetime from receipt on when the clock here is %i s off', async (offset) => {
    const ports = worldWith(offset, { answers: [granted({ expires_in: 600 })] })
    setClock(ports, offset)
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', account: { expiresAt: timeIn(offset + 600) } })
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(ports.requests.length).toBe(1)
  })

  it('T24: renews once when the clock jumps ahead, and not again when it comes back', async () => {
    const ports = worldWith(7200, { answers: [granted()] })
    setClock(ports, 86_400)
    await ask(ports)
    setClock(ports, 0)
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(ports.requests.length).toBe(1)
  })

  it('T24: believes no cool-down that ends later than a day from now', async () => {
    const ports = worldWith(0, { answers: [granted()] }, { cooldownUntil: timeIn(86_401) })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed' })
    const other = worldWith(0, {}, { cooldownUntil: timeIn(86_399) })
    expect(await failure(ask(other))).toMatchObject({ code: 'provider-unavailable' })
  })

  it('T16: asks anew each time for a token that is over when it comes, and never twice in one run', async () => {
    const ports = worldWith(0, { answers: [granted({ expires_in: 0 })] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed' })
    expect(ports.requests.length).toBe(1)
  })

  it.each([{ iat: -1e15, exp: 1e9 }, { exp: 1e308 }])('T16: keeps a token whose claims are %j', async (claims) => {
    const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
    const ports = worldWith(0, { answers: [granted({ access_token: token, expires_in: undefined })] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', trouble: undefined })
    expect(held(ports).access).toBe(token)
  })
})
