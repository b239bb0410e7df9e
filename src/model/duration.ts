const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of `90s`, `5m`, `2h` or `1d`; `undefined` for anything else or for zero. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(?<count>\d{1,6})(?<unit>[smhd])$/.exec(text)
  const unitMs = UNITS_MS[match?.groups?.['unit'] ?? '']
  if (unitMs === undefined) return undefined
  const durationMs = Number(match?.groups?.['count']) * unitMs
  return durationMs > 0 ? durationMs : undefined
}
