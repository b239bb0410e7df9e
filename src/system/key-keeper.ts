import { randomUUID } from 'node:crypto'
import { AuthError } from '../model/errors.ts'
import type { Secret } from '../model/secret.ts'
import type { StorageKind } from '../model/storage-kind.ts'
import { KEY_BYTES, isBase64 } from '../vault/sealed-box.ts'
import { openSlot, plaintextSlot, scryptSlot, type KeySlot } from '../vault/key-slot.ts'
import type { Compartment } from '../vault/sealed-file.ts'
import type { KeychainVerbs } from './keychain-vault.ts'

/** Asks for, or finds, the passphrase; `isNew` when one is being chosen. Called at most once. */
export type FindPassphrase = (isNew: boolean) => Promise<Secret>

/** Keeps the key of a compartment, within its slot or elsewhere. */
export interface KeyKeeper {
  readonly kind: StorageKind
  /**
   * A slot for a new key. When this returns, a key that is kept elsewhere is durable there and was read back.
   *
   * @param passphrase - in place of the one that is found or asked for
   */
  keep(fileId: string, key: Buffer, passphrase?: Secret): Promise<KeySlot>
  /** `undefined` when it is gone. @throws AuthError `storage-locked`, `storage-unavailable`, `storage-timed-out`. */
  find(compartment: Compartment): Promise<Buffer | undefined>
  /** Where keys are kept elsewhere. */
  readonly elsewhere?: {
    readonly slot: KeySlot
    /** Proves that a key could be kept there. @throws AuthError as `find`. */
    probe(): Promise<void>
    /** Asks for what is not there, to see whether there is an answer. @throws AuthError as `find`. */
    ask(): Promise<void>
    /** A key that is gone already is no error. */
    forget(fileId: string): Promise<void>
  }
}

/** For `plaintext`: beside what is sealed under it. */
export const PLAINTEXT_KEEPER: KeyKeeper = {
  kind: 'plaintext',
  keep: (_fileId, key) => Promise.resolve(plaintextSlot(key)),
  find: ({ fileId, slot }) => Promise.resolve(openSlot(fileId, slot, undefined)),
}

/** For `passphrase`. The passphrase is asked for once in a run of the program. */
export function passphraseKeeper(findPassphrase: FindPassphrase): KeyKeeper {
  let passphrase: Promise<Secret> | undefined
  const once = (isNew: boolean) => (passphrase ??= findPassphrase(isNew))
  return {
    kind: 'passphrase',
    keep: async (fileId, key, chosen) => scryptSlot(fileId, key, chosen ?? (await once(true))),
    find: async ({ fileId, slot }) => openSlot(fileId, slot, await once(false)),
  }
}

/** For keys that somebody else keeps, under the name of the compartment: a keychain, or a credential helper. */
export function elsewhereKeeper(kind: StorageKind, store: KeychainVerbs, slot: KeySlot): KeyKeeper {
  const name = (fileId: string) => `vault/${fileId}`
  return {
    kind,
    async keep(fileId, key) {
      const text = key.toString('base64')
      await store.setPassword(name(fileId), text)
      if ((await store.getPassword(name(fileId))) === text) return slot
      throw forgetful(kind)
    },
    async find({ fileId }) {
      const text = await store.getPassword(name(fileId))
      if (text === undefined || isBase64(text, KEY_BYTES))
        return text === undefined ? text : Buffer.from(text, 'base64')
      throw new AuthError('secret-missing', `what ${kind} keeps is no key of the vault; it was left as it is`)
    },
    elsewhere: {
      slot,
      async probe() {
        const [item, value] = [`probe/${randomUUID()}`, randomUUID()]
        await store.setPassword(item, value)
        const stored = await store.getPassword(item)
        await store.deletePassword(item)
        if (stored !== value) throw forgetful(kind)
      },
      async ask() {
        await store.getPassword(name(randomUUID()))
      },
      forget: (fileId) => store.deletePassword(name(fileId)),
    },
  }
}

function forgetful(kind: StorageKind): AuthError {
  return new AuthError('storage-unavailable', `${kind} does not keep what is written to it`, {
    hint: 'choose another storage',
  })
}
