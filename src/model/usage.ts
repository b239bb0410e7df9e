import { timeText } from './time.ts'
import { isRecord, record, text } from './untrusted.ts'

/** One rate-limit window of a subscription. */
export interface UsageWindow {
  /** `5 hours`, `7 days`, `7 days, opus`: short enough for a table. */
  readonly name: string
  /** 0 to 100, and more where a plan allows it. */
  readonly usedPercent: number
  /** RFC 3339 UTC; `null` while the window has not begun. */
  readonly resetsAt: string | null
}

/** `Account.usage` as this version writes it: the last good answer, and when the next may be asked for. */
export interface Usage {
  /** RFC 3339 UTC; `null` when no answer has been good yet. */
  readonly checkedAt: string | null
  readonly windows: readonly UsageWindow[]
  /** RFC 3339 UTC; a failure counts as much as an answer. */
  readonly askAgainAt?: string
  /** Why the last attempt failed. */
  readonly problem?: string
}

/** More windows than any plan has; the rest of a longer list is not kept. */
const WINDOW_LIMIT = 20
/** Ten times a plan: more is nonsense. */
const PERCENT_LIMIT = 1000

/** Windows out of what a provider or a file says of each: without a name or a percentage there is none. */
export function usageWindows(
  sources: readonly { readonly name: unknown; readonly usedPercent: unknown; readonly resetsAt: unknown }[],
): UsageWindow[] {
  const found = new Map<string, UsageWindow>()
  for (const source of sources) {
    const [name, usedPercent] = [text(source.name), percentage(source.usedPercent)]
    if (name === undefined || usedPercent === undefined || found.has(name)) continue
    found.set(name, { name, usedPercent, resetsAt: timeText(source.resetsAt) ?? null })
    if (found.size === WINDOW_LIMIT) break
  }
  return [...found.values()]
}

function percentage(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= PERCENT_LIMIT ? value : undefined
}

/** What a file holds of an account's usage, every part of it checked; `undefined` where nothing is known. */
export function readUsage(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined
  const { checkedAt, windows, askAgainAt, problem } = record(value)
  const [next, words] = [timeText(askAgainAt), text(problem)]
  const sources = Array.isArray(windows) ? windows.map(record) : []
  return {
    checkedAt: timeText(checkedAt) ?? null,
    windows: usageWindows(sources.map(({ name, usedPercent, resetsAt }) => ({ name, usedPercent, resetsAt }))),
    ...(next !== undefined && { askAgainAt: next }),
    ...(words !== undefined && { problem: words }),
  }
}
