import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AuthError } from '../../src/model/errors.ts'
import type { Secret } from '../../src/model/secret.ts'
import type { TokenSet } from '../../src/model/tokens.ts'

/** A file as some version of a program has written it, and what is to be read of it. */
export interface Vector {
  readonly name: string
  /** The text of the file. */
  readonly text: string
  readonly expected: { readonly error?: string; readonly carries?: readonly string[] }
  /** The whole vector file, for what only one program has. */
  readonly record: Readonly<Record<string, unknown>>
}

/** All vectors of one program: `{"file": text or value, "expected": …}` each. */
export function vectorsOf(program: string): Vector[] {
  const folder = join(import.meta.dirname, '..', 'vectors', program)
  return readdirSync(folder).map((name) => {
    const record = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Vector['record']
    const file = record['file']
    const text = typeof file === 'string' ? file : JSON.stringify(file, undefined, 2)
    return { name: name.replace('.json', ''), text, expected: record['expected'] as Vector['expected'], record }
  })
}

/** Tokens as the vectors spell them: values in clear, times written out. */
export function shown(tokens: TokenSet | undefined): object | undefined {
  if (tokens === undefined) return undefined
  const { accessToken, refreshToken, idToken, expiresAtMs, refreshExpiresAtMs, scopes } = tokens
  return {
    accessToken: clear(accessToken),
    refreshToken: clear(refreshToken),
    idToken: clear(idToken),
    expiresAt: time(expiresAtMs),
    refreshExpiresAt: time(refreshExpiresAtMs),
    scopes,
  }
}

export const clear = (secret: Secret | undefined) => secret?.reveal()
export const time = (atMs: number | undefined) => (atMs === undefined ? undefined : new Date(atMs).toISOString())

/** What a reader throws at a text. */
export function failureOf(read: (text: string) => unknown, text: string): AuthError {
  try {
    read(text)
  } catch (error) {
    return error as AuthError
  }
  throw new Error('the text was accepted')
}
