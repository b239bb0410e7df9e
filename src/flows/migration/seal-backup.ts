import type { Backup } from '../../model/backup.ts'
import { AuthError } from '../../model/errors.ts'
import type { Ports, Vault } from '../../model/ports.ts'
import type { Secret } from '../../model/secret.ts'
import { fingerprint } from '../../vault/fingerprint.ts'
import { storageKind } from '../../model/storage-kind.ts'

/** The vault's name for the one key that opens all backups. */
export const BACKUP_KEY = 'backup'

/**
 * Seals a backup under the key in the vault, which is made at the first one. In a storage
 * that anybody who reads the files can open, sealing would only pretend: there the backup
 * stays as it is.
 *
 * @returns what is to be told.
 * @throws AuthError what vault and backups throw.
 */
export async function sealBackup(ports: Pick<Ports, 'backups'>, vault: Vault, backup: Backup): Promise<string> {
  if (vault.kind === 'plaintext') return `the backup is not sealed, since the storage is plaintext: ${backup.path}`
  const key = (await vault.readKey(BACKUP_KEY)) ?? (await newKey(ports, vault))
  ports.backups.seal(backup, key)
  // Those of runs that failed were to stay as they were only until one has succeeded.
  for (const one of ports.backups.list().filter((each) => isPlainCopy(each, vault))) ports.backups.seal(one, key)
  return 'the backup is sealed; --export-backup writes it out again'
}

function isPlainCopy({ kind, isSealed, checksum, storage }: Backup, { kind: storedIn }: Vault): boolean {
  return kind === 'migration' && !isSealed && checksum === 'ok' && storage === storedIn
}

async function newKey({ backups }: Pick<Ports, 'backups'>, vault: Vault): Promise<Secret> {
  const key = backups.newKey()
  await vault.writeKey(BACKUP_KEY, key)
  const stored = await vault.readKey(BACKUP_KEY)
  if (stored !== undefined && fingerprint(stored) === fingerprint(key)) return key
  throw new AuthError('storage-unavailable', `the ${vault.kind} did not keep the key of the backups`)
}

/**
 * What a backup holds, opened if it is sealed.
 *
 * @throws AuthError `secret-missing` when its key is gone, `auth-file-invalid` when it is damaged.
 */
export async function openBackup(
  { backups, vaults }: Pick<Ports, 'backups' | 'vaults'>,
  backup: Backup,
): Promise<Secret> {
  const key = backup.isSealed ? await vaults.vault(storageKind(backup.storage)).readKey(BACKUP_KEY) : undefined
  if (backup.isSealed && key === undefined) {
    throw new AuthError('secret-missing', `the key that opens ${backup.id} is gone from the ${backup.storage}`)
  }
  return backups.read(backup, key)
}
