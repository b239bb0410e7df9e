import type { Style } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'

export interface SignInRow {
  readonly name: string
  readonly outcome: 'signed-in' | 'failed' | 'cancelled'
  readonly message?: string
}

const COLOURS = { 'signed-in': 'green', failed: 'red', cancelled: 'yellow' } as const

/** `work  signed-in` for each, with the reason where one was not. */
export function signInRows(rows: readonly SignInRow[], style: Style): string {
  const width = rows.reduce((widest, { name }) => Math.max(widest, name.length), 0)
  const line = ({ name, outcome, message }: SignInRow) => {
    const what = style[COLOURS[outcome]](outcome) + ' '.repeat('signed-in'.length - outcome.length)
    return `${style.bold(name.padEnd(width))}  ${what}  ${message === undefined ? '' : cleanLine(message)}`.trimEnd()
  }
  return rows.map((row) => `${line(row)}\n`).join('')
}
