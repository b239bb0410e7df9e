import { describe, expect, it } from 'vitest'
import type { Account, HistoryEvent } from '../../src/model/account.ts'
import { PLAIN } from '../../src/ui/style.ts'
import { whyWords, type WhyView } from '../../src/ui/why-words.ts'
import { account } from '../fakes/account.ts'

// The words tell the time of this machine, so these times are of it too.
const at = (day: number, hour: number, minute: number) => new Date(2026, 10, day, hour, minute).toISOString()
const NOW_MS = Date.parse(at(21, 10, 0))
const words = (change: Partial<Account>, pending?: WhyView['pending']) =>
  whyWords({ account: account({ expiresAt: at(21, 12, 0), ...change }), pending, nowMs: NOW_MS, style: PLAIN })
const past = (...history: HistoryEvent[]) => words({ history }).slice(3)

describe('whyWords', () => {
  it.each([
    [{}, ['work is active', 'its token lasts 2h more']],
    [{ lastRefreshedAt: at(21, 9, 14) }, ['work is active', 'its token lasts 2h more, renewed at 09:14']],
    [
      { lastRefreshedAt: at(20, 23, 59) },
      ['work is active', 'its token lasts 2h more, renewed on 2026-11-20 at 23:59'],
    ],
    [{ expiresAt: null }, ['work is active', 'nobody told when its token ends']],
    [
      { expiresAt: null, secret: { ...account().secret, renewable: false } },
      ['work is active', 'its token has no known end and is not renewed'],
    ],
    [
      { expiresAt: at(21, 9, 0) },
      [
        'work is expired: the token is over and can be renewed',
        'its token ended 1h ago; whoever asks for it next renews it',
      ],
    ],
    [
      { expiresAt: at(21, 9, 0), secret: { ...account().secret, renewable: false } },
      [
        'work is needs-login: the token is over and there is nothing to renew it with',
        'its token ended 1h ago; it cannot be renewed',
      ],
    ],
    [
      { cooldownUntil: at(21, 10, 2) },
      ['work is active', 'its token lasts 2h more', 'claude is not asked again for 2m'],
    ],
    [{ cooldownUntil: at(21, 9, 59) }, ['work is active', 'its token lasts 2h more']],
  ] as [Partial<Account>, string[]][])('tells what holds now: %j', (change, expected) => {
    expect(words(change)).toEqual(expected)
  })

  it('tells of a renewal that is not finished', () => {
    expect(words({}, { at: at(21, 9, 58), program: 'codex', pid: 7 }).at(-1)).toBe(
      'the renewal that codex (pid 7) began at 09:58 is not finished',
    )
  })

  const by = { at: at(21, 9, 0), program: 'codex', pid: 7 }
  it.each([
    [{ event: 'signed-in', ...by }, 'signed in from codex (pid 7) at 09:00'],
    [{ event: 'renewed', ...by }, 'renewed by codex (pid 7) at 09:00'],
    [
      { event: 'renewed', ...by, spent: 'b', fingerprint: 'aaaa' },
      'renewed by codex (pid 7) at 09:00, our copy was spent then (token aaaa)',
    ],
    [{ event: 'handed-out', ...by, count: 12 }, 'handed out to codex (pid 7), 12 times, the last of them at 09:00'],
    [{ event: 'adopted', ...by }, 'found newer in the vault when codex (pid 7) asked, at 09:00'],
    [{ event: 'refused', ...by, reason: 'no' }, 'refused for good when codex (pid 7) asked, at 09:00: no'],
    [{ event: 'failed', ...by, reason: 'no' }, 'a renewal or a check for codex (pid 7) failed at 09:00: no'],
    [{ event: 'lost', ...by }, 'a renewal for codex (pid 7) was sent, and no answer arrived, at 09:00'],
    [{ event: 'checked', ...by }, 'accepted by the provider when codex (pid 7) asked, at 09:00'],
    [{ event: 'checked', at: by.at }, 'accepted by the provider when aiauth asked, at 09:00'],
    [{ event: 'moved-house', ...by }, 'moved-house at 09:00'],
  ] as [HistoryEvent, string][])('tells each event in a sentence: %j', (event, sentence) => {
    expect(past(event)).toEqual([sentence])
  })

  it('tells the past from the newest on, behind an empty line', () => {
    const lines = words({
      history: [
        { event: 'signed-in', at: at(19, 8, 0) },
        { event: 'renewed', ...by },
      ],
    })
    expect(lines.slice(2)).toEqual([
      '',
      'renewed by codex (pid 7) at 09:00',
      'signed in from aiauth on 2026-11-19 at 08:00',
    ])
  })
})
