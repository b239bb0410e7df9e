import { stateAt } from '../model/account-state.ts'
import type { Account, AccountState } from '../model/account.ts'
import type { Style } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'
import { timeLeft } from './time-left.ts'

export interface StatusView {
  readonly accounts: readonly Account[]
  /** Id of the account that is used when none is named. */
  readonly effectiveId: string | undefined
  /** Those that are switched off. */
  readonly disabled: ReadonlySet<Account>
  readonly nowMs: number
  /** Width of the terminal, `undefined` when there is none: then nothing is folded. */
  readonly columns: number | undefined
  readonly style: Style
}

const HEADINGS = ['', 'NAME', 'PROVIDER', 'WHO', 'TIER', 'STATE', 'EXPIRES IN', 'STORAGE'] as const
const LABELS = ['who', 'tier', 'state', 'expires in', 'storage'] as const
const NO_VALUE = '-'

type Shown = AccountState | 'disabled'

const STATE_COLOURS: Readonly<Record<Shown, keyof Style>> = {
  active: 'green',
  created: 'green',
  expired: 'yellow',
  error: 'red',
  'needs-login': 'red',
  disabled: 'dim',
}

/** The accounts as a table, or, where the terminal is too narrow for it, one below another. */
export function statusTable(view: StatusView): string {
  const rows = view.accounts.map((account) => cells(account, view))
  const width = widthFor(rows)
  const widths = HEADINGS.map((heading, column) =>
    rows.reduce((widest, row) => Math.max(widest, width(row[column])), heading.length),
  )
  const total = widths.reduce((sum, each) => sum + each + 2, -2)
  return view.columns !== undefined && total > view.columns
    ? stacked(rows, view.style)
    : aligned(rows, widths, width, view.style)
}

function cells(account: Account, view: StatusView): string[] {
  const shown = (value: string | null) => (value === null ? NO_VALUE : cleanLine(value) || NO_VALUE)
  return [
    account.id === view.effectiveId ? '*' : '',
    shown(account.name),
    shown(`${account.provider}/${account.mode}`),
    shown(account.email ?? account.accountId),
    shown(account.tier ?? 'n/a'),
    view.disabled.has(account) ? 'disabled' : stateAt(account, view.nowMs).state,
    timeLeft(account.expiresAt, view.nowMs),
    shown(account.secret.store),
  ]
}

function aligned(rows: readonly string[][], widths: readonly number[], width: Width, style: Style): string {
  const line = (row: readonly string[], paint: (text: string, column: number) => string) =>
    row
      .map((cell, column) => paint(cell, column) + ' '.repeat((widths[column] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd()
  const head = line(HEADINGS, (text) => (text === '' ? text : style.dim(text)))
  return [head, ...rows.map((row) => line(row, (text, column) => painted(text, column, style)))].join('\n') + '\n'
}

function stacked(rows: readonly string[][], style: Style): string {
  return rows
    .map(([mark, name, provider, ...values]) => {
      const title = `${mark === '' ? '' : `${mark} `}${style.bold(name ?? '')} (${provider ?? ''})`
      const lines = values.map((value, index) => {
        return `  ${style.dim((LABELS[index] ?? '').padEnd(10))}  ${painted(value, index + 3, style)}`
      })
      return [title, ...lines].join('\n') + '\n'
    })
    .join('\n')
}

const [NAME_COLUMN, STATE_COLUMN] = [HEADINGS.indexOf('NAME'), HEADINGS.indexOf('STATE')]

function painted(text: string, column: number, style: Style): string {
  if (column === NAME_COLUMN) return style.bold(text)
  if (column === STATE_COLUMN) return style[STATE_COLOURS[text as Shown]](text)
  return text
}

type Width = (text: string | undefined) => number

/** Most tables are ASCII, for which the cheap answer is the right one. */
function widthFor(rows: readonly string[][]): Width {
  const isAscii = /^[ -~\n,]*$/.test(rows.join('\n'))
  return isAscii ? (text = '') => text.length : (text = '') => Array.from(text).length
}
