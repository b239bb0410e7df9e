import type { AuthError } from '../model/errors.ts'
import type { Style } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'

export interface StorageView {
  readonly kind: string
  readonly isDecided: boolean
  readonly driver: string
  readonly where: string
  readonly reachable: boolean
  readonly locked: boolean
  readonly accounts: number
  readonly items: number | undefined
  readonly orphans: number | undefined
  readonly trouble: AuthError | undefined
}

/** What `storage show` prints: a block of lines for each storage. */
export function storageWords(views: readonly StorageView[], style: Style): string {
  return views.map((view) => block(view, style)).join('\n')
}

function block(view: StorageView, style: Style): string {
  const { kind, isDecided, driver, where, accounts, items, orphans, trouble } = view
  const state = trouble === undefined ? style.green('works') : style.yellow(view.locked ? 'locked' : 'out of order')
  const count = (value: number | undefined) => (value === undefined ? 'not known' : String(value))
  const rows: readonly (readonly [string, string])[] = [
    ['state', trouble === undefined ? state : `${state}: ${cleanLine(trouble.message)}`],
    ['kept by', cleanLine(driver)],
    ['where', cleanLine(where)],
    ['accounts', String(accounts)],
    ['secrets', count(items)],
    ['orphans', count(orphans)],
    ...(kind === 'plaintext' ? [['note', PLAIN] as const] : []),
  ]
  const title = `${style.bold(kind)}${isDecided ? '' : ' (new accounts go elsewhere)'}`
  return `${[title, ...rows.map(([label, value]) => `  ${style.dim(label.padEnd(8))}  ${value}`)].join('\n')}\n`
}

const PLAIN = 'anybody who can read these files can read the tokens'

/** The same for `--json`. */
export function storageJson({ kind, isDecided, driver, where, reachable, locked, ...view }: StorageView) {
  const { accounts, items = null, orphans = null, trouble } = view
  const fault = trouble === undefined ? null : { code: trouble.code, message: trouble.message }
  return { kind, isDecided, driver, where, reachable, locked, accounts, items, orphans, trouble: fault }
}
