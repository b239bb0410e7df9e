import { describe, expect, it } from 'vitest'
import { isAccountName, looksLike } from '../../src/model/account-name.ts'

describe('looksLike', () => {
  it.each([
    ['work', 'WORK'],
    ['MAIL', 'mail'],
    ['work', 'w0rk'],
    ['lab', '1ab'],
    ['lab', 'Iab'],
    ['team-a', 'team_a'],
    ['team.a', 'teama'],
    ['0penAI', 'OPEN-AI'],
  ])('takes %s for %s', (one, other) => expect([looksLike(one, other), looksLike(other, one)]).toEqual([true, true]))

  it.each([
    ['mail', 'mall'],
    ['work', 'work2'],
    ['claude', 'claude-2'],
    ['a@b', 'ab'],
    ['a+b', 'ab'],
  ])('keeps %s and %s apart', (one, other) => expect(looksLike(one, other)).toBe(false))
})

describe('isAccountName', () => {
  it.each(['a', 'Work-2', 'ada@example.com', 'a+b', 'x'.repeat(64)])('takes %s', (name) =>
    expect(isAccountName(name)).toBe(true),
  )

  it.each(['', '-a', '_a', 'a b', 'a#b', 'a\n', 'é', '__proto__', 'x'.repeat(65)])('refuses %j', (name) =>
    expect(isAccountName(name)).toBe(false),
  )
})
