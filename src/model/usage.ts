import { isRecord, record } from './untrusted.ts'

/** One rate-limit window of a subscription. */
export interface UsageWindow {
  /** `5 hours`, `7 days`, `7 days, opus`: short enough for a table. */
  readonly name: string
  /** 0 to 100, and more where a plan allows it. */
  readonly usedPercent: number
  /** RFC 3339 UTC; `null` while the window has not begun. */
  readonly resetsAt: string | null
}

/** `Account.usage` as this version writes it. */
export interface Usage {
  /** RFC 3339 UTC. */
  readonly checkedAt: string
  readonly windows: readonly UsageWindow[]
}

/** Whether some window is used up and does not begin anew before `nowMs`. `false` for what cannot be read. */
export function isExhausted(usage: unknown, nowMs: number): boolean {
  const windows = isRecord(usage) && Array.isArray(usage['windows']) ? (usage['windows'] as unknown[]) : []
  return windows.some((window) => {
    const { usedPercent, resetsAt } = record(window)
    return Number(usedPercent) >= 100 && typeof resetsAt === 'string' && Date.parse(resetsAt) > nowMs
  })
}
