import { encode, renderUnicodeCompact } from 'uqr'

/** What surrounds the code, in modules; the standard's 4 would not fit into 80 columns, and readers do with 2. */
const BORDER = 2

/**
 * An address as a QR code of half blocks, one module a column, or why there is none: a code
 * that wraps cannot be read.
 *
 * @param columns - width of the terminal, `undefined` where there is none
 */
export function qrCode(url: string, columns: number | undefined): string[] {
  const options = { border: BORDER, ecc: 'L' } as const
  const { size } = encode(url, options)
  if (columns === undefined) return ['aiauth: no QR code is shown, since stderr is no terminal']
  if (columns < size) return [`aiauth: the QR code needs a terminal of ${size} columns; this one has ${columns}`]
  return renderUnicodeCompact(url, options).split('\n')
}
