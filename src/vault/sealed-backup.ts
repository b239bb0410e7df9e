import { randomBytes } from 'node:crypto'
import type { Backup } from '../model/backup.ts'
import { AuthError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import { json, record } from '../model/untrusted.ts'
import { isBase64, isSealed, KEY_BYTES, open, seal } from './sealed-box.ts'

/** Format of a sealed copy; a later one does not open. */
const SEALED_VERSION = 1

/**
 * What a sealed copy is bound to: it does not open in the place of another backup's, nor with a
 * manifest that names other files or accounts, to which a rollback would go.
 */
export type SealedFor = Pick<Backup, 'id' | 'sha256' | 'source' | 'custody' | 'accounts'>

/** 256 random bits, base64. */
export function newBackupKey(): Secret {
  return new Secret(randomBytes(KEY_BYTES).toString('base64'))
}

/**
 * A copied text sealed, as its file holds it.
 *
 * @throws AuthError `auth-file-invalid` for what is no key.
 */
export function sealBackup(text: Secret, backup: SealedFor, key: Secret): string {
  const encoded = key.reveal()
  if (!isBase64(encoded, KEY_BYTES)) {
    throw new AuthError('auth-file-invalid', 'the key of the backups is damaged', {
      hint: 'aiauth migrate-auth --purge-backups removes the backups and their key',
    })
  }
  const box = seal(Buffer.from(encoded, 'base64'), Buffer.from(text.reveal(), 'utf8'), contextOf(backup))
  return `${JSON.stringify({ version: SEALED_VERSION, sealed: box })}\n`
}

/** The copied text out of what its file holds, `undefined` when it does not open. */
export function openBackup(stored: string, backup: SealedFor, key: Secret): Secret | undefined {
  const { version, sealed } = record(json(stored))
  if (version !== SEALED_VERSION || !isSealed(sealed)) return undefined
  const text = open(Buffer.from(key.reveal(), 'base64'), sealed, contextOf(backup))
  return text === undefined ? undefined : new Secret(text.toString('utf8'))
}

const contextOf = ({ id, sha256, source, custody, accounts }: SealedFor) =>
  `aiauth backup 1 ${JSON.stringify([id, sha256, source, custody, ...accounts.map(({ id, part, isNew }) => [id, part, isNew])])}`
