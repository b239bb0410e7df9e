import type { UsageSource } from '../model/provider.ts'
import { record } from '../model/untrusted.ts'
import { usageWindows } from '../model/usage.ts'

/** The limits of ChatGPT's plans for Codex: two windows, named by how long they are. */
export const openaiUsage: UsageSource = {
  headers: (accountId) => (accountId === null ? {} : { 'chatgpt-account-id': accountId }),
  windows: ({ rate_limit: limit }) => {
    const { primary_window: primary, secondary_window: secondary } = record(limit)
    return usageWindows([windowSource(primary, 'primary'), windowSource(secondary, 'secondary')])
  },
}

function windowSource(value: unknown, otherName: string) {
  const { used_percent: usedPercent, limit_window_seconds: seconds, reset_at: resetAt } = record(value)
  return { name: spanName(seconds) ?? otherName, usedPercent, resetsAt: timeText(resetAt) }
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** `5 hours`, `7 days`: the largest unit that it is a whole number of, up to a year. */
function spanName(seconds: unknown): string | undefined {
  if (typeof seconds !== 'number' || !(seconds > 0 && seconds <= 366 * 86_400)) return undefined
  const unit = UNITS.find(([, length]) => seconds % length === 0)
  if (unit === undefined) return undefined
  const count = seconds / unit[1]
  return `${count} ${unit[0]}${count === 1 ? '' : 's'}`
}

/** Seconds since the epoch, up to the year 9999. */
function timeText(seconds: unknown): string | undefined {
  const isTime = typeof seconds === 'number' && seconds > 0 && seconds < 253_402_300_800
  return isTime ? new Date(seconds * 1000).toISOString() : undefined
}
