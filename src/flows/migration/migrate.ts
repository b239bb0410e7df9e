import type { MigratePorts } from './forward-steps.ts'
import { migrateNow, type MigrateInput } from './migrate-now.ts'
import { abandon, recover } from './recover.ts'
import type { Migration } from './report.ts'
import { rollBackNow, type RollBackInput } from './roll-back-now.ts'

/**
 * Brings the sign-ins of a legacy file into the vault and the accounts into `auth.json`. What
 * an earlier run has left is finished or taken back first. No signal cuts it off.
 *
 * @throws AuthError `migration-failed` is reported, not thrown; thrown is what makes a
 * migration impossible before its first step.
 */
export function migrate(ports: MigratePorts, input: MigrateInput): Promise<Migration> {
  return ports.migrations.exclusively(() =>
    ports.uninterrupted(async () => {
      const { finished, planned } = await recover(ports, input.onStep, input.storage)
      if (finished !== undefined) return finished
      const migration = await migrateNow(ports, input, { planned, revived: [], former: undefined })
      const left = migration.report.outcome === 'nothing-to-do' ? ports.migrations.record() : undefined
      if (left !== undefined) await abandon(ports, left, ports.authFile.read())
      return migration
    }),
  )
}

/**
 * Goes back to what stood there before a migration, or undoes a rollback, by the backup that
 * was made then. What an earlier run has left is finished first.
 *
 * @throws AuthError as `migrate`, and `usage` for a backup that is not there or cannot be
 * gone back to.
 */
export function rollBack(ports: MigratePorts, input: RollBackInput): Promise<Migration> {
  return ports.migrations.exclusively(() =>
    ports.uninterrupted(async () => {
      const { finished } = await recover(ports, input.onStep)
      return finished?.report.outcome === 'rolled-back' ? finished : rollBackNow(ports, input)
    }),
  )
}
