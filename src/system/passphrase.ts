import { join } from 'node:path'
import { AuthError } from '../model/errors.ts'
import type { Terminal } from '../model/ports.ts'
import { Secret } from '../model/secret.ts'
import { readPrivateFile } from './read-private-file.ts'

export interface PassphraseSources {
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly terminal: Pick<Terminal, 'interactive' | 'askSecret'>
  readonly signal: AbortSignal
}

/** The file of systemd's credentials that is looked for, below `$CREDENTIALS_DIRECTORY`. */
const CREDENTIAL_NAME = 'aiauth-passphrase'

/** Whether a passphrase is at hand without asking anybody. */
export function hasPassphrase(variables: PassphraseSources['variables']): boolean {
  return given(variables) !== undefined
}

/**
 * The passphrase of the vault file: from a file, a variable or systemd, else typed without
 * echo; a new one is typed twice.
 *
 * @throws AuthError `storage-locked` where there is none and nobody to ask.
 */
export async function findPassphrase(sources: PassphraseSources, isNew: boolean): Promise<Secret> {
  const found = given(sources.variables)
  if (found !== undefined) return checked(new Secret(found().replace(/\r?\n$/, '')))
  if (!sources.terminal.interactive) {
    throw new AuthError('storage-locked', 'the vault needs its passphrase and nobody can be asked for it', {
      hint: 'AIAUTH_PASSPHRASE_FILE=<file that holds the passphrase>',
    })
  }
  const first = checked(await typed(sources, isNew ? 'new passphrase for the vault: ' : 'passphrase of the vault: '))
  if (!isNew) return first
  return twice(sources, first)
}

/**
 * The passphrase that is to replace the present one: out of a file, else typed twice; Enter
 * alone, and nobody to ask, mean that the present one stays.
 *
 * @throws AuthError `usage`, `storage-locked`, `cancelled`.
 */
export async function newPassphrase(asking: Asking, file: string | undefined): Promise<Secret | undefined> {
  if (file !== undefined) return checked(new Secret(read(file).replace(/\r?\n$/, '')))
  if (!asking.terminal.interactive) return undefined
  const first = await typed(asking, 'new passphrase for the vault (empty: keep the present one): ')
  return first.reveal() === '' ? undefined : twice(asking, first)
}

function given(variables: PassphraseSources['variables']): (() => string) | undefined {
  const { AIAUTH_PASSPHRASE_FILE: file, AIAUTH_PASSPHRASE: value, CREDENTIALS_DIRECTORY: folder } = variables
  if (file) return () => read(file)
  if (value) return () => value
  const credential = folder ? join(folder, CREDENTIAL_NAME) : undefined
  return credential !== undefined && readPrivateFile(credential) !== undefined ? () => read(credential) : undefined
}

function read(path: string): string {
  const text = readPrivateFile(path)
  if (text !== undefined) return text
  throw new AuthError('storage-locked', 'the passphrase file does not exist', { hint: 'check its path' })
}

type Asking = Omit<PassphraseSources, 'variables'>

/** @throws AuthError `usage` where the second differs. */
async function twice(asking: Asking, first: Secret): Promise<Secret> {
  const second = await typed(asking, 'the same passphrase again: ')
  if (first.reveal() === second.reveal()) return first
  throw new AuthError('usage', 'the two passphrases differ', { hint: 'run the command again' })
}

/** @throws AuthError `cancelled` where there is no more to come. */
async function typed({ terminal, signal }: Asking, question: string): Promise<Secret> {
  const answer = await terminal.askSecret(question, signal)
  if (answer === undefined) throw new AuthError('cancelled', 'no passphrase was typed')
  return answer
}

function checked(passphrase: Secret): Secret {
  if (passphrase.reveal() !== '') return passphrase
  throw new AuthError('storage-locked', 'the passphrase is empty', { hint: 'choose one of at least a few words' })
}
