import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import type { HttpReply } from '../../src/model/ports.ts'
import { account } from '../fakes/account.ts'
import {
  answers,
  ask,
  events,
  facts,
  failure,
  fails,
  granted,
  held,
  inSeconds,
  putTokens,
  refusedForGood,
  setClock,
  timeIn,
  worldWith,
} from '../fakes/renewing.ts'

const LOSSES: [string, () => Partial<HttpReply>][] = [
  ['T1: half a reply', answers(200, '{"access_token":"a","token_')],
  ['T2: a page with status 200', answers(200, '<html>LEAK')],
  ['T8: 502', answers(502, 'bad gateway')],
  ['T9: a connection that was cut', fails('the connection was cut')],
  ['T11: silence', fails('no answer within 30 s')],
  ['T13: a reply without an end', () => { throw new AuthError('provider-unavailable', 'a reply of more than 1 MiB') }], // prettier-ignore
  ['T14: a redirect', answers(307, '', { location: 'https://evil.example/token' })],
]
const STORY = 'the answer to the renewal of 2026-11-21T10:00:00.000Z was lost before it arrived'

describe('freshToken, when the answer to a renewal is lost', () => {
  it.each(LOSSES)('R6: serves the old token while it lives and sends the grant once only: %s', async (_case, loss) => {
    const ports = worldWith(3600, { answers: [loss] })
    const asking = { minValiditySeconds: 7200 }
    expect(await ask(ports, asking)).toMatchObject({ outcome: 'kept' })
    expect(await ask(ports, asking)).toMatchObject({ outcome: 'waiting' })
    setClock(ports, 3599)
    expect(await ask(ports, asking)).toMatchObject({ outcome: 'waiting', bundle: { generation: 1 } })
    expect(ports.requests.length).toBe(1)
    expect(events(ports)).toEqual(['lost'])
    expect([...ports.records.values()]).toMatchObject([{ intent: { at: timeIn(0), generation: 2 }, answer: undefined }])
    expect(JSON.stringify(facts(ports))).not.toContain('LEAK')
  })

  it.each(LOSSES)(
    'R6: sends it once also for somebody who insists, while the old token lives: %s',
    async (_case, loss) => {
      const ports = worldWith(3600, { answers: [loss] })
      expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'kept' })
      setClock(ports, 1800)
      expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'waiting' })
      expect(ports.requests.length).toBe(1)
    },
  )

  it.each(LOSSES)('R6: tries once more when the old token is over, and goes on: %s', async (_case, loss) => {
    const ports = worldWith(40, { answers: [loss, granted()] })
    await ask(ports)
    setClock(ports, 41)
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed' })
    expect(held(ports)).toEqual({ access: 'AT-2', refresh: 'RT-2', generation: 2 })
    expect(ports.records.size).toBe(0)
    expect(facts(ports)).toMatchObject({ state: 'active', cooldownUntil: null })
  })

  it('R6: says since when the answer is missing when the second try is refused for good', async () => {
    const ports = worldWith(40, { answers: [answers(502), refusedForGood] })
    await ask(ports)
    setClock(ports, 41)
    const error = await failure(ask(ports))
    expect(error).toMatchObject({ code: 'sign-in-required' })
    expect(String(error)).toContain(STORY)
    expect(facts(ports)).toMatchObject({ state: 'needs-login' })
    expect(facts(ports)?.stateReason).toContain(STORY)
    expect(held(ports)).toEqual({ access: 'AT-1', refresh: 'RT-1', generation: 1 })
    expect(ports.records.size).toBe(0)
  })

  it('R6: says so too when both tries were of one run', async () => {
    const ports = worldWith(0, { answers: [answers(502), refusedForGood] })
    expect(String(await failure(ask(ports)))).toContain(STORY)
  })

  it.each([
    ['refused for now', answers(429, '', { 'retry-after': '60' })],
    ['not sent', fails('the name cannot be resolved', { notSent: true })],
    ['lost again', answers(502)],
  ])('R6: still knows of the first loss after a second try that was %s', async (_case, secondTry) => {
    let answer = answers(502)
    const ports = worldWith(40, { answers: Array.from({ length: 9 }, () => () => answer()) })
    await ask(ports)
    setClock(ports, 41)
    answer = secondTry
    expect(await failure(ask(ports))).toBeInstanceOf(AuthError)
    expect([...ports.records.values()]).toMatchObject([{ intent: { at: timeIn(0) } }])
    setClock(ports, 2000)
    answer = refusedForGood
    expect(String(await failure(ask(ports)))).toContain(STORY)
  })

  it('R7: knows from the intent alone that another process was killed while the answer travelled', async () => {
    const ports = worldWith(40)
    const spends = '6f9f5c7556ea'
    const intent = { accountId: account().id, generation: 2, spends, at: timeIn(-9), program: 'claude', pid: 7 }
    ports.records.set(account().id, { intent, answer: undefined })
    const fresh = await ask(ports)
    expect(fresh).toMatchObject({ outcome: 'waiting', problem: { code: 'provider-unavailable' } })
    expect(fresh.warnings[0]).toContain('no answer of claude arrived to the renewal of 2026-11-21T09:59:51.000Z')
    expect(ports.requests).toEqual([])
  })

  it('R6: forgets the loss when newer tokens stand in the vault', async () => {
    const ports = worldWith(40, { answers: [answers(502), granted()] })
    await ask(ports)
    putTokens(ports, { expiresAtMs: inSeconds(50) }, { generation: 7 })
    setClock(ports, 31)
    await ask(ports)
    expect(ports.records.size).toBe(0)
    expect(ports.requests.length).toBe(2)
    expect(held(ports).generation).toBe(8)
  })

  it('R25: sends it again for somebody who insists when nobody told how long the old token lasts', async () => {
    const ports = worldWith(60, { answers: [answers(502), granted()] })
    putTokens(ports, { expiresAtMs: undefined })
    expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'kept' })
    expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'renewed' })
    expect(ports.requests.length).toBe(2)
  })
})
