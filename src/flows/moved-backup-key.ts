import type { StorageKind } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { fingerprint } from '../vault/fingerprint.ts'
import { BACKUP_KEY, sealBackup } from './migration/seal-backup.ts'

/**
 * Takes the key of the backups along from one storage to another, and tells each backup's
 * manifest where its key is now. The old key goes last. The lock of the migrations is held.
 *
 * @returns what kept the key where it is, to be told; `undefined` when all is done.
 * @throws AuthError what vaults and backups throw.
 */
export async function moveBackupKey(
  ports: Pick<Ports, 'vaults' | 'backups'>,
  from: StorageKind,
  target: StorageKind,
): Promise<string | undefined> {
  const [old, there] = [ports.vaults.vault(from), ports.vaults.vault(target)]
  const [key, present] = [await old.readKey(BACKUP_KEY), await there.readKey(BACKUP_KEY)]
  if (key !== undefined && present !== undefined && fingerprint(key) !== fingerprint(present)) {
    return `the key of some backups stays in ${from}, for ${target} has one of its own`
  }
  if (key !== undefined && present === undefined) {
    await there.writeKey(BACKUP_KEY, key)
    const stored = await there.readKey(BACKUP_KEY)
    if (stored === undefined || fingerprint(stored) !== fingerprint(key))
      throw new AuthError('storage-unavailable', `the ${target} did not keep the key of the backups`)
  }
  for (const backup of ports.backups.list()) {
    if (backup.storage !== from || backup.checksum === 'bad' || (backup.isSealed && key === undefined)) continue
    ports.backups.rehome(backup, target)
  }
  await old.removeKey(BACKUP_KEY)
  return undefined
}

/**
 * Seals the backups that were left plain, since their storage was. Done when all keys are
 * there: else it would make another one.
 *
 * @throws AuthError what vault and backups throw.
 */
export async function sealPlainBackups(ports: Pick<Ports, 'vaults' | 'backups'>, target: StorageKind): Promise<void> {
  if (target === 'plaintext') return
  for (const backup of ports.backups.list()) {
    const isPlain = backup.storage === target && !backup.isSealed && backup.checksum === 'ok'
    if (isPlain && backup.kind === 'migration') await sealBackup(ports, ports.vaults.vault(target), backup)
  }
}
