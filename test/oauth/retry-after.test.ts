import { describe, expect, it } from 'vitest'
import { retryAfterMs } from '../../src/oauth/retry-after.ts'

const NOW_MS = Date.parse('2026-11-21T10:00:00Z')
const DAY_MS = 86_400_000

describe('retryAfterMs', () => {
  it.each([
    ['2', 2000],
    ['0120', 120_000],
    ['86400', DAY_MS],
    ['999999', DAY_MS],
    ['999999999999999', DAY_MS],
    ['Sat, 21 Nov 2026 10:00:30 GMT', 30_000],
    ['Fri, 21 Nov 2036 10:00:00 GMT', DAY_MS],
  ])('T7: understands %s', (value, ms) => {
    expect(retryAfterMs(value, NOW_MS)).toBe(ms)
  })

  it.each([
    undefined,
    '',
    '0',
    '-5',
    '1.5',
    '1e3',
    '0x10',
    ' 2',
    '2, 2',
    'soon',
    '9999999999999999',
    'Sat, 21 Nov 2026 09:59:59 GMT',
    'Sat, 21 Nov 2026 10:00:00 GMT',
    'Sat, 99 Nov 2026 10:00:00 GMT',
    'Saturday, 21-Nov-26 10:00:30 GMT',
    '2026-11-21T10:00:30Z',
  ])('T7: makes nothing of %j', (value) => {
    expect(retryAfterMs(value, NOW_MS)).toBeUndefined()
  })
})
