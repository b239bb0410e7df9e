/** A day: whoever asks for more is asked again after it. */
const LIMIT_MS = 86_400_000

/**
 * The wait that a reply asks for (RFC 9110 §10.2.3: seconds or an HTTP date), at most a day;
 * `undefined` for nonsense and for times that have passed.
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined
  const isDate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(value)
  const ms = /^\d{1,15}$/.test(value) ? Number(value) * 1000 : isDate ? Date.parse(value) - nowMs : Number.NaN
  return ms > 0 ? Math.min(ms, LIMIT_MS) : undefined
}
