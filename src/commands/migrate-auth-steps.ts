import { chooseBackup } from '../flows/migration/choose-backup.ts'
import { findSource } from '../flows/migration/find-source.ts'
import { migrate, rollBack } from '../flows/migration/migrate.ts'
import { hasWork, prepare, type Prepared } from '../flows/migration/prepare.ts'
import { withoutWork, type Migration } from '../flows/migration/report.ts'
import { AuthError } from '../model/errors.ts'
import type { PlannedStep } from '../model/migration.ts'
import type { Ports } from '../model/ports.ts'
import { jsonText } from '../ui/account-json.ts'
import { errorReport } from '../ui/error-text.ts'
import { noteWords, planWords, reportWords, rollBackQuestion, stepTable, wayBack } from '../ui/migration-words.ts'
import { wrapped } from '../ui/wrapped.ts'
import { agreed } from './agreed.ts'
import { exportBackup, listBackups, purgeBackups } from './migrate-auth-backups.ts'
import { checkMigration } from './migrate-auth-check.ts'
import type { MigrateOptions } from './migrate-auth.ts'
import { custodyOf, prepareInput, storageName } from './migrate-auth-plan.ts'
import { rehearseMigration } from './migrate-auth-rehearse.ts'
import { storageFor } from './storage-for.ts'
import { warn } from './warn.ts'

/** One of the things that `migrate-auth` does. */
export async function migrateAuth(ports: Ports, options: MigrateOptions, json: boolean): Promise<void> {
  if (options.listBackups === true) listBackups(ports, json)
  else if (options.exportBackup !== undefined) await exportBackup(ports, options.exportBackup, json)
  else if (options.purgeBackups === true) await purgeBackups(ports, options, json)
  else if (options.rollback !== undefined) await rollBackNow(ports, options, json)
  else if (options.check === true) await checkMigration(ports, options, json)
  else if (options.rehearse === true) await rehearseMigration(ports, options, json)
  else await migrateNow(ports, options, json)
}

async function migrateNow(ports: Ports, options: MigrateOptions, json: boolean): Promise<void> {
  const { source, current, nothing } = await findSource(ports, options.from)
  const isCutOff = ports.migrations.record() !== undefined
  const prepared =
    source === undefined
      ? undefined
      : prepare(source, current, prepareInput(ports, options, storageName(ports, options, current)))
  if (options.dryRun === true) {
    tellPlan(ports, prepared, nothing, json)
    return
  }
  if (!isCutOff && (prepared === undefined || !hasWork(prepared))) {
    tell(ports, withoutWork(source?.file.path ?? null, prepared?.notes ?? [nothing], prepared), json)
    return
  }
  if (prepared !== undefined) await agree(ports, prepared, options)
  warnOfRunning(ports, prepared)
  const storage = await storageFor(ports, { file: current, asked: options.storage, command: 'aiauth migrate-auth' })
  const custody = custodyOf(options)
  const migration = await withProgress(ports, 'migrating', (onStep) =>
    migrate(ports, { from: options.from, custody, storage, onStep }),
  )
  tell(ports, migration, json)
}

function tellPlan(ports: Ports, prepared: Prepared | undefined, nothing: string, json: boolean): void {
  const isIdle = prepared === undefined || !hasWork(prepared)
  const notes = prepared?.notes ?? [nothing]
  if (json) ports.terminal.out(jsonText({ plan: isIdle ? null : prepared.plan, notes }))
  else {
    if (!isIdle) ports.terminal.out(planWords(prepared.plan, ports.terminal.outStyle, ports.terminal.outColumns))
    const words = isIdle ? ['nothing to do', ...notes] : notes
    for (const line of words) ports.terminal.say(`aiauth: ${line}`)
  }
}

/** A person sees the plan and says yes; our own file is not rewritten unasked where somebody has protected it. */
async function agree(ports: Ports, prepared: Prepared, { yes }: MigrateOptions): Promise<void> {
  if (yes === true) return
  const { plan, source, custody } = prepared
  const isProtected = custody === 'in-place' && (!source.file.isWritable || source.file.realPath !== source.file.path)
  if (ports.terminal.interactive) {
    const { errStyle, outColumns } = ports.terminal
    const notes = noteWords(prepared).flatMap((note) => wrapped('- ', note, outColumns))
    for (const line of [...planWords(plan, errStyle, outColumns).split('\n'), ...notes])
      ports.terminal.say(line, { always: true })
    await agreed(ports, 'go on? [Y/n]')
  } else if (isProtected) {
    throw new AuthError('usage', `${source.file.path} is a symbolic link or write-protected and would be replaced`, {
      hint: 'aiauth migrate-auth --yes',
    })
  }
}

function warnOfRunning(ports: Ports, prepared: Prepared | undefined): void {
  if (prepared?.source.tool !== 'codex' || prepared.custody === 'in-place') return
  const [pid] = ports.migrations.running('codex')
  if (pid !== undefined) warn(ports, `codex is running (process ${pid}); it may renew the sign-in at the same moment`)
}

function withProgress<T>(
  ports: Ports,
  words: string,
  work: (onStep: (step: PlannedStep) => void) => Promise<T>,
): Promise<T> {
  return ports.terminal.during(words, (say) => work(({ step }) => say(`${words}: ${step}`)))
}

async function rollBackNow(ports: Ports, options: MigrateOptions, json: boolean): Promise<void> {
  const id = typeof options.rollback === 'string' ? options.rollback : undefined
  if (ports.terminal.interactive && options.yes !== true) {
    const backup = id === undefined ? undefined : chooseBackup(ports.backups.list(), id)
    await agreed(ports, rollBackQuestion(backup))
  }
  const input = { id, isForced: options.force === true }
  tell(ports, await withProgress(ports, 'rolling back', (onStep) => rollBack(ports, { ...input, onStep })), json)
}

/** The report on stdout; where it failed, the reason in it and on stderr, with its exit code. */
export function tell(ports: Ports, { report, failure }: Migration, json: boolean): void {
  if (json) {
    const error = failure === undefined ? {} : errorReport(failure, ports.terminal.outStyle, false).json
    ports.terminal.out(jsonText({ ...report, ...error }))
  } else {
    ports.terminal.out(stepTable(report.steps, ports.terminal.outStyle))
    for (const line of reportWords(report)) ports.terminal.say(`aiauth: ${line}`)
    const back = wayBack(report)
    if (back !== undefined) ports.terminal.say(`aiauth: ${ports.terminal.errStyle.cyan('hint')}: ${back}`)
  }
  if (failure !== undefined) throw failure.behindResult()
}
