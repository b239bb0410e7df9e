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
  const first = await ask(sources, isNew ? 'new passphrase for the vault: ' : 'passphrase of the vault: ')
  if (!isNew) return first
  const second = await ask(sources, 'the same passphrase again: ')
  if (first.reveal() === second.reveal()) return first
  throw new AuthError('usage', 'the two passphrases differ', { hint: 'run the command again' })
}

/**
 * The passphrase that is to replace the present one: out of a file, else typed twice; nothing
 * typed, and nobody to ask, mean that the present one stays.
 *
 * @throws AuthError `usage`, `storage-locked`, `cancelled`.
 */
export async function newPassphrase(
  { terminal, signal }: Omit<PassphraseSources, 'variables'>,
  file: string | undefined,
): Promise<Secret | undefined> {
  if (file !== undefined) return checked(new Secret(read(file).replace(/\r?\n$/, '')))
  if (!terminal.interactive) return undefined
  const first = await terminal.askSecret('new passphrase for the vault (empty: keep the present one): ', signal)
  if (first === undefined || first.reveal() === '') return undefined
  const second = await terminal.askSecret('the same passphrase again: ', signal)
  if (first.reveal() === second?.reveal()) return first
  throw new AuthError('usage', 'the two passphrases differ', { hint: 'run the command again' })
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

async function ask({ terminal, signal }: PassphraseSources, question: string): Promise<Secret> {
  const answer = await terminal.askSecret(question, signal)
  if (answer === undefined) throw new AuthError('cancelled', 'no passphrase was typed')
  return checked(answer)
}

function checked(passphrase: Secret): Secret {
  if (passphrase.reveal() !== '') return passphrase
  throw new AuthError('storage-locked', 'the passphrase is empty', { hint: 'choose one of at least a few words' })
}
