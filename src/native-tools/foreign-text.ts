import { AuthError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import { LATEST_MS } from '../model/time.ts'
import { isTokenText } from '../model/tokens.ts'
import { isRecord, json, record, type UntrustedRecord } from '../model/untrusted.ts'

/** A file of another program, as its text and as what stands in it. */
export interface ForeignText {
  /** Without a byte-order mark. */
  readonly text: string
  readonly content: UntrustedRecord
  readonly hasByteOrderMark: boolean
}

/** Something that stands in a file and cannot be carried over, and why. */
export interface Left {
  readonly field: string
  readonly reason: string
}

/**
 * Takes apart the text of another program's file.
 *
 * @throws AuthError `auth-file-invalid` for what is damaged, half-written, empty or no record.
 * Nothing of the content is quoted, nor a position: the text may hold a secret anywhere.
 */
export function readForeignText(source: string, file: string, signIn: string): ForeignText {
  const text = source.replace(/^\uFEFF/, '')
  const content = json(text)
  if (isRecord(content)) return { text, content: record(content), hasByteOrderMark: text !== source }
  const fault =
    text.trim() === '' ? 'it is empty' : content === undefined ? 'it is not valid JSON' : 'it is not a record'
  throw new AuthError('auth-file-invalid', `${file} cannot be read: ${fault}; it was left as it is`, {
    hint: `put a good copy in its place, or sign in there again: ${signIn}`,
  })
}

/** A token fit for a header and for a vault. */
export function tokenIn(value: unknown): Secret | undefined {
  return isTokenText(value) ? new Secret(value) : undefined
}

/** RFC 3339 §5.6, with the blank and the lower case that it allows, and an offset without colon as chrono does. */
const TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?)([Zz]|[+-]\d\d:?\d\d)$/

/** A written time in milliseconds, `undefined` for anything else. */
export function writtenTimeMs(value: unknown): number | undefined {
  const [, day, clock, zone] = (typeof value === 'string' ? TIME.exec(value) : undefined) ?? []
  if (day === undefined || clock === undefined || zone === undefined) return undefined
  return pointMs(Date.parse(`${day}T${clock}${zone.toUpperCase()}`))
}

/** A point in time, in milliseconds; 0 and what no calendar holds are none. */
export function pointMs(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 && value <= LATEST_MS ? value : undefined
}
