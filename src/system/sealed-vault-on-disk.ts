import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { AuthError } from '../model/errors.ts'
import type { Vault } from '../model/ports.ts'
import type { Secret } from '../model/secret.ts'
import { readBundle, writeBundle } from '../vault/bundle.ts'
import {
  formatSealedFile,
  newSealedFile,
  openItem,
  openSlot,
  sealItem,
  withoutItem,
  type SealedFile,
} from '../vault/sealed-file.ts'
import { withLock } from './lock.ts'
import { replacePrivateFile } from './private-files.ts'
import { readSealedFile } from './read-sealed-vault.ts'

/** Asks for, or finds, the passphrase; `isNew` when one is being chosen. Called at most once. */
export type FindPassphrase = (isNew: boolean) => Promise<Secret>

/** What the names of our own keys begin with; an account's is its id. */
const KEY_ITEM = 'key/'

interface OpenVault {
  readonly file: SealedFile
  readonly key: Buffer
}

/**
 * The vault file of the kinds without a keychain: each bundle sealed under one random key,
 * which is wrapped by a passphrase (`findPassphrase`) or, for `plaintext`, stands beside it.
 */
export function sealedVaultOnDisk(home: string, findPassphrase: FindPassphrase | undefined): Vault {
  const path = join(home, 'vault.json')
  const kind = findPassphrase === undefined ? 'plaintext' : 'passphrase'
  let passphrase: Promise<Secret> | undefined
  let made: OpenVault | undefined
  let opened: { slot: string; key: Buffer } | undefined
  const passphraseOnce = (isNew: boolean) => (passphrase ??= findPassphrase?.(isNew))

  const read = () => readSealedFile(home)
  const unlock = async (file: SealedFile): Promise<Buffer> => {
    const slotKind = file.slot.type === 'plaintext' ? 'plaintext' : 'passphrase'
    if (slotKind !== kind) {
      const choice = `set AIAUTH_STORAGE=${slotKind}`
      const isForBackupsOnly = Object.keys(file.items).every((name) => name.startsWith(KEY_ITEM))
      throw new AuthError('storage-unavailable', `the vault file is of the kind ${slotKind}, not ${kind}`, {
        hint: isForBackupsOnly ? `${choice}, or remove the backups: aiauth migrate-auth --purge-backups` : choice,
      })
    }
    const slot = JSON.stringify(file.slot)
    // scrypt takes a third of a second: once for each slot and program run.
    if (opened?.slot !== slot) opened = { slot, key: openSlot(file, await passphraseOnce(false)) }
    return opened.key
  }
  const openOrMake = async (): Promise<OpenVault> => {
    const file = read()
    // An empty vault holds nothing that its key or its kind would be needed for.
    if (file !== undefined && Object.keys(file.items).length > 0) return { file, key: await unlock(file) }
    made ??= newSealedFile(randomUUID(), await passphraseOnce(true))
    opened = { slot: JSON.stringify(made.file.slot), key: made.key }
    return made
  }
  const change = async (edit: (vault: OpenVault) => SealedFile): Promise<void> => {
    // Asked before the lock is taken: a person may think for longer than others should wait.
    if (findPassphrase !== undefined) await openOrMake()
    await withLock(`${path}.lock`, async (lock) => {
      replacePrivateFile(path, formatSealedFile(edit(await openOrMake())), () => lock.assertHeld())
    })
  }

  const readItem = async (name: string) => {
    const file = read()
    return file === undefined || !Object.hasOwn(file.items, name) ? undefined : openItem(file, await unlock(file), name)
  }
  const writeItem = (name: string, text: Secret) => change(({ file, key }) => sealItem(file, key, name, text))
  const removeItem = async (name: string) => {
    const file = read()
    if (file === undefined || !Object.hasOwn(file.items, name)) return
    await withLock(`${path}.lock`, (lock) => {
      const current = read()
      if (current === undefined) return
      replacePrivateFile(path, formatSealedFile(withoutItem(current, name)), () => lock.assertHeld())
    })
  }

  return {
    kind,
    async probe() {
      await openOrMake()
      // The lock is a file of the same folder, written in the same way.
      await withLock(`${path}.lock`, () => undefined)
    },
    async read(accountId) {
      const text = await readItem(accountId)
      return text === undefined ? undefined : readBundle(text, accountId)
    },
    write: (bundle) => writeItem(bundle.accountId, writeBundle(bundle)),
    remove: removeItem,
    readKey: (name) => readItem(KEY_ITEM + name),
    writeKey: (name, key) => writeItem(KEY_ITEM + name, key),
    removeKey: (name) => removeItem(KEY_ITEM + name),
  }
}
