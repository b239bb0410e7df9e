import type * as Keyring from '@napi-rs/keyring'
import type { AuthError } from '../model/errors.ts'
import { nativeCall } from './end-now.ts'
import type { KeychainVerbs } from './keychain-vault.ts'

const SERVICE = 'aiauth'
/** Unpinned, the package falls back to the kernel's keyring in silence, which a restart empties. */
const PINNED: Keyring.EntryOptions = { linux: { store: 'secret-service' } }

/** Programs that can ask the bus for the default collection, tried in turn: each distribution has one. */
const COLLECTION_QUERIES: readonly (readonly [program: string, ...options: string[]])[] = [
  [
    'dbus-send',
    '--session',
    '--print-reply=literal',
    '--dest=org.freedesktop.secrets',
    '/org/freedesktop/secrets',
    'org.freedesktop.Secret.Service.ReadAlias',
    'string:default',
  ],
  [
    'busctl',
    '--user',
    'call',
    'org.freedesktop.secrets',
    '/org/freedesktop/secrets',
    'org.freedesktop.Secret.Service',
    'ReadAlias',
    's',
    'default',
  ],
]
const QUERY_TIMEOUT_MS = 2000

/**
 * The keychain in this very process: 8 ms for a read, but a call that waits for a dialog
 * cannot be taken back. Only for a caller that ends with the process (`endNow`).
 *
 * @throws AuthError `storage-unavailable`, `storage-locked`, `storage-timed-out`.
 */
export const keychainDirect: KeychainVerbs = {
  async getPassword(account) {
    const value = await withEntry(account, (entry) => entry.getPassword())
    if (value === null && process.platform === 'linux') await findCollection()
    return value ?? undefined
  },
  async setPassword(account, value) {
    await withEntry(account, (entry) => entry.setPassword(value))
  },
  async deletePassword(account) {
    await withEntry(account, (entry) => entry.deletePassword())
  },
}

/** A new connection for each call, so that a keychain which was restarted is found again. */
async function withEntry<T>(account: string, call: (entry: Keyring.AsyncEntry) => Promise<T>): Promise<T> {
  try {
    const { AsyncEntry } = await import('@napi-rs/keyring')
    return await nativeCall(() => call(new AsyncEntry(SERVICE, account, PINNED)))
  } catch (error) {
    throw await classified(error)
  }
}

/**
 * A service without any collection (a database that is not open, a daemon without a login)
 * says "nothing" to every search. That must not be taken for "signed out". Where neither
 * program is there, the two cannot be told apart.
 */
async function findCollection(): Promise<void> {
  const { execFile } = await import('node:child_process')
  for (const [program, ...options] of COLLECTION_QUERIES) {
    const answer = await new Promise<string | undefined>((resolve) => {
      execFile(program, options, { timeout: QUERY_TIMEOUT_MS, windowsHide: true }, (error, output) =>
        resolve(error === null ? output : undefined),
      )
    })
    if (answer === undefined) continue
    if (/^\s*(?:o ")?\/"?\s*$/.test(answer)) throw await classified(new Error('no result found'))
    return
  }
}

/** The table of failures is read when there is one, and not on the way to a token. */
async function classified(error: unknown): Promise<AuthError> {
  const { keychainError } = await import('./keychain-error.ts')
  return keychainError(error)
}
