import { describe, expect, it } from 'vitest'
import { ANSI, PLAIN } from '../../src/ui/style.ts'
import { usageBars, type UsageView } from '../../src/ui/usage-bars.ts'
import { NOW_MS } from '../fakes/ports.ts'

const at = (minutes: number) => new Date(NOW_MS + minutes * 60_000).toISOString()
const surroundings = { nowMs: NOW_MS, columns: undefined, style: PLAIN }
const work: UsageView = {
  account: 'work',
  windows: [
    { name: '5 hours', usedPercent: 12, resetsAt: at(125) },
    { name: '7 days', usedPercent: 99.9, resetsAt: at(8640) },
    { name: '7 days, opus', usedPercent: 100, resetsAt: at(-5) },
    { name: '7 days, sonnet', usedPercent: 0, resetsAt: null },
  ],
  ageMs: 120_000,
  problem: undefined,
}

describe('usageBars', () => {
  it('shows each window with its bar and its reset', () => {
    expect(usageBars([work], surroundings)).toBe(
      'work  as of 2m ago\n' +
        '  5 hours         [##------------------]   12%  resets in 2h 5m\n' +
        '  7 days          [###################-]   99%  resets in 6d\n' +
        '  7 days, opus    [####################]  100%  has begun anew 5m ago\n' +
        '  7 days, sonnet  [--------------------]    0%\n',
    )
  })

  it('says why there is no newer answer, or none at all, with a blank line between accounts', () => {
    const late = { ...work, windows: [], ageMs: 720_000, problem: 'claude is out of order (status 503)' }
    const never = { ...late, account: 'home', ageMs: undefined }
    expect(usageBars([late, never], surroundings)).toBe(
      'work  as of 12m ago, no limits: claude is out of order (status 503)\n' +
        '\n' +
        'home  unknown: claude is out of order (status 503)\n',
    )
  })

  it('leaves the bars out where they do not fit, and nothing else', () => {
    const text = usageBars([work], { ...surroundings, columns: 48 })
    expect(text).toContain('  5 hours          12%  resets in 2h 5m\n')
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(48)
    expect(usageBars([work], { ...surroundings, columns: 80 })).toBe(usageBars([work], surroundings))
  })

  it('fills no more than the bar where a plan allows more than all', () => {
    const windows = [{ name: '5 hours', usedPercent: 250, resetsAt: null }]
    expect(usageBars([{ ...work, windows }], surroundings)).toContain('  5 hours  [####################]  250%\n')
  })

  it('keeps its columns straight in colour', () => {
    const coloured = usageBars([work], { ...surroundings, style: ANSI })
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(usageBars([work], surroundings))
    expect(coloured).toContain('\u001b[31m100%\u001b[39m')
    expect(coloured).toContain('\u001b[33m 99%\u001b[39m')
  })

  it('X1: shows hostile names and reasons on clean lines', () => {
    const hostile = 'a\u001b]0;owned\u0007\u001b[2J\nb\u202e'
    const windows = [{ name: hostile, usedPercent: 1, resetsAt: null }]
    const text = usageBars([{ account: hostile, windows, ageMs: 0, problem: hostile }], surroundings)
    expect(text).toBe('a b  as of 0s ago: a b\n  a b  [--------------------]    1%\n')
  })
})
