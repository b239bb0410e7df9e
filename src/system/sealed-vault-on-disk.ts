import { randomUUID } from 'node:crypto'
import { AuthError } from '../model/errors.ts'
import type { Hold, Vault } from '../model/ports.ts'
import type { Secret } from '../model/secret.ts'
import { readBundle } from '../vault/bundle.ts'
import { newKey, type KeySlot } from '../vault/key-slot.ts'
import {
  compartmentOf,
  formatSealedFile,
  isEmpty,
  openItem,
  resealed,
  sealItem,
  withCompartment,
  withoutItem,
  type Compartment,
  type SealedFile,
} from '../vault/sealed-file.ts'
import { writeBundle } from '../vault/write-bundle.ts'
import { vaultPathIn } from './home.ts'
import { PLAINTEXT_KEEPER, passphraseKeeper, type FindPassphrase, type KeyKeeper } from './key-keeper.ts'
import { withLock } from './lock.ts'
import { replacePrivateFile } from './private-files.ts'
import { readSealedFile } from './read-sealed-vault.ts'

/** What the names of our own keys begin with; an account's is its id. */
const KEY_ITEM = 'key/'

interface OpenVault {
  readonly compartment: Compartment
  readonly key: Buffer
}

/** A vault in the vault file. */
export interface SealedVault extends Vault {
  /** Names of what it holds, ours beginning with `key/`; nothing is opened. */
  names(): readonly string[]
  /** Former keys that may still be kept somewhere. */
  formerKeys(): readonly string[]
  /** Gets the key, if there is one to get. @throws AuthError as `Vault.probe`, and `secret-missing`. */
  unlock(): Promise<void>
  /** Seals everything under a new key. @returns whether there was anything to seal. */
  rotate(passphrase?: Secret): Promise<boolean>
  /** Has former keys forgotten. */
  tidy(): Promise<void>
}

/** The vault file of `passphrase` or, without a way to one, of `plaintext`. */
export function sealedVaultOnDisk(home: string, findPassphrase: FindPassphrase | undefined): SealedVault {
  return vaultFile(home, findPassphrase === undefined ? PLAINTEXT_KEEPER : passphraseKeeper(findPassphrase))
}

/**
 * One storage's compartment of the vault file: each bundle sealed under one random key, which
 * the keeper keeps. All compartments stand in one file, so that a reader, and a power cut, see
 * the whole old or the whole new one of each.
 *
 * A key is made only where there is nothing that an older one would be needed for.
 */
export function vaultFile(home: string, keeper: KeyKeeper): SealedVault {
  const { kind, elsewhere } = keeper
  const path = vaultPathIn(home)
  let made: OpenVault | undefined
  let opened: { readonly slot: string; readonly key: Buffer } | undefined

  const own = (file = readSealedFile(home)) => compartmentOf(file, kind)
  const slotOf = ({ fileId, slot }: Compartment) => JSON.stringify([fileId, slot])
  const remember = (vault: OpenVault) => {
    opened = { slot: slotOf(vault.compartment), key: vault.key }
    return vault
  }
  const unlock = async (compartment: Compartment): Promise<OpenVault> => {
    // scrypt takes a third of a second, a helper may ask: once for each slot and program run.
    if (opened?.slot === slotOf(compartment)) return { compartment, key: opened.key }
    const key = await keeper.find(compartment)
    if (key === undefined) throw keyGone(kind)
    return remember({ compartment, key })
  }
  /** Nothing is kept elsewhere before the file names it, so that nothing is left there unknown. */
  const makeElsewhere = async (slot: KeySlot, lock: Hold): Promise<OpenVault> => {
    const compartment = own() ?? { version: 1, fileId: randomUUID(), slot, items: {} }
    if (own() === undefined) replace(compartment, lock)
    const kept = await keeper.find(compartment)
    const key = kept ?? newKey()
    if (kept === undefined) await keeper.keep(compartment.fileId, key)
    return remember({ compartment, key })
  }
  /** A key in the file itself is made before the lock is held, for a person may think about a passphrase. */
  const makeHere = async (): Promise<OpenVault> => {
    if (made !== undefined) return made
    const [fileId, key] = [randomUUID(), newKey()]
    const slot = await keeper.keep(fileId, key)
    return (made = remember({ compartment: { version: 1, fileId, slot, items: {} }, key }))
  }
  const open = async (lock?: Hold): Promise<OpenVault | undefined> => {
    const compartment = own()
    if (compartment !== undefined && !isEmpty(compartment)) return unlock(compartment)
    if (elsewhere === undefined) return makeHere()
    return lock === undefined ? undefined : makeElsewhere(elsewhere.slot, lock)
  }
  const store = (file: SealedFile, lock: Hold) => {
    const isNeeded = (each: Compartment) => !isEmpty(each) || !['plaintext', 'scrypt'].includes(each.slot.type)
    const needed = file.some(isNeeded) ? file.filter(isNeeded) : file.slice(-1)
    replacePrivateFile(path, formatSealedFile(needed), () => lock.assertHeld())
  }
  const locked = <T>(work: (lock: Hold) => Promise<T> | T) => withLock(`${path}.lock`, work)
  const replace = (compartment: Compartment, lock: Hold) =>
    store(withCompartment(readSealedFile(home), compartment), lock)

  const readItem = async (name: string): Promise<Secret | undefined> => {
    const compartment = own()
    if (compartment === undefined || !Object.hasOwn(compartment.items, name)) return undefined
    try {
      return openItem(compartment, (await unlock(compartment)).key, name)
    } catch (error) {
      // Sealed under a new key, or moved away, while we asked for the old one.
      if (own()?.fileId === compartment.fileId) throw error
      return readItem(name)
    }
  }
  const writeItem = async (name: string, text: Secret) => {
    // Asked before the lock is taken: a person may think for longer than others should wait.
    if (kind !== 'plaintext') await open()
    await locked(async (lock) => {
      const vault = await open(lock)
      if (vault !== undefined) replace(sealItem(vault.compartment, vault.key, name, text), lock)
    })
  }
  const forget = async (compartment: Compartment, lock: Hold) => {
    const ids = [...(compartment.former ?? []), ...(isEmpty(compartment) ? [compartment.fileId] : [])]
    if (elsewhere === undefined || ids.length === 0) return
    for (const id of ids) await elsewhere.forget(id)
    const file = readSealedFile(home)
    const others = file.filter((each) => each !== compartmentOf(file, kind))
    const { former: _, ...rest } = compartment
    if (isEmpty(compartment) && others.length > 0) store(others, lock)
    else replace(rest, lock)
  }
  const removeItem = async (name: string) => {
    if (!Object.hasOwn(own()?.items ?? {}, name)) return
    await locked(async (lock) => {
      const compartment = own()
      if (compartment === undefined) return
      const rest = withoutItem(compartment, name)
      replace(rest, lock)
      if (isEmpty(rest)) await forget(rest, lock)
    })
  }

  return {
    kind,
    async probe() {
      const compartment = own()
      if (compartment === undefined || isEmpty(compartment)) {
        if (kind === 'plaintext') (await import('./plaintext-folder.ts')).checkPlaintextFolder(home)
        await elsewhere?.probe()
      }
      await open()
      // The lock is a file of the same folder, written in the same way.
      await locked(() => undefined)
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
    names: () => Object.keys(own()?.items ?? {}),
    formerKeys: () => own()?.former ?? [],
    async unlock() {
      const compartment = own()
      if (compartment !== undefined && !isEmpty(compartment)) await unlock(compartment)
      else await elsewhere?.ask()
    },
    async rotate(passphrase) {
      const before = own()
      if (before === undefined || isEmpty(before)) return false
      await unlock(before)
      return locked(async (lock) => {
        const current = own()
        if (current === undefined || isEmpty(current)) return false
        const old = await unlock(current)
        const [fileId, key] = [randomUUID(), newKey()]
        const former = current.former ?? []
        if (elsewhere !== undefined) replace({ ...current, former: [...former, fileId] }, lock)
        const slot = await keeper.keep(fileId, key, passphrase)
        const left = elsewhere === undefined ? {} : { former: [...former, current.fileId] }
        const next = resealed(current, old.key, { version: 1, fileId, slot, ...left, items: {} }, key)
        replace(next, lock)
        remember({ compartment: next, key })
        await forget(next, lock)
        return true
      })
    },
    tidy: () =>
      locked(async (lock) => {
        const compartment = own()
        if (compartment !== undefined) await forget(compartment, lock)
      }),
  }
}

function keyGone(kind: string): AuthError {
  return new AuthError('secret-missing', `the key of the vault file is gone from ${kind}; the file was left as it is`, {
    hint: 'bring the key back, or sign out with --local-only and in again',
  })
}
