import type { Style } from '../model/ports.ts'
import { plaintextWarning } from '../model/storage-kind.ts'
import type { StorageFacts } from '../model/storages.ts'
import { cleanLine } from '../model/untrusted.ts'

/** What `storage show` prints: a block of lines for each storage. */
export function storageWords(storages: readonly StorageFacts[], style: Style): string {
  return storages.map((facts) => block(facts, style)).join('\n')
}

function block(facts: StorageFacts, style: Style): string {
  const { kind, isDecided, driver, where, accounts, items, orphans, trouble } = facts
  const state = trouble === undefined ? style.green('works') : style.yellow(facts.locked ? 'locked' : 'out of order')
  const count = (value: number | undefined) => (value === undefined ? 'not known' : String(value))
  const rows: readonly (readonly [string, string])[] = [
    ['state', trouble === undefined ? state : `${state}: ${cleanLine(trouble.message)}`],
    ['kept by', cleanLine(driver)],
    ['where', cleanLine(where)],
    ['accounts', String(accounts)],
    ['secrets', count(items)],
    ['orphans', count(orphans)],
    ...(kind === 'plaintext' ? [['note', plaintextWarning(cleanLine(where))] as const] : []),
  ]
  const title = `${style.bold(kind)}${isDecided ? '' : ' (new accounts go elsewhere)'}`
  return `${[title, ...rows.map(([label, value]) => `  ${style.dim(label.padEnd(8))}  ${value}`)].join('\n')}\n`
}

/** The same for `--json`. */
export function storageJson({ kind, isDecided, driver, where, reachable, locked, ...facts }: StorageFacts) {
  const { accounts, items = null, orphans = null, trouble } = facts
  const fault = trouble === undefined ? null : { code: trouble.code, message: trouble.message }
  return { kind, isDecided, driver, where, reachable, locked, accounts, items, orphans, trouble: fault }
}
