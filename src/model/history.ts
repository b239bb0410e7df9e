import { timeText } from './time.ts'
import { isRecord, text } from './untrusted.ts'
import type { AuthFile, HistoryEvent, HistoryEventName } from './account.ts'

/** How many events an account keeps; the oldest go first. */
const HISTORY_LIMIT = 50

export interface NewEvent extends HistoryEvent {
  readonly event: HistoryEventName
}

/** What may happen again and again between two events that matter. */
const RECURRING: readonly string[] = ['handed-out', 'failed', 'lost', 'checked']

/**
 * The history with one event more. What recurs is counted, not repeated: a shell prompt that
 * asks every second must not push a renewal out.
 */
export function withEvent(history: readonly unknown[], event: NewEvent): readonly HistoryEvent[] {
  return appended(readHistory(history), event)
}

function appended(past: readonly HistoryEvent[], event: HistoryEvent): readonly HistoryEvent[] {
  const recent = past.slice(past.findLastIndex((earlier) => !RECURRING.includes(earlier.event)) + 1)
  const same = recent.find((earlier) => isSame(earlier, event))
  if (same === undefined) return [...past, event].slice(-HISTORY_LIMIT)
  const counted = { ...same, ...event, count: (same.count ?? 1) + (event.count ?? 1) }
  return [...past.filter((earlier) => earlier !== same), counted]
}

function isSame(a: HistoryEvent, b: HistoryEvent): boolean {
  return a.event === b.event && a.program === b.program && a.fingerprint === b.fingerprint && a.reason === b.reason
}

/** The failures since the account was last in order, the newest last. Handing a token out changes nothing about it. */
export function failuresInARow(history: readonly unknown[]): readonly HistoryEvent[] {
  const past = readHistory(history)
  const isFailure = ({ event }: HistoryEvent) => event === 'failed' || event === 'lost'
  const lastGood = past.findLastIndex((event) => !isFailure(event) && event.event !== 'handed-out')
  return past.slice(lastGood + 1).filter(isFailure)
}

/** The events of a file, whose members nobody has checked: those without a name or a time are left out. */
export function readHistory(history: readonly unknown[]): HistoryEvent[] {
  return history.flatMap((member) => {
    if (!isRecord(member)) return []
    const { program, fingerprint, spent, reason, pid, count, ...rest } = member
    const [event, at] = [text(member['event']), timeText(member['at'])]
    if (event === undefined || at === undefined) return []
    const texts = Object.entries({ program, fingerprint, spent, reason }).flatMap(([name, value]) => {
      const clean = text(value)
      return clean === undefined ? [] : [[name, clean] as const]
    })
    const numbers = Object.entries({ pid, count }).filter(
      ([, value]) => Number.isSafeInteger(value) && Number(value) > 0,
    )
    return [{ ...rest, ...Object.fromEntries([...texts, ...numbers]), event, at }]
  })
}

/** A token was given to a program; noted apart from `auth.json`, which is not written for each of them. */
export interface Use {
  readonly accountId: string
  /** RFC 3339 UTC. */
  readonly at: string
  readonly program: string
  readonly pid: number
  /** Of the access token. */
  readonly fingerprint?: string
}

/** The file with the uses that were noted since it was written, as events of the accounts' histories. */
export function withUses(file: AuthFile, uses: readonly Use[]): AuthFile {
  if (uses.length === 0) return file
  const accounts = file.accounts.map((account) => {
    const own = uses.filter(({ accountId }) => accountId === account.id)
    const last = own.at(-1)
    if (last === undefined) return account
    const history = own.reduce<readonly HistoryEvent[]>(
      (past, { accountId: _, ...use }) => appended(past, { event: 'handed-out', ...use }),
      readHistory(account.history),
    )
    return { ...account, lastUsedAt: last.at, history }
  })
  return { ...file, accounts }
}
