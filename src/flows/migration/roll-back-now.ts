import { formatAuthFile, parseAuthFile } from '../../auth-file/format.ts'
import type { Account, AuthFile, StorageKind } from '../../model/account.ts'
import type { Backup } from '../../model/backup.ts'
import { AuthError } from '../../model/errors.ts'
import type { MigrationRecord, MigrationReport, PlannedStep } from '../../model/migration.ts'
import type { Secret } from '../../model/secret.ts'
import type { TokenBundle } from '../../model/tokens.ts'
import { storageKind } from '../../model/storage-kind.ts'
import { readCodexAuth } from '../../native-tools/codex.ts'
import { findProvider } from '../../providers/registry.ts'
import { time } from '../account-facts.ts'
import { recoverRenewal } from '../keep-renewal.ts'
import { vaultOf } from '../vault-of.ts'
import { chooseBackup, isUndone } from './choose-backup.ts'
import { findSource, presentFile } from './find-source.ts'
import { locked } from './forward.ts'
import type { MigratePorts } from './forward-steps.ts'
import { legacyText } from './legacy-text.ts'
import { migrateNow } from './migrate-now.ts'
import { backupFacts, failed, withoutWork, told, type Migration } from './report.ts'
import { restoration, unrestored } from './restore-source.ts'
import { forgetSecrets, rollBackSteps, type Goal } from './roll-back-steps.ts'
import { runSteps, type StepsEnded } from './run-steps.ts'
import { openBackup } from './seal-backup.ts'

export interface RollBackInput {
  /** The backup to go back to; `undefined` means the last migration that is in force. */
  readonly id: string | undefined
  /** Go back also where accounts would be left out that were made since. */
  readonly isForced: boolean
  readonly onStep: (step: PlannedStep) => void
}

/** A rollback under the migration lock. @throws AuthError as `rollBack`. */
export async function rollBackNow(ports: MigratePorts, input: RollBackInput): Promise<Migration> {
  const backups = ports.backups.list()
  const file = await presentFile(ports)
  const backup = chooseBackup(backups, input.id, file)
  if (backup === undefined) return withoutWork(null, ['there is no migration to roll back'])
  if (backup.checksum === 'bad') {
    throw new AuthError('auth-file-invalid', `${backup.id} is damaged; nothing was changed`, {
      hint: 'aiauth migrate-auth --list-backups shows the others',
    })
  }
  const copied = await openBackup(ports, backup)
  if (backup.kind === 'rollback') return reviveNow(ports, backup, copied, input)
  const isCutOff = isHalfUndone(ports, backup)
  if (isCutOff && isGone(file, backup)) return forgetNow(ports, backup, input)
  if (file === undefined || (isUndone(backups, backup) && !isCutOff)) {
    return withoutWork(backup.source, [`${backup.id} was rolled back already`])
  }
  assertNobodyIsLost(file, backup, input)
  return back(ports, backup, copied, input)
}

function isGone(file: AuthFile | undefined, { accounts }: Backup): boolean {
  return accounts.every(({ id, isNew }) => !isNew || file?.accounts.every((account) => account.id !== id) !== false)
}

/** The last step of a rollback that was cut off behind the swap. */
async function forgetNow(ports: MigratePorts, backup: Backup, { onStep }: RollBackInput): Promise<Migration> {
  const vault = ports.vaults.vault(storageKind(backup.storage))
  const steps = [forgetSecrets({ ports, backup, bundles: new Map(), vault, isOurs: () => true })]
  const ids = backup.accounts.map(({ id }) => id)
  const ended = await locked(ports, ids, () => runSteps(ports.clock, steps, onStep))
  return rolledBack(ports, backup, ended, undefined, [])
}

/** A rollback that was cut off has made its backup and perhaps nothing else. */
function isHalfUndone({ migrations }: MigratePorts, { id }: Backup): boolean {
  const record = migrations.record()
  return record?.direction === 'back' && record.backupId === id
}

function assertNobodyIsLost(
  { accounts }: AuthFile,
  { custody, accounts: made, id }: Backup,
  { isForced }: RollBackInput,
): void {
  const others = accounts.filter((account) => !made.some((one) => one.id === account.id)).map(({ name }) => name)
  if (custody !== 'in-place' || others.length === 0 || isForced) return
  throw new AuthError('usage', `the old format has no room for what was made since: ${others.join(', ')}`, {
    hint: `aiauth migrate-auth --rollback ${id} --force keeps them in a backup, to which --rollback goes back`,
  })
}

async function back(ports: MigratePorts, backup: Backup, copied: Secret, input: RollBackInput): Promise<Migration> {
  const storage = storageKind(backup.storage)
  const ids = backup.accounts.map(({ id }) => id)
  const ended = await locked(ports, ids, async () => {
    const bundles = await newestBundles(ports, backup)
    return ports.authFile.rewrite(async (draft) => {
      const goal = await goalOf(ports, backup, copied, bundles)
      ports.migrations.keepRecord(recordOf(ports, backup, storage))
      const made: { backup?: Backup } = {}
      const known = ports.authFile.read()?.accounts.map((account) => account.id) ?? []
      const steps = rollBackSteps({
        ports,
        backup,
        bundles,
        goal,
        draft,
        vault: ports.vaults.vault(storage),
        made,
        isOurs: (id) => known.includes(id),
      })
      return { ...(await runSteps(ports.clock, steps, input.onStep)), made: made.backup, notes: goal.notes }
    })
  })
  return rolledBack(ports, backup, ended, ended.made, ended.notes)
}

/** Kept once nothing but the steps themselves can fail. */
function recordOf({ clock }: MigratePorts, backup: Backup, storage: StorageKind): MigrationRecord {
  const { source, sha256, custody, accounts, id } = backup
  const startedAt = time(clock.nowMs())
  return { direction: 'back', startedAt, source, sha256, custody, storage, accounts, backupId: id }
}

function rolledBack(
  ports: MigratePorts,
  backup: Backup,
  ended: StepsEnded,
  made: Backup | undefined,
  notes: readonly string[],
): Migration {
  const isDone = ended.failure === undefined
  const report: MigrationReport = {
    outcome: isDone ? 'rolled-back' : 'failed',
    source: backup.source,
    backup: made === undefined ? null : backupFacts(made),
    steps: ended.reports,
    accounts: isDone ? backup.accounts.map(({ name }) => name) : [],
    notCarried: [],
    notes,
  }
  return told(ports, { report, failure: failed(ended, made, 'aiauth migrate-auth --rollback') }, ended)
}

/** The tokens as they are now, with what a renewal that was cut off has left in the journal. */
async function newestBundles(ports: MigratePorts, { accounts }: Backup): Promise<ReadonlyMap<string, TokenBundle>> {
  const bundles = new Map<string, TokenBundle>()
  const settings = ports.settings.read()
  for (const { id } of accounts) {
    const account = ports.authFile.read()?.accounts.find((one) => one.id === id)
    const held = account === undefined ? undefined : await vaultOf(ports.vaults, account).read(id)
    if (account === undefined || held === undefined) continue
    const recovered = await recoverRenewal(ports, account, findProvider(settings, account), held)
    bundles.set(id, recovered?.bundle ?? held)
  }
  return bundles
}

async function goalOf(
  ports: MigratePorts,
  backup: Backup,
  copied: Secret,
  bundles: ReadonlyMap<string, TokenBundle>,
): Promise<Goal> {
  const before = await ports.foreignFiles.read(ports.migrations.places.authFile, ports.interruption)
  if (before === undefined) throw new AuthError('auth-file-invalid', 'auth.json is gone')
  const file = ports.authFile.read()
  const target = backup.accounts.find(({ part }) => part === 'tokens')
  const account = file?.accounts.find(({ id }) => id === target?.id)
  const [held, nowMs] = [target && bundles.get(target.id), ports.clock.nowMs()]
  if (backup.custody === 'in-place') {
    const base = readCodexAuth(copied.reveal())
    const { text, note } = legacyText({ base, account, held, nowMs })
    const whole = text === base.source ? copied : text
    return {
      before,
      text: whole,
      sourceFile: undefined,
      sourceText: undefined,
      notes: note === undefined ? [] : [note],
    }
  }
  const text = formatAuthFile(withoutMigrated(file ?? parseAuthFile(before.text.reveal()), backup))
  const sourceFile = await ports.foreignFiles.read(backup.source, ports.interruption)
  const input = { backup, copied, file: sourceFile, account, held, nowMs }
  const restored = account?.provider === 'claude' ? { text: undefined, note: unrestored(input) } : restoration(input)
  const notes = restored.note === undefined ? [] : [restored.note]
  return { before, text, sourceFile, sourceText: restored.text, notes }
}

/** Accounts that existed before the migration stay; one that had the grant for itself shares it again. */
function withoutMigrated(file: AuthFile, { accounts: made, custody, source }: Backup): AuthFile {
  const accounts = file.accounts.flatMap((account): Account[] => {
    const one = made.find(({ id }) => id === account.id)
    if (one?.isNew === true) return []
    const linkedTo = one !== undefined && custody === 'take-over' ? { tool: 'codex', path: source } : account.linkedTo
    return [{ ...account, linkedTo }]
  })
  const isGone = !accounts.some(({ id, name }) => [id, name].includes(file.preferences.defaultAccount ?? ''))
  return { ...file, accounts, preferences: { ...file.preferences, ...(isGone && { defaultAccount: null }) } }
}

/** A rollback that is rolled back: the migration again, with the accounts as they were. */
async function reviveNow(
  ports: MigratePorts,
  backup: Backup,
  copied: Secret,
  input: RollBackInput,
): Promise<Migration> {
  const former = parseAuthFile(copied.reveal())
  const { custody, source, storage, accounts, id } = backup
  const { source: found } = custody === 'in-place' ? await findSource(ports, undefined) : { source: undefined }
  if (custody === 'in-place' && found?.isOurs !== true)
    return withoutWork(source, [`${id} was rolled back already, or ${source} is gone`])
  return migrateNow(
    ports,
    {
      from: custody === 'in-place' ? undefined : source,
      custody: custody === 'in-place' ? 'linked' : custody,
      storage: storageKind(storage),
      onStep: input.onStep,
    },
    { planned: accounts, revived: former.accounts, former },
  )
}
