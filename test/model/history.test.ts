import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { failuresInARow, readHistory, withEvent, withUses, type NewEvent, type Use } from '../../src/model/history.ts'
import type { HistoryEvent } from '../../src/model/account.ts'
import { account } from '../fakes/account.ts'

const second = (value: number) => new Date(Date.parse('2026-11-21T10:00:00Z') + value * 1000).toISOString()
const event = (name: NewEvent['event'], seconds: number, change: Partial<HistoryEvent> = {}): NewEvent => ({
  program: 'codex',
  pid: 1,
  ...change,
  at: second(seconds),
  event: name,
})
const told = (events: readonly NewEvent[]) =>
  events
    .reduce<readonly HistoryEvent[]>(withEvent, [])
    .map(({ event: name, count = 1, program }) => `${name} ${program ?? ''} ${count}`)

describe('withEvent', () => {
  it('puts what happened behind the rest', () => {
    expect(told([event('signed-in', 0), event('renewed', 1), event('refused', 2)])).toEqual([
      'signed-in codex 1',
      'renewed codex 1',
      'refused codex 1',
    ])
  })

  it('counts what recurs, with the time and the process of the last', () => {
    const history = [event('handed-out', 0), event('handed-out', 1, { pid: 2 }), event('handed-out', 2, { pid: 3 })]
    expect(history.reduce<readonly HistoryEvent[]>(withEvent, [])).toEqual([
      { event: 'handed-out', program: 'codex', pid: 3, at: second(2), count: 3 },
    ])
  })

  it.each([
    ['program', { program: 'claude' }],
    ['token', { fingerprint: 'other' }],
    ['reason', { reason: 'other' }],
  ])('counts what has another %s for itself', (_case, change) => {
    const history = [event('failed', 0), event('failed', 1, change), event('failed', 2)]
    const program = 'program' in change ? change.program : 'codex'
    expect(told(history)).toEqual([`failed ${program} 1`, 'failed codex 2'])
  })

  it('keeps a renewal among thousands of failures and uses', () => {
    const crowd = Array.from({ length: 5000 }, (_, index) =>
      event(index % 2 === 0 ? 'failed' : 'handed-out', index, { program: index % 3 === 0 ? 'codex' : 'claude' }),
    )
    const lines = told([event('renewed', 0), ...crowd])
    expect(lines[0]).toBe('renewed codex 1')
    expect(lines.length).toBe(5)
  })

  it('begins to count anew after something that matters', () => {
    expect(told([event('handed-out', 0), event('renewed', 1), event('handed-out', 2)])).toEqual([
      'handed-out codex 1',
      'renewed codex 1',
      'handed-out codex 1',
    ])
  })

  it('keeps the last 50', () => {
    const history = Array.from({ length: 60 }, (_, index) => event('renewed', index, { fingerprint: `f${index}` }))
    const kept = history.reduce<readonly HistoryEvent[]>(withEvent, [])
    expect(kept.map(({ at }) => at)).toEqual(history.slice(10).map(({ at }) => at))
  })
})

describe('failuresInARow', () => {
  it.each([
    [[], 0],
    [[event('failed', 0), event('lost', 1)], 2],
    [[event('failed', 0), event('renewed', 1)], 0],
    [[event('failed', 0), event('checked', 1), event('failed', 2)], 1],
    [[event('failed', 0), event('handed-out', 1), event('lost', 2), event('handed-out', 3)], 2],
  ])('are those since the account was last in order: %j', (history, count) => {
    expect(failuresInARow(history).length).toBe(count)
  })
})

describe('readHistory', () => {
  it('keeps fields of a later version', () => {
    const later = { ...event('renewed', 0), event: 'teleported', from: { a: 1 } }
    expect(readHistory([later])).toEqual([later])
  })

  it('X2, F7: cleans what a file says, and leaves out what is no event', () => {
    const hostile = {
      event: 'a\u001b[2Jb',
      at: '2026-11-21T11:00:00+01:00',
      pid: 'x',
      count: 0.5,
      reason: {},
      spent: 5,
    }
    expect(readHistory([null, 5, [], {}, { event: 'x' }, { event: 'x', at: 'soon' }, hostile])).toEqual([
      { event: 'ab', at: second(0) },
    ])
  })

  it('never throws, and what it returns is taken as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (members) => {
        const read = readHistory(members)
        expect(readHistory(read)).toEqual(read)
      }),
    )
  })
})

describe('withUses', () => {
  const use = (accountId: string, seconds: number): Use => ({
    accountId,
    at: second(seconds),
    program: 'codex',
    pid: 1,
  })
  const file = { ...newAuthFile('f'), accounts: [account(), account({ id: 'other', name: 'other' })] }

  it('adds the uses of each account to its own history, and the time of the last', () => {
    const { accounts } = withUses(file, [use(account().id, 1), use(account().id, 5), use('nobody', 9)])
    expect(accounts[0]).toMatchObject({ lastUsedAt: second(5), history: [{ event: 'handed-out', count: 2 }] })
    expect(accounts[0]?.history[0]).not.toHaveProperty('accountId')
    expect(accounts[1]).toBe(file.accounts[1])
  })

  it('changes nothing where nothing was noted', () => expect(withUses(file, [])).toBe(file))

  it('takes as many as the log can hold in no time to speak of', () => {
    const history = Array.from({ length: 50 }, (_, index) => event('renewed', index, { fingerprint: `f${index}` }))
    const full = { ...file, accounts: [account({ history })] }
    const uses = Array.from({ length: 1500 }, (_, index) => use(account().id, index))
    const startedAt = performance.now()
    expect(withUses(full, uses).accounts[0]?.history.at(-1)?.count).toBe(1500)
    expect(performance.now() - startedAt).toBeLessThan(200)
  })
})
