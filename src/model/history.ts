import type { HistoryEvent, HistoryEventName } from './account.ts'

/** How many events an account keeps; the oldest go first. */
const HISTORY_LIMIT = 50

export interface NewEvent extends HistoryEvent {
  readonly event: HistoryEventName
}

/**
 * The history with one event more. The same event by the same program with the same token is
 * counted, not repeated: a shell prompt that asks every second must not push a renewal out.
 */
export function withEvent(history: readonly HistoryEvent[], event: NewEvent): readonly HistoryEvent[] {
  const last = history.at(-1)
  if (last === undefined || !isSame(last, event)) return [...history, event].slice(-HISTORY_LIMIT)
  return [...history.slice(0, -1), { ...last, at: event.at, count: (last.count ?? 1) + (event.count ?? 1) }]
}

function isSame(a: HistoryEvent, b: HistoryEvent): boolean {
  const [first, second] = [a, b].map(({ event, program, fingerprint, reason }) => [event, program, fingerprint, reason])
  return JSON.stringify(first) === JSON.stringify(second)
}
