import type { Account, AuthFile, StorageKind } from '../../model/account.ts'
import type { Custody, MigratedAccount } from '../../model/backup.ts'
import type { PlannedStep } from '../../model/migration.ts'
import { findSource } from './find-source.ts'
import { forward, reported } from './forward.ts'
import { SourceChanged, type MigratePorts } from './forward-steps.ts'
import { hasWork, prepare } from './prepare.ts'
import { failed, withoutWork, told, type Migration } from './report.ts'

export interface MigrateInput {
  /** `--from`; `undefined` finds the source by itself. */
  readonly from: string | undefined
  readonly custody: Exclude<Custody, 'in-place'>
  readonly storage: StorageKind
  readonly onStep: (step: PlannedStep) => void
}

/** How often a migration begins anew when its source is written to meanwhile. */
const TRIES = 3

/** Accounts whose ids, names and facts are used again. */
export interface Again {
  readonly planned: readonly MigratedAccount[]
  readonly revived: readonly Account[]
  readonly former: AuthFile | undefined
}

/** A migration under the migration lock, with nothing left of an earlier one. @throws AuthError as `migrate`. */
export async function migrateNow(ports: MigratePorts, input: MigrateInput, again: Again): Promise<Migration> {
  for (let tries = 1; ; tries++) {
    const found = await findSource(ports, input.from)
    if (found.source === undefined) return withoutWork(null, [found.nothing])
    const prepared = prepare(found.source, found.current, {
      custody: input.custody,
      storage: input.storage,
      authFile: ports.migrations.places.authFile,
      planned: again.planned,
      revived: again.revived,
      uuid: () => ports.identifiers.uuid(),
    })
    if (!hasWork(prepared)) return withoutWork(found.source.file.path, prepared.notes, prepared)
    const ended = await forward(ports, { prepared, former: again.former, storage: input.storage, onStep: input.onStep })
    const { failure, unreverted } = ended
    if (failure?.error instanceof SourceChanged && unreverted === undefined && tries < TRIES) continue
    return told(ports, { report: reported(ended, prepared), failure: failed(ended, ended.backup) }, ended)
  }
}
