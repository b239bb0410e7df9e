import { randomBytes } from 'node:crypto'
import { existsSync, lstatSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Backup, Backups, NewBackup } from '../model/backup.ts'
import { AuthError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import { digest, formatManifest, rewriteManifest } from '../vault/backup-manifest.ts'
import { newBackupKey, openBackup, sealBackup } from '../vault/sealed-backup.ts'
import { linkOrCopy } from './link-or-copy.ts'
import {
  cannotWrite,
  makePrivateFolder,
  removeFile,
  removeQuietly,
  replacePrivateFile,
  syncFolder,
  writeNewFile,
} from './private-files.ts'
import { copyOf, entriesOf, findBackup, listBackups, manifestOf, type FoundBackup } from './read-backups.ts'
import { errorCode, isLink, readPrivateFile } from './read-private-file.ts'

/** A file that is being written: a copy, or what is to replace a copy or a manifest. */
const TEMPORARY = /^\.auth_backup(?:_[\d_-]+\.(?:json|manifest))?\.[0-9a-f]{16}\.tmp$/

/**
 * The folder `backup/`. Whoever writes there holds the migration's lock.
 *
 * A copy appears as a whole: written and synced under a random name, then linked to the name
 * that its manifest has claimed. So a kill leaves no text in clear without a manifest, but in a
 * temporary file, which the next write removes.
 */
export function backupsOnDisk(home: string, nowMs: () => number = Date.now): Backups {
  const folder = join(home, 'backup')
  return {
    create(text, facts) {
      // What it leads to would get secrets in clear, be it synced or shared.
      if (isLink(folder)) {
        throw new AuthError('storage-unavailable', `${folder} is a symbolic link`, { hint: 'move it away' })
      }
      makePrivateFolder(folder)
      return writing(folder, () => create(folder, text.reveal(), facts, nowMs()))
    },
    list: () => listBackups(folder),
    read: (backup, key) => open(soundOne(folder, backup), key),
    seal(backup, key) {
      writing(folder, () => {
        const found = soundOne(folder, backup)
        if (!found.backup.isSealed) replaceBySealed(folder, found, key)
        if (!found.backup.isSealed || !found.isSettled) settle(folder, soundOne(folder, backup))
      })
      return soundOne(folder, backup).backup
    },
    rehome(backup, storage) {
      writing(folder, () => {
        const { manifestText } = soundOne(folder, backup)
        replacePrivateFile(manifestOf(folder, backup.id), rewriteManifest(manifestText, { storage }))
      })
    },
    newKey: newBackupKey,
    remove({ id }) {
      if (!existsSync(folder)) return
      writing(folder, () => {
        // A kill between the two leaves a manifest without a copy, which can be removed like any other.
        removeFile(copyOf(folder, id))
        removeFile(manifestOf(folder, id))
        syncFolder(folder)
      })
    },
  }
}

/** Work that writes, begun by removing what killed runs have left. */
function writing<T>(folder: string, work: () => T): T {
  try {
    for (const { name } of entriesOf(folder)) if (TEMPORARY.test(name)) removeFile(join(folder, name))
    return work()
  } catch (error) {
    throw error instanceof AuthError ? error : cannotWrite('the backup', folder, error)
  }
}

function create(folder: string, text: string, facts: NewBackup, atMs: number): Backup {
  const plain = digest(text)
  const createdAt = new Date(atMs).toISOString()
  const sequence = Math.min((listBackups(folder)[0]?.sequence ?? 0) + 1, Number.MAX_SAFE_INTEGER)
  const manifest = { ...facts, createdAt, sequence, ...plain, isSealed: false, stored: plain }
  forgetClaims(folder, facts)
  const prepared = temporaryIn(folder)
  const made = [prepared]
  try {
    writeNewFile(prepared, text)
    const id = claimName(folder, createdAt, (id) => formatManifest({ ...manifest, id }))
    made.push(manifestOf(folder, id))
    linkOrCopy(prepared, copyOf(folder, id), text)
    made.push(copyOf(folder, id))
    removeFile(prepared)
    syncFolder(folder)
    const { backup, isSound } = findBackup(folder, id)
    if (!isSound || backup.sha256 !== plain.sha256) throw notKept(folder)
    return backup
  } catch (error) {
    for (const path of made.reverse()) removeQuietly(path)
    throw error
  }
}

/**
 * Removes manifests of copies that were never made: a killed run has claimed names for them.
 * One that tells of another source or kind stays, and is told of as a bad one.
 */
function forgetClaims(folder: string, { source, kind }: NewBackup): void {
  for (const backup of listBackups(folder)) {
    const isEmpty = backup.checksum === 'bad' && backup.bytes === 0
    if (isEmpty && backup.source === source && backup.kind === kind) removeFile(manifestOf(folder, backup.id))
  }
}

/** Writes the manifest under the first name of this second that nothing bears, whatever it be. */
function claimName(folder: string, createdAt: string, textFor: (id: string) => string): string {
  const moment = createdAt.slice(0, 19).replace(/[-:]/g, '').replace('T', '_')
  for (let count = 1; ; count++) {
    const id = `auth_backup_${moment}${count === 1 ? '' : `-${count}`}`
    const isTaken = lstatSync(copyOf(folder, id), { throwIfNoEntry: false }) !== undefined
    if (!isTaken && isWrittenNew(manifestOf(folder, id), textFor(id))) return id
  }
}

/** As a whole, so that a killed run leaves none of which nobody can tell what it was. False when something bears that name. */
function isWrittenNew(path: string, text: string): boolean {
  const prepared = temporaryIn(dirname(path))
  try {
    writeNewFile(prepared, text)
    linkOrCopy(prepared, path, text)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    removeQuietly(prepared)
  }
}

const temporaryIn = (folder: string) => join(folder, `.auth_backup.${randomBytes(8).toString('hex')}.tmp`)

/** The manifest first tells of both copies; then the sealed one, once it has been opened again, replaces the plain one. */
function replaceBySealed(folder: string, found: FoundBackup, key: Secret): void {
  const { backup, manifestText } = found
  const text = open(found, undefined)
  const sealed = sealBackup(text, backup, key)
  replacePrivateFile(manifestOf(folder, backup.id), rewriteManifest(manifestText, { next: digest(sealed) }))
  replacePrivateFile(copyOf(folder, backup.id), sealed, (temporary) => {
    const opened = openBackup(readPrivateFile(temporary) ?? '', backup, key)
    if (opened?.reveal() !== text.reveal()) throw notKept(folder)
  })
}

/** Writes down that the copy is a sealed one and no longer about to become one. */
function settle(folder: string, { backup, stored, manifestText }: FoundBackup): void {
  const { isSealed } = backup
  const changes = { isSealed, stored: digest(stored), next: undefined }
  replacePrivateFile(manifestOf(folder, backup.id), rewriteManifest(manifestText, changes))
}

/** A backup whose file holds what its manifest says, and which is still the one that was meant. */
function soundOne(folder: string, { id, sha256 }: Backup): FoundBackup {
  const found = findBackup(folder, id)
  if (!found.isSound) throw damaged(id, 'its file and its manifest do not fit')
  if (found.backup.sha256 !== sha256) throw damaged(id, 'it is another one by now')
  return found
}

/** The text that was copied, verified by its own size and checksum whatever the seal says. */
function open({ backup, stored }: FoundBackup, key: Secret | undefined): Secret {
  const { id, isSealed, bytes, sha256, storage } = backup
  if (isSealed && key === undefined) throw damaged(id, `it is sealed, and storage ${storage} holds no key for it`)
  const text = isSealed ? key && openBackup(stored, backup, key) : new Secret(stored)
  if (text === undefined) throw damaged(id, `it does not open with the key of storage ${storage}`)
  const found = digest(text.reveal())
  if (found.bytes !== bytes || found.sha256 !== sha256) throw damaged(id, 'its checksum does not fit')
  return text
}

function damaged(id: string, why: string): AuthError {
  return new AuthError('auth-file-invalid', `the backup ${id} cannot be used: ${why}; it was left as it is`, {
    hint: 'aiauth migrate-auth --list-backups shows which ones are in order',
  })
}

function notKept(folder: string): AuthError {
  return new AuthError('storage-unavailable', 'the backup does not read back as it was written', {
    hint: `check the disk of ${folder}`,
  })
}
