import type { Account } from '../../model/account.ts'
import type { Custody } from '../../model/backup.ts'
import { AuthError } from '../../model/errors.ts'
import type { PlannedStep, StepReport } from '../../model/migration.ts'
import type { Ports } from '../../model/ports.ts'
import type { StorageKind } from '../../model/account.ts'
import type { Source } from './find-source.ts'
import type { MigratePorts } from './forward-steps.ts'
import { migrate, rollBack } from './migrate.ts'
import type { Migration } from './report.ts'

export interface RehearseInput {
  readonly source: Source
  readonly custody: Exclude<Custody, 'in-place'>
  readonly storage: StorageKind
  readonly onStep: (step: PlannedStep) => void
}

export interface Rehearsed {
  readonly rounds: readonly {
    readonly round: 'forward' | 'back' | 'forward again'
    readonly steps: readonly StepReport[]
  }[]
  readonly accounts: readonly string[]
}

/**
 * Forward, back and forward on a copy: the old file must be the same, byte by byte, after the
 * way back, and the accounts the same after the second way forward as after the first.
 *
 * @throws AuthError `migration-failed` with the round that went wrong.
 */
export function rehearse(ports: MigratePorts & Pick<Ports, 'rehearsal'>, input: RehearseInput): Promise<Rehearsed> {
  return ports.migrations.exclusively(() => onStageOf(ports, input))
}

/** One at a time, for a rehearsal begins by removing what an earlier one has left. */
async function onStageOf(
  ports: MigratePorts & Pick<Ports, 'rehearsal'>,
  { source, custody, storage, onStep }: RehearseInput,
): Promise<Rehearsed> {
  const stage = ports.rehearsal()
  try {
    const path = stage.put(source.isOurs ? 'ours' : 'theirs', source.file.text)
    const onStage: MigratePorts = { ...ports, ...stage.ports }
    const from = source.isOurs ? undefined : path
    const forward = () => migrate(onStage, { from, custody, storage, onStep })
    const accounts = () => stage.ports.authFile.read()?.accounts.map(lasting) ?? []

    const first = good(await forward(), 'forward', 'migrated')
    const after = accounts()
    const back = good(await rollBack(onStage, { id: undefined, isForced: false, onStep }), 'back', 'rolled-back')
    const restored = await ports.foreignFiles.read(path, ports.interruption)
    if (restored?.sha256 !== source.file.sha256) throw wrong('back', 'the old file is not what it was')
    const second = good(await forward(), 'forward again', 'migrated')
    if (JSON.stringify(accounts()) !== JSON.stringify(after))
      throw wrong('forward again', 'the accounts are not the same')
    return {
      rounds: [
        { round: 'forward', steps: first },
        { round: 'back', steps: back },
        { round: 'forward again', steps: second },
      ],
      accounts: after.map(({ name }) => name),
    }
  } finally {
    stage.end()
  }
}

/** What has to be equal; ids and times are made anew. */
function lasting(account: Account) {
  const { name, provider, mode, state, tier, email, accountId, organizations, scopes, expiresAt, secret } = account
  const { fingerprint, renewable } = secret
  return {
    name,
    provider,
    mode,
    state,
    tier,
    email,
    accountId,
    organizations,
    scopes,
    expiresAt,
    fingerprint,
    renewable,
  }
}

function good({ report, failure }: Migration, round: string, outcome: string): readonly StepReport[] {
  if (failure !== undefined) throw wrong(round, failure.message)
  if (report.outcome !== outcome) throw wrong(round, report.notes.join('; '))
  return report.steps
}

function wrong(round: string, why: string): AuthError {
  return new AuthError('migration-failed', `the rehearsal failed (${round}): ${why}; only a copy was touched`, {
    hint: 'aiauth migrate-auth --check',
  })
}
