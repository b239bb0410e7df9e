import type * as Keyring from '@napi-rs/keyring'
import type { AuthError } from '../model/errors.ts'
import { nativeCall } from './end-now.ts'
import type { KeychainVerbs } from './keychain-vault.ts'

const SERVICE = 'aiauth'
/** Unpinned, the package falls back to the kernel's keyring in silence, which a restart empties. */
const PINNED: Keyring.EntryOptions = { linux: { store: 'secret-service' } }

/**
 * The keychain in this very process: 8 ms for a read, but a call that waits for a dialog
 * cannot be taken back. Only for a caller that ends with the process (`endNow`).
 *
 * @throws AuthError `storage-unavailable`, `storage-locked`, `storage-timed-out`.
 */
export const keychainDirect: KeychainVerbs = {
  async getPassword(account) {
    const read = () => withEntry(account, (entry) => entry.getPassword())
    const value = await read().catch(async (error: unknown) => {
      // Only a reading may be asked for twice: a write may have been heard before the connection broke.
      if ((await import('./keychain-error.ts')).isBroken(error)) return read()
      throw error
    })
    if (value !== null) return value
    if (process.platform === 'linux') await (await import('./secret-service.ts')).findCollection()
    return undefined
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

/** A locked keychain is named, where it can be asked for its name. The table of failures is read when there is one, and not on the way to a token. */
async function classified(error: unknown): Promise<AuthError> {
  const { keychainError } = await import('./keychain-error.ts')
  const known = keychainError(error)
  if (known.code !== 'storage-locked' || process.platform !== 'linux') return known
  return (await import('./secret-service.ts')).withNames(known)
}
