import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Custody, MigratedAccount } from '../model/backup.ts'
import { AuthError } from '../model/errors.ts'
import type { MigrationRecord, Migrations } from '../model/migration.ts'
import { filePath, isRecord, json, record, text } from '../model/untrusted.ts'
import { userFolder, type Variables } from './home.ts'
import { withLock } from './lock.ts'
import { removeQuietly, replacePrivateFile } from './private-files.ts'
import { isLink, readPrivateFile } from './read-private-file.ts'

/** What a migration keeps in the home folder while it runs, and what it asks the system. */
export function migrationsOnDisk(home: string, variables: Variables): Migrations {
  const recordPath = join(home, 'journal', 'migration.json')
  return {
    get places() {
      const named = variables['CODEX_HOME'] ?? ''
      const codexHome = resolve(named === '' ? join(userFolder(variables), '.codex') : named)
      const [codexAuth, codexSettings] = [join(codexHome, 'auth.json'), join(codexHome, 'config.toml')]
      return { home, authFile: join(home, 'auth.json'), codexAuth, codexSettings }
    },
    exclusively: (work) => withLock(join(home, 'migration.lock'), work),
    record: () => parseRecord(readPrivateFile(recordPath)),
    keepRecord: (kept) => replaceOurs(recordPath, `${JSON.stringify(kept, undefined, 2)}\n`),
    dropRecord: () => removeQuietly(recordPath),
    keepReport: (report) => replaceOurs(join(home, 'migration-report.json'), report),
    freeBytes() {
      try {
        const { bavail, bsize } = statfsSync(nearest(home))
        return bavail * bsize
      } catch {
        return undefined
      }
    },
    settingsText(path) {
      try {
        return readPrivateFile(path)
      } catch (error) {
        if (error instanceof AuthError) return undefined
        throw error
      }
    },
    running: (program) => (process.platform === 'linux' ? processesNamed(program) : []),
  }
}

/** Unlike `auth.json`, which a person may keep elsewhere, these are nobody's to link: a link is planted. */
function replaceOurs(path: string, content: string): void {
  if (isLink(path)) removeQuietly(path)
  replacePrivateFile(path, content)
}

/** The folder itself, or the one that it will be made in. */
function nearest(folder: string): string {
  const parent = dirname(folder)
  return existsSync(folder) || parent === folder ? folder : nearest(parent)
}

/** A record is ours, and yet a file: what is not sound is as good as none. */
function parseRecord(content: string | undefined): MigrationRecord | undefined {
  const source = record(content === undefined ? undefined : json(content))
  const { direction, custody } = source
  const [startedAt, path, sha256, storage] = [
    text(source['startedAt']),
    filePath(source['source']),
    text(source['sha256']),
    text(source['storage']),
  ]
  const accounts = Array.isArray(source['accounts']) ? source['accounts'].map(migratedAccount) : [undefined]
  const isSound = accounts.every((account) => account !== undefined)
  if (direction !== 'forward' && direction !== 'back') return undefined
  if (!startedAt || !path || !sha256 || !storage || !isSound || !isCustody(custody)) return undefined
  const backupId = text(source['backupId']) ?? null
  if (direction === 'back' && backupId === null) return undefined
  return { direction, startedAt, source: path, sha256, custody, storage, accounts, backupId }
}

const CUSTODIES: readonly unknown[] = ['in-place', 'linked', 'take-over', 'copy'] satisfies Custody[]

function isCustody(value: unknown): value is Custody {
  return CUSTODIES.includes(value)
}

function migratedAccount(value: unknown): MigratedAccount | undefined {
  if (!isRecord(value)) return undefined
  const { part, isNew } = value
  const [id, name] = [text(value['id']), text(value['name'])]
  if (!id || !name || (part !== 'tokens' && part !== 'api-key') || typeof isNew !== 'boolean') return undefined
  return { id, name, part, isNew }
}

function processesNamed(program: string): number[] {
  const isNamed = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === program
    } catch {
      return false
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isNamed(name))
    .map(Number)
}
