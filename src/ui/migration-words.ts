import type { Backup } from '../model/backup.ts'
import type { MigrationReport, Plan, StepReport } from '../model/migration.ts'
import type { Style } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'

const COLOURS = { done: 'green', failed: 'red', undone: 'yellow', skipped: 'dim' } as const

/** One line a step: its name, what became of it, how long it took, and what it told. */
export function stepTable(steps: readonly StepReport[], style: Style): string {
  const width = steps.reduce((widest, { step }) => Math.max(widest, step.length), 0)
  return steps.map((report) => stepLine(report, width, style)).join('')
}

function stepLine({ step, outcome, durationMs, detail }: StepReport, width: number, style: Style): string {
  const what = style[COLOURS[outcome]](outcome) + ' '.repeat('skipped'.length - outcome.length)
  const took = `${Math.round(durationMs)} ms`.padStart(7)
  const more = detail === undefined ? '' : `  ${cleanLine(detail)}`
  return `${style.bold(step.padEnd(width))}  ${what}  ${style.dim(took)}${more}\n`
}

/** What is told of a report beside its steps, one line each, the outcome first. */
export function reportWords(report: MigrationReport): string[] {
  const accounts = report.accounts.map(cleanLine).join(', ')
  return [
    ...(OUTCOMES[report.outcome]?.(accounts) ?? []),
    ...report.notes.map(cleanLine),
    ...report.notCarried.map(({ field, reason }) => `not brought in: ${cleanLine(field)} ${reason}`),
  ]
}

const OUTCOMES: Readonly<Partial<Record<MigrationReport['outcome'], (accounts: string) => string[]>>> = {
  migrated: (accounts) => [accounts === '' ? 'migrated; there was no sign-in in it' : `migrated: ${accounts}`],
  'nothing-to-do': () => ['nothing to do'],
  'rolled-back': (accounts) => [accounts === '' ? 'rolled back' : `rolled back: ${accounts}`],
}

/** A plan for a person: from where to where, then each step with what takes it back. */
export function planWords(plan: Plan, style: Style): string {
  const steps = plan.steps.map(
    ({ step, description, undo }, index) =>
      `${String(index + 1).padStart(2)}  ${style.bold(step)}: ${cleanLine(description)}\n    ${style.dim(`undone by: ${cleanLine(undo)}`)}\n`,
  )
  const accounts = plan.accounts.length === 0 ? 'none' : plan.accounts.join(', ')
  return `from      ${cleanLine(plan.from)}\nto        ${cleanLine(plan.to)}\naccounts  ${accounts}\n\n${steps.join('')}`
}

/** The backups, the newest first. */
export function backupTable(backups: readonly Backup[], style: Style): string {
  const rows = backups.map(({ id, createdAt, bytes, checksum, kind, accounts }) => [
    id,
    createdAt.slice(0, 19).replace('T', ' '),
    `${bytes}`,
    checksum,
    kind,
    accounts.map(({ name }) => cleanLine(name)).join(', ') || '-',
  ])
  const all = [['BACKUP', 'MADE (UTC)', 'BYTES', 'CHECKSUM', 'BEFORE A', 'ACCOUNTS'], ...rows]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return all.map((row, index) => `${index === 0 ? style.dim(line(row).trimEnd()) : line(row).trimEnd()}\n`).join('')
}

const LEVELS = { ok: 'green', note: 'yellow', problem: 'red' } as const

export interface CheckView {
  readonly points: readonly { readonly point: string; readonly level: keyof typeof LEVELS; readonly message: string }[]
  readonly audit: readonly { readonly field: string; readonly value: string }[]
  readonly steps: readonly string[]
  readonly notes: readonly string[]
}

/** The checklist, then what stands in the file, then what would be done. */
export function checkWords({ points, audit, steps, notes }: CheckView, style: Style): string {
  const width = (texts: readonly string[]) => texts.reduce((widest, each) => Math.max(widest, each.length), 0)
  const [pointWidth, fieldWidth] = [width(points.map(({ point }) => point)), width(audit.map(({ field }) => field))]
  const checklist = points.map(({ point, level, message }) => {
    return `${style[LEVELS[level]](level.padEnd('problem'.length))}  ${point.padEnd(pointWidth)}  ${cleanLine(message)}`
  })
  const found = audit.map(({ field, value }) => `${style.dim(field.padEnd(fieldWidth))}  ${cleanLine(value)}`)
  const would = steps.length === 0 ? 'nothing would be done' : `would run: ${steps.join(', ')}`
  const parts = [checklist, found, [would, ...notes.map(cleanLine)]].filter((part) => part.length > 0)
  return `${parts.map((part) => part.join('\n')).join('\n\n')}\n`
}
