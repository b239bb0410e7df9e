import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { StorageKind } from '../model/account.ts'
import type { Rehearsal, Vault } from '../model/ports.ts'
import type { Secret } from '../model/secret.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { authFileOnDisk } from './auth-file-on-disk.ts'
import { backupsOnDisk } from './backups-on-disk.ts'
import { journalOnDisk } from './journal-on-disk.ts'
import { migrationsOnDisk } from './migrations-on-disk.ts'
import { makePrivateFolder, writeNewFile } from './private-files.ts'

const START = 'rehearsal-'
const OURS = /^rehearsal-\w{6}$/

/**
 * A home folder below the real one, gone when the rehearsal is over; one that a killed run
 * has left is removed first. Its vault is in memory, so no copy of a secret is written but
 * those that a migration itself writes.
 */
export function rehearsalOnDisk(home: string, signal: AbortSignal): Rehearsal {
  makePrivateFolder(home)
  for (const name of readdirSync(home)) if (OURS.test(name)) remove(join(home, name))
  const folder = mkdtempSync(join(home, START))
  const codexHome = join(folder, 'codex')
  makePrivateFolder(codexHome)
  const vaults = new Map<StorageKind, Vault>()
  const vault = (kind: StorageKind) => {
    const open = vaults.get(kind) ?? vaultInMemory(kind)
    vaults.set(kind, open)
    return open
  }
  return {
    ports: {
      authFile: authFileOnDisk(folder),
      journal: journalOnDisk(folder, signal),
      backups: backupsOnDisk(folder),
      migrations: migrationsOnDisk(folder, { CODEX_HOME: codexHome }),
      vaults: { vault },
    },
    put(name, text) {
      const path = name === 'ours' ? join(folder, 'auth.json') : join(codexHome, 'auth.json')
      writeNewFile(path, text.reveal())
      return path
    },
    end: () => remove(folder),
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

function vaultInMemory(kind: StorageKind): Vault {
  const bundles = new Map<string, TokenBundle>()
  const keys = new Map<string, Secret>()
  return {
    kind,
    probe: () => Promise.resolve(),
    read: (id) => Promise.resolve(bundles.get(id)),
    write: (bundle) => Promise.resolve(void bundles.set(bundle.accountId, bundle)),
    remove: (id) => Promise.resolve(void bundles.delete(id)),
    readKey: (name) => Promise.resolve(keys.get(name)),
    writeKey: (name, key) => Promise.resolve(void keys.set(name, key)),
    removeKey: (name) => Promise.resolve(void keys.delete(name)),
  }
}
