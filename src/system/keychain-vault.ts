import { randomUUID } from 'node:crypto'
import { AuthError } from '../model/errors.ts'
import type { Vault } from '../model/ports.ts'
import { Secret } from '../model/secret.ts'
import { readBundle } from '../vault/bundle.ts'
import { writeBundle } from '../vault/write-bundle.ts'

/** Keytar's verbs, with the service fixed: what every way to the keychain offers. */
export interface KeychainVerbs {
  getPassword(account: string): Promise<string | undefined>
  setPassword(account: string, value: string): Promise<void>
  deletePassword(account: string): Promise<void>
}

/** One keychain item for each account, named by the account's id and nothing else. */
export function keychainVault(keychain: KeychainVerbs): Vault {
  return {
    kind: 'keychain',
    async probe(accountId = randomUUID()) {
      const item = probeItem(accountId)
      await keychain.setPassword(item, item)
      const stored = await keychain.getPassword(item)
      await keychain.deletePassword(item)
      if (stored !== item)
        throw new AuthError('storage-unavailable', 'the keychain does not keep what is written to it')
    },
    async read(accountId) {
      const text = await keychain.getPassword(accountId)
      return text === undefined ? undefined : readBundle(new Secret(text), accountId)
    },
    write: (bundle) => keychain.setPassword(bundle.accountId, writeBundle(bundle).reveal()),
    async remove(accountId) {
      await keychain.deletePassword(accountId)
      await keychain.deletePassword(probeItem(accountId))
    },
    async readKey(name) {
      const text = await keychain.getPassword(keyItem(name))
      return text === undefined ? undefined : new Secret(text)
    },
    writeKey: (name, key) => keychain.setPassword(keyItem(name), key.reveal()),
    removeKey: (name) => keychain.deletePassword(keyItem(name)),
  }
}

const keyItem = (name: string) => `key/${name}`

const probeItem = (accountId: string) => `probe/${accountId}`
