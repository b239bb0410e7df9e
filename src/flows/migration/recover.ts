import { formatAuthFile } from '../../auth-file/format.ts'
import type { Account, AuthFile, StorageKind } from '../../model/account.ts'
import type { Backup, MigratedAccount } from '../../model/backup.ts'
import { AuthError } from '../../model/errors.ts'
import { linkOf } from '../../model/linked.ts'
import type { MigrationRecord, PlannedStep } from '../../model/migration.ts'
import type { AuthFileDraft } from '../../model/ports.ts'
import { withoutTokens } from '../../native-tools/codex-text.ts'
import { readCodexAuth } from '../../native-tools/codex.ts'
import { storageKind } from '../../model/storage-kind.ts'
import { fingerprint } from '../../vault/fingerprint.ts'
import type { MigratePorts } from './forward-steps.ts'
import { legacyText } from './legacy-text.ts'
import { backupFacts, failed, told, type Migration } from './report.ts'
import { presentFile } from './find-source.ts'
import { rollBackNow } from './roll-back-now.ts'
import { runSteps, type Step } from './run-steps.ts'
import { openBackup, sealBackup } from './seal-backup.ts'
import { assertLoads } from './validate.ts'

/** What came of a run that was cut off. */
export interface Recovered {
  /** It is finished now, and this is how it went. */
  readonly finished: Migration | undefined
  /** It has to begin anew with these accounts, some of which may stand in the vault already. */
  readonly planned: readonly MigratedAccount[]
}

const NOTHING_LEFT: Recovered = { finished: undefined, planned: [] }

/**
 * Ends what a killed run has begun: one whose new file is in place is finished, as is every
 * rollback that loses nobody; of any other nothing is left but, perhaps, tokens in the vault, which are used
 * again or removed. Called with the migration lock held.
 *
 * @param storage - where a migration that follows puts its secrets
 */
export async function recover(
  ports: MigratePorts,
  onStep: (step: PlannedStep) => void,
  storage?: StorageKind,
): Promise<Recovered> {
  const record = ports.migrations.record()
  if (record === undefined) return NOTHING_LEFT
  const file = await presentFile(ports)
  if (record.direction === 'back') {
    // Without its backup a rollback has nothing to go back to.
    const isGone = ports.backups.list().every(({ id }) => id !== record.backupId)
    if (hasGrown(file, record)) takeBackRollback(ports, record)
    if (isGone || hasGrown(file, record)) {
      ports.migrations.dropRecord()
      return NOTHING_LEFT
    }
    const finished = await rollBackNow(ports, { id: record.backupId ?? undefined, isForced: true, onStep })
    return { finished, planned: [] }
  }
  if (isSwapped(file, record)) return { finished: await finish(ports, record, onStep), planned: [] }
  await ports.authFile.rewrite((draft) => {
    draft.discard()
    return Promise.resolve()
  })
  const source = await ports.foreignFiles.read(record.source, ports.interruption)
  const isSame = source?.sha256 === record.sha256 && record.storage === storage
  if (isSame) return { finished: undefined, planned: record.accounts }
  await abandon(ports, record, file)
  return NOTHING_LEFT
}

/**
 * Gives a run up that has not come as far as its new file: removes what it has put into the
 * vault. A record is but a file, so an item is removed only if it holds what the backup of that
 * very run holds, and no account of ours goes by its id.
 */
export async function abandon(ports: MigratePorts, record: MigrationRecord, file: AuthFile | undefined): Promise<void> {
  const backup = backupOf(ports, record)
  const copied = backup?.checksum === 'ok' ? (await openBackup(ports, backup)).reveal() : ''
  const vault = ports.vaults.vault(storageKind(record.storage))
  const ours = file?.accounts.map(({ id }) => id) ?? []
  for (const { id, isNew } of record.accounts) {
    const held = isNew && !ours.includes(id) ? await vault.read(id) : undefined
    if (held !== undefined && copied.includes(held.tokens.accessToken.reveal())) await vault.remove(id)
  }
  ports.migrations.dropRecord()
}

/** Accounts were made since the rollback was cut off, which in our own place would be left out of the old file. */
function hasGrown(file: AuthFile | undefined, { custody, startedAt }: MigrationRecord): boolean {
  const accounts = custody === 'in-place' ? (file?.accounts ?? []) : []
  return accounts.some(({ createdAt }) => createdAt > startedAt)
}

/** Before its swap a rollback has changed nothing; but its backup would say that it was done. */
function takeBackRollback({ backups }: MigratePorts, { source, startedAt }: MigrationRecord): void {
  for (const backup of backups.list()) {
    if (backup.kind === 'rollback' && backup.source === source && backup.createdAt >= startedAt) backups.remove(backup)
  }
}

function isSwapped(file: AuthFile | undefined, { accounts, custody }: MigrationRecord): boolean {
  if (file === undefined) return false
  return accounts.every(({ id, isNew }) => {
    const account = file.accounts.find((one) => one.id === id)
    return account !== undefined && (isNew || (linkOf(account) === undefined) === (custody !== 'linked'))
  })
}

async function finish(
  ports: MigratePorts,
  record: MigrationRecord,
  onStep: (step: PlannedStep) => void,
): Promise<Migration> {
  const backup = backupOf(ports, record)
  const ended = await ports.authFile.rewrite((draft) =>
    runSteps(ports.clock, finishingSteps(ports, record, backup, draft), onStep),
  )
  const { failure, reports } = ended
  const report = {
    outcome: failure === undefined ? ('migrated' as const) : ('failed' as const),
    source: record.source,
    backup: backup === undefined ? null : backupFacts(backup),
    steps: reports,
    accounts: failure === undefined ? record.accounts.map(({ name }) => name) : [],
    notCarried: [],
    notes: [`finished what the run of ${record.startedAt} had begun`],
  }
  return told(ports, { report, failure: failed(ended, backup) }, ended)
}

function backupOf({ backups }: MigratePorts, { sha256, accounts }: MigrationRecord): Backup | undefined {
  const ids = JSON.stringify(accounts.map(({ id }) => id))
  return backups.list().find((one) => one.sha256 === sha256 && JSON.stringify(one.accounts.map(({ id }) => id)) === ids)
}

function finishingSteps(
  ports: MigratePorts,
  record: MigrationRecord,
  backup: Backup | undefined,
  draft: AuthFileDraft,
): Step[] {
  const ids = record.accounts.map(({ id }) => id)
  let isLost = false
  const verify: Step = {
    step: 'verify',
    description: 'load accounts and tokens as every command does',
    undo: 'put back what stood there before',
    run: async () => {
      try {
        await assertLoads(ports, ports.authFile.read()?.accounts.filter(({ id }) => ids.includes(id)) ?? [])
        return undefined
      } catch (error) {
        isLost = error instanceof AuthError && error.code === 'secret-missing'
        throw error
      }
    },
    // The accounts may have been renewed since the swap: only what is lost gives way to older tokens.
    revert: () => {
      if (isLost) return putBack(ports, record, backup, draft)
      throw new AuthError('busy', 'the new auth.json stays in place')
    },
  }
  const takeOver: Step = {
    step: 'take-over',
    description: `remove the tokens from ${record.source}`,
    undo: 'nothing, it is the last change',
    run: () => takeOverNow(ports, record),
  }
  const tidyUp: Step = {
    step: 'tidy-up',
    description: 'seal the backup and clear the record of this run',
    undo: 'nothing, the backup stays',
    run: () =>
      backup === undefined
        ? 'its backup is gone'
        : sealBackup(ports, ports.vaults.vault(storageKind(record.storage)), backup),
  }
  return [verify, ...(record.custody === 'take-over' ? [takeOver] : []), tidyUp]
}

/** The tokens in the vault turned out to be no good: the old file counts again. */
async function putBack(
  ports: MigratePorts,
  { custody, accounts }: MigrationRecord,
  backup: Backup | undefined,
  draft: AuthFileDraft,
): Promise<void> {
  const file = ports.authFile.read()
  const made = accounts.filter(({ isNew }) => isNew).map(({ id }) => id)
  const others = file?.accounts.filter(({ id }) => !made.includes(id)) ?? []
  if (custody === 'in-place' && others.length > 0) {
    const names = others.map(({ name }) => name).join(', ')
    throw new AuthError('auth-file-invalid', `the old format has no room for what was made since: ${names}`)
  }
  if (custody === 'in-place' && backup !== undefined) {
    const tokensId = accounts.find(({ part }) => part === 'tokens')?.id
    const [copied, account] = [await openBackup(ports, backup), file?.accounts.find(({ id }) => id === tokensId)]
    const isCodex = account?.provider === 'openai'
    const input = { account, held: undefined, nowMs: ports.clock.nowMs() }
    // A spent token never comes back as a live one (security case M8).
    draft.write((isCodex ? legacyText({ base: readCodexAuth(copied.reveal()), ...input }).text : copied).reveal())
  } else if (file !== undefined && custody !== 'in-place') {
    draft.write(formatAuthFile({ ...file, accounts: others }))
  } else throw new AuthError('auth-file-invalid', 'there is no backup to go back to')
  draft.swap()
}

async function takeOverNow(
  ports: MigratePorts,
  { source, sha256, accounts }: MigrationRecord,
): Promise<string | undefined> {
  const file = await ports.foreignFiles.read(source, ports.interruption)
  if (file?.sha256 !== sha256) return 'it has changed since; it was left as it is'
  const auth = readCodexAuth(file.text.reveal())
  const mark = auth.tokens && fingerprint(auth.tokens.accessToken)
  const isKept = ({ id, secret }: Account) => secret.fingerprint === mark && accounts.some((one) => one.id === id)
  if (mark === undefined || ports.authFile.read()?.accounts.some(isKept) !== true)
    return 'it holds tokens that are kept nowhere else; it was left as it is'
  ports.foreignFiles.replace(file, withoutTokens(auth))
  return undefined
}
