/** The end of the year 9999: the last time that RFC 3339 can tell. */
export const LATEST_MS = 253_402_300_799_999

/** A text of a file or a server as RFC 3339 UTC, `undefined` for what is no time; `Date` alone would take many others. */
export function timeText(value: unknown): string | undefined {
  const ms = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString()
}
