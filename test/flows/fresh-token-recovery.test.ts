import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import type { Intent } from '../../src/model/journal.ts'
import { Secret } from '../../src/model/secret.ts'
import { fingerprint } from '../../src/vault/fingerprint.ts'
import { sealAnswer } from '../../src/vault/write-ahead.ts'
import { account } from '../fakes/account.ts'
import type { FakePorts } from '../fakes/ports.ts'
import {
  ask,
  breakVault,
  events,
  facts,
  failure,
  granted,
  held,
  inSeconds,
  putTokens,
  timeIn,
  worldWith,
} from '../fakes/renewing.ts'

const FULL = new AuthError('storage-unavailable', 'the disk is full', { hint: 'make room' })

describe('freshToken, after a process was killed', () => {
  const INTENT: Intent = {
    accountId: account().id,
    generation: 2,
    spends: fingerprint(new Secret('RT-1')),
    at: timeIn(-60),
    program: 'claude',
    pid: 7,
  }
  const sealed = (intent: Intent, token = 'RT-1', body = granted()().body ?? '') =>
    sealAnswer(intent, new Secret(JSON.stringify({ body, receivedAtMs: inSeconds(-50) })), new Secret(token))
  const leave = (ports: FakePorts, answer: string | undefined, change: Partial<Intent> = {}) =>
    void ports.records.set(account().id, { intent: { ...INTENT, ...change }, answer })

  it('R7: finishes a renewal whose answer stands in the journal, as of the time it came', async () => {
    const ports = worldWith(-40)
    leave(ports, sealed(INTENT))
    const fresh = await ask(ports)
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-2')
    expect(held(ports)).toEqual({ access: 'AT-2', refresh: 'RT-2', generation: 2 })
    expect(facts(ports)).toMatchObject({
      state: 'active',
      expiresAt: timeIn(28_750),
      lastRefreshedAt: timeIn(-50),
      secret: { generation: 2, spent: [INTENT.spends] },
    })
    expect(facts(ports)?.history).toMatchObject([{ event: 'renewed', program: 'claude', pid: 7, at: timeIn(-50) }])
    expect([ports.requests.length, ports.records.size]).toEqual([0, 0])
  })

  it('R7: finishes it, and renews again, when the recovered token is over by now', async () => {
    const ports = worldWith(-40, { answers: [granted({ access_token: 'AT-3', refresh_token: 'RT-3' })] })
    leave(ports, sealed(INTENT, 'RT-1', granted({ expires_in: 20 })().body))
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed' })
    expect(JSON.parse(ports.requests[0]?.body ?? '')).toMatchObject({ refresh_token: 'RT-2' })
    expect(held(ports)).toEqual({ access: 'AT-3', refresh: 'RT-3', generation: 3 })
    expect(events(ports)).toEqual(['renewed', 'renewed'])
  })

  it('R22: drops a recovered answer for another account', async () => {
    const ports = worldWith(-40)
    leave(ports, sealed(INTENT, 'RT-1', granted({ account: { uuid: 'acc-2' } })().body))
    expect(await failure(ask(ports))).toMatchObject({ code: 'provider-rejected' })
    expect(held(ports).access).toBe('AT-1')
    expect(ports.records.size).toBe(0)
  })

  it.each([
    ['the refresh token was rotated', 'RT-2', [INTENT.spends]],
    ['the refresh token stayed the same', 'RT-1', undefined],
  ])('K7: tells of a vault that was written before auth.json, when %s', async (_case, token, spent) => {
    const ports = worldWith(-40, { answers: [granted({ refresh_token: undefined }), granted()] })
    const tokens = { accessToken: new Secret('AT-2'), refreshToken: new Secret(token), expiresAtMs: inSeconds(3600) }
    putTokens(ports, tokens, { generation: 2 })
    leave(ports, sealed(INTENT))
    expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'renewed' })
    expect(facts(ports)?.history[0]).toMatchObject({ event: 'renewed', program: 'claude', pid: 7 })
    expect(facts(ports)?.secret.spent).toEqual(spent)
    expect(ports.records.size).toBe(0)
    expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'renewed' })
  })

  it('K7, R26: remembers what was spent also where the facts were brought up to the vault meanwhile', async () => {
    const ports = worldWith(
      0,
      { answers: [granted({ refresh_token: 'RT-3' })] },
      { secret: { ...account().secret, generation: 2 } },
    )
    putTokens(ports, { refreshToken: new Secret('RT-2'), expiresAtMs: 0 }, { generation: 2 })
    leave(ports, sealed(INTENT))
    await ask(ports)
    expect(facts(ports)?.secret.spent).toEqual([INTENT.spends, fingerprint(new Secret('RT-2'))])
  })

  it('K7: clears a record away that auth.json knows already', async () => {
    const secret = { ...account().secret, generation: 2, spent: [INTENT.spends] }
    const ports = worldWith(0, { answers: [granted()] }, { secret })
    putTokens(ports, { refreshToken: new Secret('RT-2'), expiresAtMs: 0 }, { generation: 2 })
    leave(ports, sealed(INTENT))
    await ask(ports)
    expect(events(ports)).toEqual(['renewed'])
    expect(held(ports).generation).toBe(3)
  })

  it.each([
    ['of other tokens', sealed(INTENT), { spends: 'another' }],
    ['of an older generation', sealed({ ...INTENT, generation: 1 }), { generation: 0 }],
    ['that does not open with this token', sealed(INTENT, 'RT-0'), {}],
    ['that is garbled', 'bm9uc2Vuc2U=', {}],
    ['that is no base64', '%%%', {}],
    ['that was moved from another renewal', sealed({ ...INTENT, generation: 5 }), {}],
  ])('R7: renews in spite of a record %s', async (_case, answer, change) => {
    const ports = worldWith(-40, { answers: [granted()] })
    leave(ports, answer, change)
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', trouble: undefined })
    expect(held(ports)).toEqual({ access: 'AT-2', refresh: 'RT-2', generation: 2 })
    expect(ports.records.size).toBe(0)
  })

  it('R7: does not send the token of a garbled record again while the old one lives', async () => {
    const ports = worldWith(40)
    leave(ports, 'bm9uc2Vuc2U=')
    expect(await ask(ports)).toMatchObject({ outcome: 'waiting' })
    expect(ports.requests).toEqual([])
  })

  it('R9: keeps the record while what it holds cannot be kept elsewhere', async () => {
    const ports = worldWith(-40)
    leave(ports, sealed(INTENT))
    breakVault(ports, 'write', FULL)
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', trouble: { code: 'storage-unavailable' } })
    expect(ports.records.size).toBe(1)
  })

  it('R9: gives no recovered token that is over', async () => {
    const ports = worldWith(-40)
    leave(ports, sealed(INTENT, 'RT-1', granted({ expires_in: 20 })().body))
    breakVault(ports, 'write', FULL)
    expect(await failure(ask(ports))).toMatchObject({ code: 'storage-unavailable' })
    expect(ports.records.size).toBe(1)
  })
})
