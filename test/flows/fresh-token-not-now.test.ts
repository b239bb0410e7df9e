import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/model/secret.ts'
import { fingerprint } from '../../src/vault/fingerprint.ts'
import { account } from '../fakes/account.ts'
import type { FakePorts } from '../fakes/ports.ts'
import {
  answers,
  ask,
  facts,
  failure,
  fails,
  granted,
  held,
  inSeconds,
  putTokens,
  setClock,
  timeIn,
  whileWaiting,
  worldWith,
} from '../fakes/renewing.ts'

const spent = (token: string) => fingerprint(new Secret(token))

describe('freshToken, failing before anything is sent', () => {
  const offline = fails('platform.claude.com: the name cannot be resolved', { notSent: true })

  it('T10: tries three times, with longer waits, when the old token is over', async () => {
    const ports = worldWith(0, { answers: [offline, offline, offline] })
    Object.assign(ports.clock, { jitterMs: (ms: number) => ms })
    expect(await failure(ask(ports))).toMatchObject({ code: 'network' })
    expect(ports.requests.length).toBe(3)
    expect(ports.waits).toEqual([500 + 250, 1000 + 500])
    expect(ports.records.size).toBe(0)
    expect(facts(ports)).toMatchObject({ state: 'active', cooldownUntil: timeIn(2) })
  })

  it('T10: goes on with the first try that comes through', async () => {
    const ports = worldWith(0, { answers: [offline, offline, granted()] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', warnings: [] })
    expect(facts(ports)?.cooldownUntil).toBeNull()
  })

  it('T10: waits a few seconds at most until it may be tried again, however often it has failed', async () => {
    const ports = worldWith(0, { answers: Array.from({ length: 30 }, () => offline) })
    for (let seconds = 0; seconds < 40; seconds += 4) {
      setClock(ports, seconds)
      await failure(ask(ports))
      expect(Date.parse(facts(ports)?.cooldownUntil ?? '')).toBeLessThanOrEqual(inSeconds(seconds + 4))
    }
    expect(ports.requests.length).toBe(30)
  })

  it('T10: waits out what is left of a short cool-down when the old token is over', async () => {
    const ports = worldWith(0, { answers: [granted()] }, { cooldownUntil: timeIn(3) })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed' })
    expect(ports.waits).toEqual([3000])
  })

  it('T10, R13: tries once while the old token lives, and serves it', async () => {
    const ports = worldWith(40, { answers: [offline] })
    const fresh = await ask(ports)
    expect(fresh).toMatchObject({ outcome: 'kept', problem: { code: 'network' } })
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-1')
    expect(ports.waits).toEqual([])
  })

  it('T11: does not try again by itself after 20 s', async () => {
    const ports: FakePorts = worldWith(0, {
      answers: [
        () => {
          setClock(ports, 21)
          return fails('no answer within 30 s')()
        },
      ],
    })
    expect(await failure(ask(ports))).toMatchObject({ code: 'network' })
    expect(ports.requests.length).toBe(1)
  })
})

describe('freshToken, asking a provider that says not now', () => {
  it.each([
    ['T7: 429', answers(429)],
    ['T8: 502', answers(502)],
    ['T2: a challenge page', answers(403, '<html>')],
    ['T9: a connection that was cut', fails('the connection was cut')],
    ['T11: silence', fails('no answer within 30 s')],
    ['T1: half a reply', answers(200, '{"access_tok')],
    ['T17: a token of a type that is of no use', granted({ token_type: 'mac' })],
  ])('R13: serves the old token with a warning while it lives: %s', async (_case, answer) => {
    const ports = worldWith(40, { answers: [answer] })
    const fresh = await ask(ports)
    expect(fresh).toMatchObject({ outcome: 'kept', trouble: undefined, account: { state: 'active' } })
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-1')
    expect(fresh.warnings).toMatchObject([expect.stringMatching(/^work was not renewed, its old token still works: /)])
    expect(ports.requests.length).toBe(1)
  })

  it('T7: waits as long as it is told when that is short and the old token is over', async () => {
    const ports = worldWith(0, { answers: [answers(429, '', { 'retry-after': '2' }), granted()] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed' })
    expect(ports.waits).toEqual([2000])
  })

  it('T7, R14: does not wait for long, and nobody asks again before the time is up', async () => {
    const ports = worldWith(0, { answers: [answers(429, '', { 'retry-after': '120' }), granted()] })
    expect(await failure(ask(ports))).toMatchObject({ code: 'provider-unavailable' })
    expect(facts(ports)?.cooldownUntil).toBe(timeIn(120))
    setClock(ports, 116)
    const error = await failure(ask(ports, { evenIfFresh: true }))
    expect(error).toMatchObject({ code: 'provider-unavailable', hint: 'try again in 4 s' })
    expect(String(error)).toContain('claude is not asked again for 4 s, after claude asks us to slow down (status 429')
    expect(ports.requests.length).toBe(1)
    setClock(ports, 120)
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', account: { cooldownUntil: null } })
  })

  it('R14: asks once for 50 askers while the old token lives', async () => {
    const ports = worldWith(40, { answers: [answers(500)] })
    for (let asked = 0; asked < 50; asked++) {
      expect((await ask(ports)).bundle.tokens.accessToken.reveal()).toBe('AT-1')
    }
    expect(ports.requests.length).toBe(1)
  })

  it('R14: asks no more often after answers that hold no usable access token', async () => {
    const mac = granted({ token_type: 'mac' })
    const ports = worldWith(0, { answers: [mac, mac] })
    expect(await failure(ask(ports))).toMatchObject({ code: 'provider-rejected' })
    expect(await failure(ask(ports))).toMatchObject({ code: 'provider-rejected' })
    for (let asked = 0; asked < 50; asked++) {
      expect(await failure(ask(ports))).toMatchObject({ code: 'provider-unavailable' })
    }
    expect(ports.requests.length).toBe(2)
    expect(ports.waits).toEqual([2000])
    expect(held(ports)).toMatchObject({ access: 'AT-1', refresh: 'RT-2' })
  })

  it('R14: gives nobody a token that is over because another process got an answer without one', async () => {
    const ports = worldWith(0, {}, { cooldownUntil: timeIn(60) })
    whileWaiting(ports, () => putTokens(ports, { expiresAtMs: inSeconds(0) }, { generation: 2 }))
    expect(await failure(ask(ports))).toMatchObject({ code: 'provider-unavailable' })
  })

  const refusal = (status: number) => answers(status, '<html>')
  /** One failure after the other, each as soon as the cool-down of the one before it is over: how long they are. */
  async function coolDowns(statuses: readonly number[], between: (ports: FakePorts) => unknown): Promise<number[]> {
    const ports = worldWith(7200, { answers: statuses.map(refusal) })
    const found: number[] = []
    let seconds = 0
    while (found.length < statuses.length) {
      await ask(ports, { minValiditySeconds: 9000 })
      const until = (Date.parse(facts(ports)?.cooldownUntil ?? '') - inSeconds(0)) / 1000
      found.push(until - seconds)
      seconds = until
      setClock(ports, seconds)
      await between(ports)
    }
    return found
  }
  const handedOut = (ports: FakePorts) =>
    ports.authFile.update((file) => ({
      ...file,
      accounts: file.accounts.map((known) => ({
        ...known,
        history: [...known.history, { at: timeIn(0), event: 'handed-out', program: 'codex', pid: 1 }],
      })),
    }))

  it.each([
    ['the same each time', [403, 403, 403, 403, 403, 403, 403, 403], () => undefined],
    ['of different kinds', [403, 404, 403, 404, 403, 404, 403, 404], () => undefined],
    ['with the old token handed out between them', [403, 403, 403, 403, 403, 403, 403, 403], handedOut],
  ])('R14: doubles the cool-down with each failure, up to two minutes: %s', async (_case, statuses, between) => {
    expect(await coolDowns(statuses, between)).toEqual([2, 4, 8, 16, 32, 64, 128, 128])
  })

  it('R14: doubles it also when two programs ask in turn', async () => {
    const callers = ['claude', 'codex', 'claude']
    const inTurn = (ports: FakePorts) =>
      Object.assign(ports.environment, { caller: { program: callers.shift(), pid: 1 } })
    expect(await coolDowns([403, 403, 403, 403], inTurn)).toEqual([2, 4, 8, 16])
  })

  it('X2: repeats no escape sequence of auth.json in a message', async () => {
    const hostile = { cooldownUntil: timeIn(60), history: [{ at: timeIn(0), event: 'failed', reason: 'a\u001b[2Jb' }] }
    expect(String(await failure(ask(worldWith(0, {}, hostile))))).not.toContain('\u001b')
    const secret = { ...account().secret, spent: [spent('RT-1')] }
    const dead = worldWith(0, {}, { secret, state: 'needs-login', stateReason: 'a\u001b[2Jb' })
    expect(String(await failure(ask(dead)))).not.toContain('\u001b')
  })

  it('F7: renews an account whose history is damaged', async () => {
    const history = [null, 5, { event: {} }] as unknown as ReturnType<typeof account>['history']
    const ports = worldWith(0, { answers: [granted()] }, { history })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', trouble: undefined })
  })
})
