import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { AuthError } from '../model/errors.ts'
import type { Secret } from '../model/secret.ts'
import { findStorageKind, helperProgram, type StorageKind } from '../model/storage-kind.ts'
import type { StorageMove, Storages } from '../model/storages.ts'
import { json, record, text, texts } from '../model/untrusted.ts'
import { kindOfSlot } from '../vault/key-slot.ts'
import { isEmpty } from '../vault/sealed-file.ts'
import { vaultPathIn } from './home.ts'
import { removeQuietly, replacePrivateFile } from './private-files.ts'
import { readPrivateFile } from './read-private-file.ts'
import { readSealedFile } from './read-sealed-vault.ts'
import type { VaultsOnDisk } from './vaults.ts'

export interface StoragesInput {
  readonly home: string
  readonly vaults: VaultsOnDisk
  /** Whether the passphrase is at hand without asking. */
  readonly hasPassphrase: () => boolean
  readonly newPassphrase: (file: string | undefined) => Promise<Secret | undefined>
}

const KEYCHAINS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: 'the login keychain',
  linux: 'the Secret Service',
  win32: 'the Credential Manager',
}

/** What can be told of the storages, and the record of a move between two of them. */
export function storagesOnDisk({ home, vaults, hasPassphrase, newPassphrase }: StoragesInput): Storages {
  const movePath = join(home, 'journal', 'storage-move.json')
  const vaultPath = vaultPathIn(home)
  const unlock = async (kind: StorageKind) => {
    await vaults.sealed(kind)?.unlock()
    // Whether a keychain answers at all: it holds nothing of this name.
    if (kind === 'keychain') await vaults.vault(kind).read(randomUUID())
  }
  return {
    vaultPath,
    kinds: () => {
      const slots = readSealedFile(home).flatMap((each) => (isEmpty(each) ? [] : [kindOfSlot(each.slot)]))
      return slots.flatMap((name) => findStorageKind(name) ?? [])
    },
    async look(kind) {
      const sealed = vaults.sealed(kind)
      const [names, former] = [sealed?.names() ?? [], sealed?.formerKeys() ?? []]
      const needsPassphrase = kind === 'passphrase' && names.length > 0 && !hasPassphrase()
      const trouble = needsPassphrase ? passphraseNeeded() : await failure(unlock(kind))
      return {
        driver: driverOf(kind),
        where: kind === 'keychain' ? `${KEYCHAINS[process.platform] ?? 'the keychain'}, service aiauth` : vaultPath,
        names: kind === 'keychain' ? undefined : names,
        formerKeys: former.length,
        trouble,
      }
    },
    unlock,
    newPassphrase,
    rotate: async (kind, passphrase) => (await vaults.sealed(kind)?.rotate(passphrase)) ?? false,
    tidy: async (kind) => vaults.sealed(kind)?.tidy(),
    move: () => parseMove(readPrivateFile(movePath)),
    keepMove: (move) => replacePrivateFile(movePath, `${JSON.stringify({ version: 1, ...move }, undefined, 2)}\n`),
    dropMove: () => removeQuietly(movePath),
  }
}

function driverOf(kind: StorageKind): string {
  const program = helperProgram(kind)
  if (program !== undefined) return `a vault file, its key in docker-credential-${program}`
  if (kind === 'keychain') return `@napi-rs/keyring ${keyringVersion()}`
  return kind === 'passphrase' ? 'a vault file, its key wrapped by scrypt' : 'a vault file, its key beside it'
}

/** As it stands on the disk, which is not always what was built with. */
function keyringVersion(): string {
  try {
    const { version } = createRequire(__filename)('@napi-rs/keyring/package.json') as { version?: unknown }
    return text(version) ?? 'of an unknown version'
  } catch {
    return '(missing)'
  }
}

/** A record is ours, and yet a file: what is not sound in it is left out. */
function parseMove(content: string | undefined): StorageMove | undefined {
  const source = record(content === undefined ? undefined : json(content))
  if (source['version'] !== 1) return undefined
  const kinds = texts(source['kinds']).flatMap((name) => findStorageKind(name) ?? [])
  return { kinds, accountIds: texts(source['accountIds']) }
}

async function failure(work: Promise<void>): Promise<AuthError | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (error instanceof AuthError && error.code !== 'cancelled') return error
    throw error
  }
}

function passphraseNeeded(): AuthError {
  return new AuthError('storage-locked', 'it opens with the passphrase, which is not at hand', {
    hint: 'AIAUTH_PASSPHRASE_FILE=<file that holds the passphrase>',
  })
}
