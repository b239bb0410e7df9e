import type { Style } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'
import type { UsageWindow } from '../model/usage.ts'
import { span } from './time-left.ts'

/** What is known of one account's rate limits. */
export interface UsageView {
  readonly account: string
  readonly windows: readonly UsageWindow[]
  /** Of the answer that the windows come from, `undefined` where there is none. */
  readonly ageMs: number | undefined
  /** Why there is no newer answer. */
  readonly problem: string | undefined
}

export interface UsageSurroundings {
  readonly nowMs: number
  /** Width of the terminal, `undefined` when there is none: then nothing is left out. */
  readonly columns: number | undefined
  readonly style: Style
}

const CELLS = 20
const FULL_PERCENT = 100
const HIGH_PERCENT = 80

/** The rate-limit windows of each account below its name; without the bars where they do not fit. */
export function usageBars(views: readonly UsageView[], surroundings: UsageSurroundings): string {
  return views
    .map((view) => [heading(view, surroundings.style), ...rows(view, surroundings)].join('\n') + '\n')
    .join('\n')
}

function heading({ account, windows, ageMs, problem }: UsageView, style: Style): string {
  const age = ageMs === undefined ? 'unknown' : `as of ${span(ageMs)} ago${windows.length === 0 ? ', no limits' : ''}`
  const why = problem === undefined ? '' : `: ${cleanLine(problem)}`
  return `${style.bold(cleanLine(account))}  ${style.dim(`${age}${why}`)}`
}

function rows({ windows }: UsageView, { nowMs, columns, style }: UsageSurroundings): string[] {
  const cells = windows.map(({ name, usedPercent, resetsAt }) => {
    // Rounded down: 100% is said of nothing but what is used up.
    return { name: cleanLine(name), percent: Math.floor(usedPercent), reset: resetWords(resetsAt, nowMs) }
  })
  const nameWidth = cells.reduce((widest, { name }) => Math.max(widest, Array.from(name).length), 0)
  const row = ({ name, percent, reset }: (typeof cells)[number], bar: string, paint: (text: string) => string) => {
    const padded = name + ' '.repeat(nameWidth - Array.from(name).length)
    return `  ${padded}${bar}  ${paint(`${String(percent).padStart(3)}%`)}  ${reset}`.trimEnd()
  }
  const fits = cells.every((cell) => row(cell, bar(cell.percent), String).length <= (columns ?? Infinity))
  return cells.map((cell) => row(cell, fits ? bar(cell.percent) : '', (text) => style[colour(cell.percent)](text)))
}

function bar(percent: number): string {
  const full = Math.min(CELLS, Math.floor((percent * CELLS) / FULL_PERCENT))
  return `  [${'#'.repeat(full)}${'-'.repeat(CELLS - full)}]`
}

function colour(percent: number): keyof Style {
  if (percent >= FULL_PERCENT) return 'red'
  return percent >= HIGH_PERCENT ? 'yellow' : 'green'
}

function resetWords(resetsAt: string | null, nowMs: number): string {
  if (resetsAt === null) return ''
  const leftMs = Date.parse(resetsAt) - nowMs
  return leftMs > 0 ? `resets in ${span(leftMs)}` : `has begun anew ${span(-leftMs)} ago`
}
