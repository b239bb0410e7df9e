import type { AuthFile } from '../../model/account.ts'
import type { Backup } from '../../model/backup.ts'
import { AuthError } from '../../model/errors.ts'
import { cleanLine } from '../../model/untrusted.ts'

/**
 * The backup of this id, or else that of the last migration that was not rolled back.
 *
 * @param file - our own as it is now, `undefined` where it is none of the present version
 * @throws AuthError `usage` for an id that no backup has, `auth-file-invalid` where one is damaged and none named.
 */
export function chooseBackup(backups: readonly Backup[], id: string | undefined, file?: AuthFile): Backup | undefined {
  if (id === undefined) return lastInForce(backups, file)
  const wanted = id.replace(/^.*[\\/]/, '').replace(/\.json$/, '')
  const found = backups.find((one) => one.id === wanted || one.id === `auth_backup_${wanted}`)
  if (found !== undefined) return found
  throw new AuthError('usage', `no backup named ${cleanLine(id)}`, { hint: 'aiauth migrate-auth --list-backups' })
}

/** A damaged backup may have been the last one, or the rollback of it: then nobody can tell. */
function lastInForce(backups: readonly Backup[], file: AuthFile | undefined): Backup | undefined {
  const damaged = backups.find(({ checksum }) => checksum === 'bad')
  if (damaged === undefined)
    return backups.find((one) => one.kind === 'migration' && !isUndone(backups, one) && isInForce(file, one))
  throw new AuthError(
    'auth-file-invalid',
    `${damaged.id} is damaged, so nobody can tell which migration was the last`,
    {
      hint: 'aiauth migrate-auth --list-backups, then aiauth migrate-auth --rollback <backup-id>',
    },
  )
}

/** A migration that failed has left its backup and no account; one in place stands as long as the new file does. */
function isInForce(file: AuthFile | undefined, { custody, accounts }: Backup): boolean {
  const isThere = ({ id }: Backup['accounts'][number]) => file?.accounts.some((account) => account.id === id) === true
  return file !== undefined && (custody === 'in-place' || accounts.some(isThere))
}

/** Whether a rollback of this very migration came after it. */
export function isUndone(backups: readonly Backup[], migration: Backup): boolean {
  const ids = idsOf(migration)
  return backups.some((one) => one.kind === 'rollback' && one.sequence > migration.sequence && idsOf(one) === ids)
}

function idsOf({ accounts, source }: Backup): string {
  return JSON.stringify([source, ...accounts.map(({ id }) => id)])
}
