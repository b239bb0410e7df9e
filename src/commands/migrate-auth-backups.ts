import { chooseBackup } from '../flows/migration/choose-backup.ts'
import { BACKUP_KEY, openBackup } from '../flows/migration/seal-backup.ts'
import { storageKind } from '../model/storage-kind.ts'
import type { Backup } from '../model/backup.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { jsonText } from '../ui/account-json.ts'
import { backupTable } from '../ui/migration-words.ts'
import { agreed } from './agreed.ts'
import type { MigrateOptions } from './migrate-auth.ts'

export function listBackups({ backups, terminal }: Ports, json: boolean): void {
  const all = backups.list()
  if (json) terminal.out(jsonText({ backups: all.map(facts) }))
  else if (all.length === 0) terminal.say('aiauth: there are no backups')
  else terminal.out(backupTable(all, terminal.outStyle, terminal.outColumns))
}

function facts({ id, createdAt, bytes, checksum, accounts, kind, source, path, sha256, isSealed }: Backup) {
  const names = accounts.map(({ name }) => name)
  return { id, createdAt, bytes, checksum, accounts: names, kind, source, path, sha256, sealed: isSealed }
}

/** Byte by byte, and never onto a screen. */
export async function exportBackup(ports: Ports, id: string, json: boolean): Promise<void> {
  const hint = `aiauth migrate-auth --export-backup ${id} > <file>`
  if (json) throw new AuthError('usage', '--export-backup writes the file itself, not JSON', { hint })
  if (ports.terminal.outColumns !== undefined)
    throw new AuthError('usage', 'it holds secrets and is not shown on a terminal', { hint })
  const backup = chooseBackup(ports.backups.list(), id)
  if (backup !== undefined) ports.terminal.out((await openBackup(ports, backup)).reveal())
}

export async function purgeBackups(ports: Ports, { yes }: MigrateOptions, json: boolean): Promise<void> {
  const found = ports.backups.list().length
  if (found > 0 && ports.terminal.interactive && yes !== true) {
    const what = found === 1 ? 'the only backup' : `all ${found} backups`
    await agreed(ports, `remove ${what} for good, so that nothing can be rolled back? [y/N]`)
  }
  const removed = await ports.migrations.exclusively(async () => {
    const all = ports.backups.list()
    for (const backup of all) ports.backups.remove(backup)
    const kinds = new Set(all.filter(({ isSealed }) => isSealed).map(({ storage }) => storage))
    for (const kind of kinds) await ports.vaults.vault(storageKind(kind)).removeKey(BACKUP_KEY)
    return all.map(({ id }) => id)
  })
  if (json) ports.terminal.out(jsonText({ removed }))
  else ports.terminal.say(`aiauth: removed ${removed.length === 1 ? '1 backup' : `${removed.length} backups`}`)
}
