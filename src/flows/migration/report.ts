import type { Backup } from '../../model/backup.ts'
import { AuthError } from '../../model/errors.ts'
import type { MigrationReport, Migrations } from '../../model/migration.ts'
import type { Prepared } from './prepare.ts'
import type { StepsEnded } from './run-steps.ts'

/** A report, and why it failed if it did. */
export interface Migration {
  readonly report: MigrationReport
  readonly failure: AuthError | undefined
}

/** What a report tells of a backup. */
export function backupFacts({ id, path, sha256 }: Backup): NonNullable<MigrationReport['backup']> {
  return { id, path, sha256 }
}

/** A migration that changes nothing, and why. */
export function withoutWork(source: string | null, notes: readonly string[], prepared?: Prepared): Migration {
  const left = prepared?.notCarried ?? []
  const report: MigrationReport = {
    outcome: 'nothing-to-do',
    source,
    backup: null,
    steps: [],
    accounts: [],
    notCarried: left,
    notes: notes.length === 0 ? ['it holds no sign-in that can be brought in'] : notes,
  }
  return { report, failure: undefined }
}

/** The error of a run that failed: which step, why, whether all was taken back, and the backup. */
export function failed(
  { failure, unreverted }: StepsEnded,
  backup: Backup | undefined,
  command = 'aiauth migrate-auth',
): AuthError | undefined {
  if (failure === undefined) return undefined
  const { step, error } = failure
  if (error.code === 'cancelled') return error
  const undone =
    unreverted === undefined ? 'everything was undone' : `and not all could be undone (${unreverted.message})`
  const where = backup === undefined ? 'no backup was needed yet' : `the backup is ${backup.id}`
  const again = unreverted === undefined ? command : `${command}, which ends this one`
  return new AuthError('migration-failed', `${step} failed: ${error.message}; ${undone}, ${where}`, {
    hint: error.hint === undefined ? again : `${error.hint}; then ${again}`,
    cause: error,
  })
}

/**
 * Keeps the report as `--json` prints it, and drops the record last of all unless the next run has something to end.
 * A report that cannot be written is no reason to undo what is good.
 */
export function told(
  { migrations }: { readonly migrations: Pick<Migrations, 'keepReport' | 'dropRecord'> },
  migration: Migration,
  { unreverted }: Pick<StepsEnded, 'unreverted'>,
): Migration {
  const kept = withReport(migrations, migration)
  if (unreverted === undefined) migrations.dropRecord()
  return kept
}

function withReport(migrations: Pick<Migrations, 'keepReport'>, migration: Migration): Migration {
  try {
    const { code, message, hint = null } = migration.failure ?? {}
    const content = { ...migration.report, ...(code !== undefined && { error: { code, message, hint } }) }
    migrations.keepReport(`${JSON.stringify(content, undefined, 2)}\n`)
    return migration
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    const notes = [...migration.report.notes, `migration-report.json was not written: ${error.message}`]
    return { ...migration, report: { ...migration.report, notes } }
  }
}
