import { assess, audit, type CheckPoint } from '../flows/migration/assess.ts'
import { findSource } from '../flows/migration/find-source.ts'
import { hasWork, prepare } from '../flows/migration/prepare.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { jsonText } from '../ui/account-json.ts'
import { checkWords, type CheckView } from '../ui/migration-words.ts'
import { prepareInput, storageName } from './migrate-auth-plan.ts'
import type { MigrateOptions } from './migrate-auth.ts'

/** `--check`: the checklist, what stands in the file, and which steps would run. */
export async function checkMigration(ports: Ports, options: MigrateOptions, json: boolean): Promise<void> {
  const { source, current, nothing } = await findSource(ports, options.from)
  const isCutOff = ports.migrations.record() !== undefined
  const before: CheckPoint[] = isCutOff
    ? [{ point: 'earlier run', level: 'note', message: 'it was cut off; the next run ends it first' }]
    : []
  if (source === undefined) {
    tell(ports, json, { source: null, points: [...before, none(nothing)], audit: [], steps: [], notes: [] })
    return
  }
  const storage = storageName(ports, options, current)
  const points = [...before, ...(await assess(ports, source, storage))]
  const prepared = prepare(source, current, prepareInput(ports, options, storage))
  const steps = hasWork(prepared) ? prepared.plan.steps.map(({ step }) => step) : []
  const { notes, notCarried } = prepared
  const left = notCarried.map(({ field, reason }) => `not brought in: ${field} ${reason}`)
  tell(ports, json, { source: source.file.path, points, audit: audit(source), steps, notes: [...notes, ...left] })
  const problem = points.find(({ level }) => level === 'problem')
  if (problem === undefined) return
  const message = `it would not work yet: ${problem.point}: ${problem.message}`
  throw new AuthError('storage-unavailable', message, { hint: HINTS[problem.point], afterResult: true })
}

const HINTS: Readonly<Record<string, string>> = {
  room: 'make room on the disk of the home folder',
  storage: 'aiauth migrate-auth --check --storage passphrase, or --storage plaintext',
}

function none(message: string): CheckPoint {
  return { point: 'source', level: 'note', message: `nothing to migrate: ${message}` }
}

function tell({ terminal }: Ports, json: boolean, view: CheckView & { readonly source: string | null }): void {
  if (json) terminal.out(jsonText({ check: { ready: view.points.every(({ level }) => level !== 'problem'), ...view } }))
  else terminal.out(checkWords(view, terminal.outStyle, terminal.outColumns))
}
