import { describe, expect, it } from 'vitest'
import { record } from '../../src/model/untrusted.ts'
import { isExhausted } from '../../src/model/exhausted.ts'
import { readUsage } from '../../src/model/usage.ts'
import { claudeUsage } from '../../src/providers/claude-usage.ts'
import { openaiUsage } from '../../src/providers/openai-usage.ts'
import { NOW_MS } from '../fakes/ports.ts'

const claude = (answer: unknown) => claudeUsage.windows(record(answer))
const openai = (answer: unknown) => openaiUsage.windows(record(answer))

const GARBAGE: readonly unknown[] = [
  undefined,
  null,
  true,
  12,
  -1,
  1e308,
  Infinity,
  NaN,
  '12',
  'x'.repeat(1000),
  [],
  [[[]]],
  {},
  { utilization: {} },
]

describe('usage of claude', () => {
  it('reads a field for each window', () => {
    expect(
      claude({
        five_hour: { utilization: 12, resets_at: '2026-11-21T12:05:00.943648+00:00' },
        seven_day: { utilization: 34.5, resets_at: '2026-11-27T10:00:00Z' },
        seven_day_opus: null,
        seven_day_sonnet: { utilization: 0, resets_at: null },
        seven_day_oauth_apps: { utilization: 7, resets_at: null },
        extra_usage: { is_enabled: true, utilization: 99 },
      }),
    ).toEqual([
      { name: '5 hours', usedPercent: 12, resetsAt: '2026-11-21T12:05:00.943Z' },
      { name: '7 days', usedPercent: 34.5, resetsAt: '2026-11-27T10:00:00.000Z' },
      { name: '7 days, sonnet', usedPercent: 0, resetsAt: null },
      { name: '7 days, oauth apps', usedPercent: 7, resetsAt: null },
    ])
  })

  it('reads the list of limits, and counts no window twice', () => {
    const scoped = { kind: 'weekly_scoped', percent: 57, resets_at: null }
    const limits = [
      { kind: 'session', percent: 42.5, resets_at: '2026-11-21T15:00:00+00:00', scope: null },
      { kind: 'weekly_all', percent: 71, resets_at: '2026-11-27T09:00:00+00:00', scope: null },
      { ...scoped, scope: { model: { id: null, display_name: 'Opus' } } },
      { ...scoped, scope: null },
      { kind: 'of a later year', percent: 1 },
    ]
    const names = ['5 hours', '7 days', '7 days, opus']
    expect(claude({ limits }).map(({ name, usedPercent }) => [name, usedPercent])).toEqual([
      ['5 hours', 42.5],
      ['7 days', 71],
      ['7 days, opus', 57],
    ])
    expect(
      claude({ limits, seven_day: { utilization: 70 } })
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names)
  })

  it('asks with the beta header, whoever asks', () => {
    expect(claudeUsage.headers('acc-1')).toEqual({ 'anthropic-beta': 'oauth-2025-04-20' })
  })
})

describe('usage of openai', () => {
  it('names its windows by their length', () => {
    expect(
      openai({
        rate_limit: {
          primary_window: { used_percent: 12, limit_window_seconds: 18_000, reset_at: 1_795_262_400 },
          secondary_window: { used_percent: 100, limit_window_seconds: 604_800, reset_at: 1_795_608_000 },
        },
      }),
    ).toEqual([
      { name: '5 hours', usedPercent: 12, resetsAt: '2026-11-21T12:00:00.000Z' },
      { name: '7 days', usedPercent: 100, resetsAt: '2026-11-25T12:00:00.000Z' },
    ])
  })

  it.each([
    [3600, '1 hour'],
    [86_400, '1 day'],
    [2_592_000, '30 days'],
    [5400, '90 minutes'],
    [61, 'primary'],
    [0, 'primary'],
    [1e308, 'primary'],
    ['18000', 'primary'],
  ])('calls a window of %j seconds %s', (limit_window_seconds, name) => {
    const answer = { rate_limit: { primary_window: { used_percent: 1, limit_window_seconds } } }
    expect(openai(answer)).toEqual([{ name, usedPercent: 1, resetsAt: null }])
  })

  it('names the account that it asks for, where it is known', () => {
    expect(openaiUsage.headers('acc-1')).toEqual({ 'chatgpt-account-id': 'acc-1' })
    expect(openaiUsage.headers(null)).toEqual({})
  })
})

describe('hostile usage', () => {
  it.each(GARBAGE)('leaves out what cannot be understood: %j', (value) => {
    for (const answer of [
      value,
      { five_hour: value, limits: value, rate_limit: value },
      { five_hour: { utilization: value === 12 ? -1 : value }, limits: [value, { kind: 'session' }] },
      { rate_limit: { primary_window: value, secondary_window: { used_percent: value === 12 ? -1 : value } } },
    ]) {
      expect([claude(answer), openai(answer)]).toEqual([[], []])
    }
  })

  it.each(['soon', '', 12, -1, 1e308, {}, '0000-99-99T', '2026-11-21', 'T'.repeat(100_000)])(
    'keeps a window whose time is nonsense, without the time: %j',
    (time) => {
      const [first] = claude({ five_hour: { utilization: 1, resets_at: time } })
      expect(first).toEqual({ name: '5 hours', usedPercent: 1, resetsAt: null })
    },
  )

  it.each([-1, 0, 1e308, NaN, '1795262400', {}])('takes no time from %j seconds', (reset_at) => {
    expect(openai({ rate_limit: { primary_window: { used_percent: 1, reset_at } } })[0]?.resetsAt).toBeNull()
  })

  it('X1: cleans the names of windows', () => {
    const model = { display_name: 'a\u001b]0;owned\u0007b\u202e\nc' }
    expect(claude({ limits: [{ kind: 'weekly_scoped', percent: 1, scope: { model } }] })).toEqual([
      { name: '7 days, ab c', usedPercent: 1, resetsAt: null },
    ])
  })

  it('keeps twenty windows of a list without end', () => {
    const limits = Array.from({ length: 5000 }, (_, index) => {
      return { kind: 'weekly_scoped', percent: 1, scope: { model: { display_name: `m${index}` } } }
    })
    expect(claude({ limits })).toHaveLength(20)
  })
})

describe('readUsage', () => {
  it('reads what is written', () => {
    const usage = {
      checkedAt: '2026-11-21T09:58:00.000Z',
      windows: [{ name: '5 hours', usedPercent: 12, resetsAt: null }],
      askAgainAt: '2026-11-21T10:01:00.000Z',
      problem: 'claude is out of order (status 503)',
    }
    expect(readUsage(JSON.parse(JSON.stringify(usage)))).toEqual(usage)
  })

  it('X2: takes nothing unchecked from the file', () => {
    expect(
      readUsage({ checkedAt: 'now', windows: [null, 'x', { name: 'a\u001b[2Jb', usedPercent: 1 }], problem: 1 }),
    ).toEqual({
      checkedAt: null,
      windows: [{ name: 'ab', usedPercent: 1, resetsAt: null }],
    })
    for (const value of [null, undefined, 'x', 1, []]) expect(readUsage(value)).toBeUndefined()
  })
})

describe('isExhausted', () => {
  const later = '2026-11-21T10:00:01.000Z'
  const usageOf = (usedPercent: unknown, resetsAt: unknown) => ({ windows: [{ name: 'w', usedPercent, resetsAt }] })

  it('holds for a window at 100 % until it begins anew', () => {
    expect(isExhausted(usageOf(100, later), NOW_MS)).toBe(true)
    expect(isExhausted(usageOf(99.9, later), NOW_MS)).toBe(false)
    expect(isExhausted(usageOf(100, '2026-11-21T10:00:00.000Z'), NOW_MS)).toBe(false)
    expect(isExhausted(usageOf(100, null), NOW_MS)).toBe(false)
  })

  it.each([null, undefined, 'x', [], {}, { windows: 'x' }, { windows: [null, 1, []] }, usageOf('100', later)])(
    'does not hold for %j',
    (usage) => expect(isExhausted(usage, NOW_MS)).toBe(false),
  )
})
