import type { StorageKind } from '../../model/account.ts'
import type { Backup } from '../../model/backup.ts'
import { AuthError } from '../../model/errors.ts'
import type { MigrationRecord, MigrationReport, PlannedStep } from '../../model/migration.ts'
import type { Ports } from '../../model/ports.ts'
import { time } from '../account-facts.ts'
import { actionsOf, prepareWorld, type ForwardInput, type MigratePorts, type World } from './forward-steps.ts'
import type { Prepared } from './prepare.ts'
import { backupFacts } from './report.ts'
import { runSteps, type Step, type StepsEnded } from './run-steps.ts'
import { sealBackup } from './seal-backup.ts'

export interface Forwarded extends StepsEnded {
  readonly backup: Backup | undefined
}

/**
 * Runs a migration, step by step: the copy first, the secrets before the facts, and nothing
 * of the old removed before the new has been read back.
 */
export async function forward(ports: MigratePorts, input: ForwardInput): Promise<Forwarded> {
  const { prepared, storage } = input
  ports.migrations.keepRecord(recordOf(ports, prepared, storage))
  const known = prepared.imports.flatMap(({ existing, target }) => (existing && !target.isNew ? [existing.id] : []))
  return locked(ports, known, () =>
    ports.authFile.rewrite(async (draft) => {
      const world = await prepareWorld(ports, input, draft)
      const actions = actionsOf(world)
      const steps = prepared.plan.steps.map((planned) => stepOf(planned, actions[planned.step]))
      const result = await runSteps(ports.clock, steps, input.onStep)
      if (result.failure !== undefined) await sealAnyway(ports, world)
      return { ...result, backup: world.made.backup }
    }),
  )
}

function stepOf(planned: PlannedStep, action: Pick<Step, 'run' | 'revert'> | undefined): Step {
  if (action === undefined) throw new Error(`nothing does the step ${planned.step}`)
  return { ...planned, ...action }
}

/** A backup that is not needed need not stand there in clear; where that fails, too, it does. */
async function sealAnyway(ports: MigratePorts, { vault, made }: World): Promise<void> {
  try {
    if (made.backup !== undefined) await sealBackup(ports, vault, made.backup)
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
  }
}

function recordOf({ clock }: MigratePorts, prepared: Prepared, storage: StorageKind): MigrationRecord {
  const { source, custody, imports } = prepared
  const accounts = imports.map(({ target }) => target)
  const [startedAt, { path, sha256 }] = [time(clock.nowMs()), source.file]
  return { direction: 'forward', startedAt, source: path, sha256, custody, storage, accounts, backupId: null }
}

/** No renewal of these accounts runs meanwhile, in any process. */
export async function locked<T>(
  ports: Pick<Ports, 'journal'>,
  ids: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const [first, ...others] = ids
  return first === undefined ? work() : ports.journal.exclusively(first, () => locked(ports, others, work))
}

/** The part of a report that only the run itself can tell. */
export function reported({ reports, failure, backup }: Forwarded, prepared: Prepared): MigrationReport {
  const { source, plan, notes } = prepared
  return {
    outcome: failure === undefined ? 'migrated' : 'failed',
    source: source.file.path,
    backup: backup === undefined ? null : backupFacts(backup),
    steps: reports,
    accounts: failure === undefined ? plan.accounts : [],
    notCarried: prepared.notCarried,
    notes,
  }
}
