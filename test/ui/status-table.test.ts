import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import type { Account } from '../../src/model/account.ts'
import type { Style } from '../../src/model/ports.ts'
import { CHALK } from '../../src/ui/chalk-style.ts'
import { statusTable } from '../../src/ui/status-table.ts'
import { ANSI, PLAIN } from '../../src/ui/style.ts'
import { span, timeLeft } from '../../src/ui/time-left.ts'
import { account } from '../fakes/account.ts'
import { NOW_MS } from '../fakes/ports.ts'

const view = {
  accounts: [account()],
  effectiveId: account().id,
  disabled: new Set<Account>(),
  nowMs: NOW_MS,
  columns: undefined,
  style: PLAIN,
}
const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length))

describe('statusTable', () => {
  it('is a table where there is room', () => {
    expect(statusTable({ ...view, columns: 120 })).toBe(
      '   NAME  PROVIDER    WHO              TIER     STATE   EXPIRES IN  STORAGE\n' +
        '*  work  claude/max  ada@example.com  max_20x  active  2h          keychain\n',
    )
  })

  it('is a list of facts at 40 columns, and nothing is cut', () => {
    const text = statusTable({ ...view, columns: 40 })
    expect(widest(text)).toBeLessThanOrEqual(40)
    for (const fact of ['work', 'claude/max', 'ada@example.com', 'max_20x', 'active', '2h', 'keychain']) {
      expect(text).toContain(fact)
    }
  })

  it('fits 80 columns for an ordinary account', () => {
    expect(widest(statusTable({ ...view, columns: 80 }))).toBeLessThanOrEqual(80)
  })

  it('X1: shows a hostile tier or mail address as one clean cell', () => {
    const hostile = account({ tier: 'pro\u001b[2J\nspoof', email: 'a\u202eb@c' })
    expect(statusTable({ ...view, accounts: [hostile] }).split('\n')).toHaveLength(3)

    expect(statusTable({ ...view, accounts: [hostile] })).not.toMatch(/[\u001b\u202e]/)
  })

  it('keeps its columns straight in colour', () => {
    const bare = statusTable({ ...view, style: ANSI }).replace(/\u001b\[\d+m/g, '')
    expect(bare).toBe(statusTable(view))
  })
})

describe('the quick style', () => {
  it('is chalk’s, byte by byte', () => {
    const chalk = new Chalk({ level: 1 })
    for (const mark of Object.keys(ANSI) as (keyof Style)[]) {
      expect(ANSI[mark]('x y')).toBe(chalk[mark]('x y'))
      expect(CHALK[mark]('x y')).toBe(ANSI[mark]('x y'))
    }
  })
})

describe('timeLeft', () => {
  it.each([
    [28_800_000, '8h'],
    [28_799_900, '8h'],
    [28_740_000, '7h 59m'],
    [864_000_000, '10d'],
    [90_000_000, '1d 1h'],
    [3_600_000, '1h'],
    [59_000, '59s'],
    [900, '0s'],
  ])('puts %i ms as %s', (ms, words) => expect(span(ms)).toBe(words))

  it('tells what is over and what is unknown', () => {
    expect(timeLeft('2026-11-21T09:55:00Z', NOW_MS)).toBe('5m ago')
    expect(timeLeft(null, NOW_MS)).toBe('unknown')
  })
})
