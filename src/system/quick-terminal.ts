import type { Style, Terminal } from '../model/ports.ts'
import type { Colour } from './colour.ts'
import { isTerminal } from './is-terminal.ts'
import { writeFully } from './write-fully.ts'

export type QuickTerminal = Pick<Terminal, 'out' | 'say' | 'outStyle' | 'errStyle' | 'outColumns'>

/**
 * stdout and stderr without Node's stream objects, which cost 3 ms to look at: they are
 * asked only where a descriptor is a character device and may be a terminal.
 */
export function quickTerminal(colour: Colour, styles: { plain: Style; coloured: Style }): QuickTerminal {
  const known: Partial<Record<1 | 2, boolean>> = {}
  const isShown = (descriptor: 1 | 2) => (known[descriptor] ??= isTerminal(descriptor))
  const styleFor = (descriptor: 1 | 2) =>
    colour.allowed && (colour.forced || isShown(descriptor)) ? styles.coloured : styles.plain
  return {
    out: (text) => writeFully(1, text),
    say: (line) => writeFully(2, `${line}\n`),
    get outStyle() {
      return styleFor(1)
    },
    get errStyle() {
      return styleFor(2)
    },
    get outColumns() {
      return isShown(1) ? process.stdout.columns : undefined
    },
  }
}
