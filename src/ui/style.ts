import type { Style } from '../model/ports.ts'

/** Text as it is. */
export const PLAIN: Style = {
  bold: (text) => text,
  dim: (text) => text,
  red: (text) => text,
  green: (text) => text,
  yellow: (text) => text,
  cyan: (text) => text,
}

const marked = (open: number, close: number) => (text: string) => `\u001b[${open}m${text}\u001b[${close}m`

/**
 * The same marks as chalk's, without loading it: on the way to a token or a status every
 * millisecond counts. A test holds the two equal, byte by byte.
 */
export const ANSI: Style = {
  bold: marked(1, 22),
  dim: marked(2, 22),
  red: marked(31, 39),
  green: marked(32, 39),
  yellow: marked(33, 39),
  cyan: marked(36, 39),
}
