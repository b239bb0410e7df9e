import { isRecord, record } from './untrusted.ts'

/** Whether some window is used up and does not begin anew before `nowMs`. `false` for what cannot be read. */
export function isExhausted(usage: unknown, nowMs: number): boolean {
  const windows = isRecord(usage) && Array.isArray(usage['windows']) ? (usage['windows'] as unknown[]) : []
  return windows.some((window) => {
    const { usedPercent, resetsAt } = record(window)
    const isUsedUp = typeof usedPercent === 'number' && usedPercent >= 100
    return isUsedUp && typeof resetsAt === 'string' && Date.parse(resetsAt) > nowMs
  })
}
