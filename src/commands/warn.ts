import type { Ports } from '../model/ports.ts'
import { oneLine } from '../model/untrusted.ts'

/** One line on stderr that must be known, also with `--quiet`. */
export function warn(
  { terminal }: { readonly terminal: Pick<Ports['terminal'], 'say' | 'errStyle'> },
  message: string,
): void {
  terminal.say(`aiauth: ${terminal.errStyle.yellow('warning')}: ${oneLine(message)}`, { always: true })
}
