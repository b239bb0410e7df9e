import { InvalidArgumentError, type Command } from 'commander'
import { isAccountName } from '../model/account-name.ts'
import { parseDurationMs } from '../model/duration.ts'
import { findStorageKind, STORAGE_CHOICES } from '../model/storage-kind.ts'

/** The flags that every command takes. */
export interface GlobalOptions {
  readonly json?: true
}

export function isJson(command: Command): boolean {
  return command.optsWithGlobals<GlobalOptions>().json === true
}

export function durationMs(text: string): number {
  const parsed = parseDurationMs(text)
  if (parsed === undefined) throw new InvalidArgumentError('expected a duration such as 90s, 5m, 2h or 1d')
  return parsed
}

export function seconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected whole seconds, 0 or more')
  return Number(text)
}

export function lanesAtOnce(text: string): number {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > 64) throw new InvalidArgumentError('expected a number from 1 to 64')
  return value
}

export function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > 65_535) throw new InvalidArgumentError('expected a port from 1 to 65535')
  return value
}

/** Scopes separated by blanks or commas. */
export function scopes(text: string): string[] {
  const list = text.split(/[\s,]+/).filter((scope) => scope !== '')
  if (list.length === 0 || list.some((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))) {
    throw new InvalidArgumentError('expected scopes separated by blanks')
  }
  return list
}

/** A name that an account may be given. */
export function accountName(text: string): string {
  if (!isAccountName(text)) {
    throw new InvalidArgumentError('expected letters, digits and . _ @ + -, at most 64, a letter or digit first')
  }
  return text
}

/** A kind of storage, as its name. */
export function storage(text: string): string {
  if (findStorageKind(text) === undefined) throw new InvalidArgumentError(`expected ${STORAGE_CHOICES}`)
  return text
}

export function fileName(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('expected the name of a file')
  return text
}
