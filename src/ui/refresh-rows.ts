import type { Style } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'
import { span, timeLeft } from './time-left.ts'

/** One account as `aiauth refresh` tells it. */
export interface RefreshView {
  readonly name: string
  readonly outcome: 'renewed' | 'fresh' | 'failed' | 'skipped'
  readonly message?: string
  readonly expiresAt: string | null
  readonly durationMs: number
}

const COLOURS = { renewed: 'green', fresh: 'green', failed: 'red', skipped: 'yellow' } as const

/** `work  renewed  lasts 8h  (0.3s)` for each, with the reason where one was not renewed. */
export function refreshRows(rows: readonly RefreshView[], nowMs: number, style: Style): string {
  const width = rows.reduce((widest, { name }) => Math.max(widest, name.length), 0)
  return rows.map((row) => line(row, width, nowMs, style)).join('')
}

function line(row: RefreshView, width: number, nowMs: number, style: Style): string {
  const outcome = style[COLOURS[row.outcome]](row.outcome) + ' '.repeat('renewed'.length - row.outcome.length)
  const left = row.expiresAt === null ? 'end unknown' : `lasts ${timeLeft(row.expiresAt, nowMs)}`
  const what = row.message === undefined ? left : cleanLine(row.message)
  return `${style.bold(row.name.padEnd(width))}  ${outcome}  ${what}  ${style.dim(`(${tenths(row.durationMs)})`)}\n`
}

/** How it went as a whole. The names are part of the public contract. */
export interface RefreshSummary {
  readonly total: number
  readonly renewed: number
  readonly fresh: number
  readonly failed: number
  readonly skipped: number
  readonly durationMs: number
}

/** `3 accounts in 1.2s: 2 renewed, 1 failed`. */
export function refreshSummary(summary: RefreshSummary, known: number, signIn: string): string {
  if (summary.total === 0) return known === 0 ? `nobody is signed in; ${signIn}` : 'nothing ends soon'
  const counts = (['renewed', 'fresh', 'failed', 'skipped'] as const).flatMap((outcome) =>
    summary[outcome] === 0 ? [] : `${summary[outcome]} ${outcome}`,
  )
  const accounts = summary.total === 1 ? '1 account' : `${summary.total} accounts`
  return `${accounts} in ${tenths(summary.durationMs)}: ${counts.join(', ')}`
}

/** Tenths of a second below a minute: most renewals take less than one. */
function tenths(ms: number): string {
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)}s` : span(ms)
}
