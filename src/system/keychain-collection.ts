import { execFile } from 'node:child_process'
import { keychainError } from './keychain-error.ts'

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
 * A service without any collection (a database that is not open, a daemon without a login)
 * says "nothing" to every search. That must not be taken for "signed out". Where neither
 * program is there, the two cannot be told apart.
 *
 * @throws AuthError `storage-unavailable`.
 */
export async function findCollection(): Promise<void> {
  for (const [program, ...options] of COLLECTION_QUERIES) {
    const answer = await new Promise<string | undefined>((resolve) => {
      execFile(program, options, { timeout: QUERY_TIMEOUT_MS, windowsHide: true }, (error, output) =>
        resolve(error === null ? output : undefined),
      )
    })
    if (answer === undefined) continue
    if (/^\s*(?:o ")?\/"?\s*$/.test(answer)) throw keychainError(new Error('no result found'))
    return
  }
}
