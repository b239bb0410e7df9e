import type { AuthFile, HistoryEvent, HistoryEventName } from './account.ts'

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
  return [...history.slice(0, -1), { ...last, ...event, count: (last.count ?? 1) + (event.count ?? 1) }]
}

function isSame(a: HistoryEvent, b: HistoryEvent): boolean {
  const [first, second] = [a, b].map(({ event, program, fingerprint, reason }) => [event, program, fingerprint, reason])
  return JSON.stringify(first) === JSON.stringify(second)
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
    const history = own.reduce(
      (past, { accountId: _, ...use }) => withEvent(past, { event: 'handed-out', ...use }),
      account.history,
    )
    return { ...account, lastUsedAt: last.at, history }
  })
  return { ...file, accounts }
}
