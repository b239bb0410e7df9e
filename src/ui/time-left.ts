const SECOND_MS = 1000
const MINUTE_MS = 60_000
const UNITS: readonly { readonly letter: string; readonly ms: number }[] = [
  { letter: 'd', ms: 86_400_000 },
  { letter: 'h', ms: 3_600_000 },
  { letter: 'm', ms: MINUTE_MS },
  { letter: 's', ms: SECOND_MS },
]

/**
 * A span in its two largest units: `7h 59m`, `3d`, `45s`, to the nearest of the smaller one,
 * so that a token of eight hours does not begin with `7h 59m`.
 */
export function span(exactMs: number): string {
  const ms = exactMs < MINUTE_MS ? exactMs : Math.round(exactMs / MINUTE_MS) * MINUTE_MS
  const index = UNITS.findIndex((unit) => ms >= unit.ms)
  const [unit, next] = [UNITS[index], UNITS[index + 1]]
  if (unit === undefined) return '0s'
  const rest = next === undefined ? 0 : Math.floor((ms % unit.ms) / next.ms)
  return `${Math.floor(ms / unit.ms)}${unit.letter}${rest === 0 ? '' : ` ${rest}${next?.letter ?? ''}`}`
}

/** How long a token still lasts: `7h 59m`, `5m ago`, or `unknown` where nobody told. */
export function timeLeft(expiresAt: string | null, nowMs: number): string {
  if (expiresAt === null) return 'unknown'
  const leftMs = Date.parse(expiresAt) - nowMs
  return leftMs > 0 ? span(leftMs) : `${span(-leftMs)} ago`
}
