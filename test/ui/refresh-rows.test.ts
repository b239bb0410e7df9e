import { describe, expect, it } from 'vitest'
import { refreshRows, refreshSummary, type RefreshView } from '../../src/ui/refresh-rows.ts'
import { ANSI, PLAIN } from '../../src/ui/style.ts'

const NOW_MS = Date.parse('2026-11-21T10:00:00Z')
const row = (name: string, change: Partial<RefreshView> = {}): RefreshView => ({
  name,
  outcome: 'renewed',
  expiresAt: '2026-11-21T18:00:00Z',
  durationMs: 340,
  ...change,
})

describe('refreshRows', () => {
  it('puts the outcomes below each other', () => {
    const rows = [
      row('work'),
      row('a-longer-name', { outcome: 'failed', message: 'claude is out of order (status 502)', durationMs: 61_000 }),
      row('b', { outcome: 'fresh', expiresAt: null }),
    ]
    expect(refreshRows(rows, NOW_MS, PLAIN)).toBe(
      'work           renewed  lasts 8h  (0.3s)\n' +
        'a-longer-name  failed   claude is out of order (status 502)  (1m)\n' +
        'b              fresh    end unknown  (0.3s)\n',
    )
  })

  it('colours the outcome only, and keeps the columns', () => {
    const [line = ''] = refreshRows([row('work', { outcome: 'failed', message: 'no' })], NOW_MS, ANSI).split('\n')
    expect(line).toContain('\u001b[31mfailed\u001b[39m ')
  })

  it('X1: cleans what a provider or a file says', () => {
    const hostile = row('work', { outcome: 'failed', message: 'a\u001b[2J\u202e\nb' })
    expect(refreshRows([hostile], NOW_MS, PLAIN)).toBe('work  failed   a b  (0.3s)\n')
  })

  it('is nothing for nobody', () => expect(refreshRows([], NOW_MS, PLAIN)).toBe(''))
})

describe('refreshSummary', () => {
  const none = { total: 0, renewed: 0, fresh: 0, failed: 0, skipped: 0, durationMs: 0 }
  it.each([
    [{ ...none, total: 1, renewed: 1, durationMs: 1240 }, '1 account in 1.2s: 1 renewed'],
    [
      { total: 10, renewed: 4, fresh: 3, failed: 2, skipped: 1, durationMs: 59_940 },
      '10 accounts in 59.9s: 4 renewed, 3 fresh, 2 failed, 1 skipped',
    ],
    [{ ...none, total: 2, skipped: 2, durationMs: 120_000 }, '2 accounts in 2m: 2 skipped'],
    [none, 'nothing ends soon'],
  ])('tells counts and duration: %j', (summary, words) => {
    expect(refreshSummary(summary, 3, 'aiauth login claude')).toBe(words)
  })

  it('tells what to type when nobody is signed in', () => {
    expect(refreshSummary(none, 0, 'aiauth login claude')).toBe('nobody is signed in; aiauth login claude')
  })
})
