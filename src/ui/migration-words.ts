import type { Backup } from '../model/backup.ts'
import type { MigrationReport, Plan, StepReport } from '../model/migration.ts'
import type { Style } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'
import { wrapped } from './wrapped.ts'

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
  return [...(OUTCOMES[report.outcome]?.(accounts) ?? []), ...noteWords(report)]
}

/** What a person has to know of a migration, before it and after it. */
export function noteWords({ notes, notCarried }: Pick<MigrationReport, 'notes' | 'notCarried'>): string[] {
  const left = notCarried.map(({ field, reason }) => `not brought in: ${cleanLine(field)} ${reason}`)
  return [...notes.map(cleanLine), ...left]
}

/** How to take back what was done; `undefined` where nothing was. */
export function wayBack({ outcome, backup }: MigrationReport): string | undefined {
  if (backup === null) return undefined
  if (outcome === 'migrated') return 'aiauth migrate-auth --rollback goes back to what was there before'
  return outcome === 'rolled-back' ? `aiauth migrate-auth --rollback ${backup.id} undoes this rollback` : undefined
}

/** What a rollback by this backup is about, as a question; `undefined` where none was named. */
export function rollBackQuestion(backup: Backup | undefined): string {
  if (backup === undefined) return 'roll back the last migration? [y/N]'
  const [names, at] = [backup.accounts.map(({ name }) => cleanLine(name)).join(', ') || 'no account', madeAt(backup)]
  return backup.kind === 'rollback'
    ? `undo the rollback of ${at} and bring ${names} back? [y/N]`
    : `roll back the migration of ${at} (${names}, from ${cleanLine(backup.source)})? [y/N]`
}

const madeAt = ({ createdAt }: Backup) => `${createdAt.slice(0, 16).replace('T', ' ')} UTC`

const OUTCOMES: Readonly<Partial<Record<MigrationReport['outcome'], (accounts: string) => string[]>>> = {
  migrated: (accounts) => [accounts === '' ? 'migrated; there was no sign-in in it' : `migrated: ${accounts}`],
  'nothing-to-do': () => ['nothing to do'],
  'rolled-back': (accounts) => [accounts === '' ? 'rolled back' : `rolled back: ${accounts}`],
}

/** A plan for a person: from where to where, then each step with what takes it back. */
export function planWords(plan: Plan, style: Style, columns?: number): string {
  const steps = plan.steps.flatMap(({ step, description, undo }, index) => {
    const number = `${String(index + 1).padStart(2)}  `
    const [first = '', ...more] = wrapped(number, `${step}: ${cleanLine(description)}`, columns)
    const takenBack = wrapped('    ', `undo: ${cleanLine(undo)}`, columns)
    return [first.replace(step, style.bold(step)), ...more, ...takenBack.map((line) => style.dim(line))]
  })
  const accounts = plan.accounts.length === 0 ? 'none' : plan.accounts.join(', ')
  const facts = [`from      ${cleanLine(plan.from)}`, `to        ${cleanLine(plan.to)}`, `accounts  ${accounts}`]
  return [...facts, '', ...steps, ''].join('\n')
}

/** The backups, the newest first: as a table, or one below another where the terminal is too narrow for it. */
export function backupTable(backups: readonly Backup[], style: Style, columns?: number): string {
  const rows = backups.map(({ id, createdAt, bytes, checksum, kind, accounts }) => [
    id,
    createdAt.slice(0, 19).replace('T', ' '),
    `${bytes}`,
    checksum,
    kind,
    accounts.map(({ name }) => cleanLine(name)).join(', ') || '-',
  ])
  const headings = ['BACKUP', 'MADE (UTC)', 'BYTES', 'CHECKSUM', 'BEFORE A', 'ACCOUNTS']
  const all = [headings, ...rows]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  if (columns !== undefined && all.some((row) => line(row).trimEnd().length > columns)) {
    return rows.map((row) => stacked(row, headings, style)).join('\n')
  }
  return all.map((row, index) => `${index === 0 ? style.dim(line(row).trimEnd()) : line(row).trimEnd()}\n`).join('')
}

function stacked([id = '', ...values]: readonly string[], [, ...headings]: readonly string[], style: Style): string {
  const lines = values.map(
    (value, index) => `  ${style.dim((headings[index] ?? '').toLowerCase().padEnd(10))}  ${value}`,
  )
  return [style.bold(id), ...lines, ''].join('\n')
}

const LEVELS = { ok: 'green', note: 'yellow', problem: 'red' } as const

export interface CheckView {
  readonly points: readonly { readonly point: string; readonly level: keyof typeof LEVELS; readonly message: string }[]
  readonly audit: readonly { readonly field: string; readonly value: string }[]
  readonly steps: readonly string[]
  readonly notes: readonly string[]
}

/** The checklist, then what stands in the file, then what would be done. */
export function checkWords({ points, audit, steps, notes }: CheckView, style: Style, columns?: number): string {
  const width = (texts: readonly string[]) => texts.reduce((widest, each) => Math.max(widest, each.length), 0)
  const [pointWidth, fieldWidth] = [width(points.map(({ point }) => point)), width(audit.map(({ field }) => field))]
  const levelWidth = 'problem'.length
  const checklist = points.flatMap(({ point, level, message }) => {
    const name = `${level.padEnd(levelWidth)}  ${point.padEnd(pointWidth)}  `
    const [first = '', ...more] = wrapped(name, cleanLine(message), columns)
    return [style[LEVELS[level]](first.slice(0, levelWidth)) + first.slice(levelWidth), ...more]
  })
  const found = audit.flatMap(({ field, value }) => {
    const [first = '', ...more] = wrapped(`${field.padEnd(fieldWidth)}  `, cleanLine(value), columns)
    return [style.dim(first.slice(0, fieldWidth)) + first.slice(fieldWidth), ...more]
  })
  const would = steps.length === 0 ? ['nothing would be done'] : wrapped('would run: ', steps.join(', '), columns)
  const after = [...would, ...notes.flatMap((note) => wrapped('- ', cleanLine(note), columns))]
  const parts = [checklist, found, after].filter((part) => part.length > 0)
  return `${parts.map((part) => part.join('\n')).join('\n\n')}\n`
}
