/**
 * Readers for values that came from a server, a file or a browser. Nothing here throws:
 * what is not of the expected shape is `undefined`, and the caller decides what that means.
 */

export type UntrustedRecord = Readonly<Record<string, unknown>>

/** The value as a record (`{}` when it is none), safe to index with any name. */
export function record(value: unknown): UntrustedRecord {
  const empty: UntrustedRecord = Object.create(null) as UntrustedRecord
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return empty
  return Object.assign(Object.create(null) as Record<string, unknown>, value)
}

/**
 * The value of a JSON text, or `undefined` (which JSON cannot say) for any other text. The
 * message of a SyntaxError quotes the text, and the text may hold a secret, so it ends here.
 */
export function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is UntrustedRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A non-empty text as one clean line fit for a terminal, or `undefined`. */
export function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const line = cleanLine(value)
  return line === '' ? undefined : line
}

/** A path as it stands there: cleaned or shortened it would be another one. Clean it where it is shown. */
export function filePath(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && !value.includes('\0') ? value : undefined
}

/** The texts of a list; members of any other type are left out. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap((member) => text(member) ?? []) : []
}

const ESC = '\\u001b'
const STRING_TERMINATOR = `(?:\\u0007|${ESC}\\\\|\\u009c|$)`
/** Whole escape sequences: OSC, DCS, SOS, PM and APC strings, CSI sequences, two-byte escapes. */
const ESCAPE_SEQUENCES = new RegExp(
  [
    `(?:${ESC}[\\]PX^_]|[\\u009d\\u0090\\u0098\\u009e\\u009f])[^\\u0007\\u001b\\u009c]*${STRING_TERMINATOR}`,
    `(?:${ESC}\\[|\\u009b)[0-?]*[ -/]*[@-~]?`,
    `${ESC}[ -/]*[0-~]?`,
  ].join('|'),
  'gu',
)
/** Controls, line and paragraph separators, bidirectional and invisible formatting, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu

/** Most texts are fine as they are; telling so first makes a thousand accounts quick to show. */
const ORDINARY = /^[!-~](?: ?[!-~]){0,99}$/

/** Longest text of foreign origin that is shown on one line, in characters. */
const LINE_LENGTH_LIMIT = 200

/**
 * Foreign text made safe for a terminal: whole escape sequences dropped, controls and
 * direction overrides turned into blanks, one line, at most 200 characters.
 *
 * Dropping only the ESC byte would leave `[2J` or a clipboard write as readable litter
 * (security case X1).
 */
export function cleanLine(value: string): string {
  if (ORDINARY.test(value)) return value
  const line = oneLine(value.slice(0, 64 * LINE_LENGTH_LIMIT))
  const characters = Array.from(line)
  return characters.length <= LINE_LENGTH_LIMIT ? line : `${characters.slice(0, LINE_LENGTH_LIMIT - 1).join('')}…`
}

/** The same without a limit: for sentences of our own in which a path or a name stands. */
export function oneLine(value: string): string {
  return value.replace(ESCAPE_SEQUENCES, '').replace(UNPRINTABLE, ' ').replace(/\s+/gu, ' ').trim()
}
