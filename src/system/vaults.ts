import type { Vault } from '../model/ports.ts'
import { helperProgram, storageKind, type StorageKind } from '../model/storage-kind.ts'
import { elsewhereKeeper, type FindPassphrase } from './key-keeper.ts'
import { keychainVault, type KeychainVerbs } from './keychain-vault.ts'
import { sealedVaultOnDisk, vaultFile, type SealedVault } from './sealed-vault-on-disk.ts'
import { smallKeychainVault } from './small-keychain-vault.ts'

export interface VaultsInput {
  readonly home: string
  readonly keychain: KeychainVerbs
  /** What an item of the keychain holds at most; `undefined` where that is enough for any bundle. */
  readonly itemLimitCharacters: number | undefined
  readonly findPassphrase: FindPassphrase
  readonly helper: (program: string) => KeychainVerbs
}

/** The vault of each storage, and its part of the vault file. */
export interface VaultsOnDisk {
  /** @throws AuthError `storage-unavailable` for a kind of a later version. */
  vault(kind: string): Vault
  /** `undefined` for a keychain that holds whole bundles. @throws AuthError as `vault`. */
  sealed(kind: string): SealedVault | undefined
}

/** Every storage there is, opened where it is first used and once in a run of the program. */
export function vaultsOf({ home, keychain, itemLimitCharacters, ...input }: VaultsInput): VaultsOnDisk {
  const ofFile = remembered((kind: StorageKind) => {
    if (kind === 'plaintext') return sealedVaultOnDisk(home, undefined)
    if (kind === 'passphrase') return sealedVaultOnDisk(home, input.findPassphrase)
    const program = helperProgram(kind)
    if (program === undefined) return vaultFile(home, elsewhereKeeper(kind, keychain, { type: 'keychain' }))
    return vaultFile(home, elsewhereKeeper(kind, input.helper(program), { type: 'helper', program }))
  })
  const items = keychainVault(keychain)
  const ofKeychain =
    itemLimitCharacters === undefined ? items : smallKeychainVault(items, ofFile('keychain'), itemLimitCharacters)
  return {
    vault: (name) => {
      const kind = storageKind(name)
      return kind === 'keychain' ? ofKeychain : ofFile(kind)
    },
    sealed: (name) => {
      const kind = storageKind(name)
      return kind === 'keychain' && itemLimitCharacters === undefined ? undefined : ofFile(kind)
    },
  }
}

function remembered<K, V>(make: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>()
  return (key) => {
    const value = known.get(key) ?? make(key)
    known.set(key, value)
    return value
  }
}
