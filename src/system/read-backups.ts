import { lstatSync, readdirSync, type Dirent } from 'node:fs'
import { join } from 'node:path'
import type { Backup } from '../model/backup.ts'
import { AuthError } from '../model/errors.ts'
import { timeText } from '../model/time.ts'
import { readManifest, sealingOf } from '../vault/backup-manifest.ts'
import { errorCode, readPrivateFile } from './read-private-file.ts'

/** The names of a copy and of its manifest: only copies end in `.json`. */
const NAME = /^(auth_backup_\d{8}_\d{6}(?:-[1-9]\d*)?)\.(?:json|manifest)$/

/** A backup as it is on the disk now. */
export interface FoundBackup {
  readonly backup: Backup
  /** What the copy's file holds, and whether that is what its manifest says. */
  readonly stored: string
  readonly isSound: boolean
  readonly manifestText: string
  /** The manifest tells of this state and of no other. */
  readonly isSettled: boolean
}

export const copyOf = (folder: string, id: string) => join(folder, `${id}.json`)
export const manifestOf = (folder: string, id: string) => join(folder, `${id}.manifest`)

/** All backups, the newest first, each verified. */
export function listBackups(folder: string): Backup[] {
  const names = entriesOf(folder).flatMap((entry) => (entry.isFile() ? (NAME.exec(entry.name)?.[1] ?? []) : []))
  return [...new Set(names)].map((id) => findBackup(folder, id).backup).sort(byAge)
}

/**
 * What stands in the folder; nothing when there is none.
 *
 * @throws AuthError `storage-unavailable`.
 */
export function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw new AuthError('storage-unavailable', `the backups cannot be read (${errorCode(error)})`, {
      hint: `look at the folder ${folder}`,
      cause: error,
    })
  }
}

/** One backup by its id; what is missing, damaged or no ordinary file makes it a bad one. */
export function findBackup(folder: string, id: string): FoundBackup {
  const path = copyOf(folder, id)
  const [stored, manifestText] = [textOf(path), textOf(manifestOf(folder, id)) ?? '']
  const manifest = readManifest(manifestText, id)
  if (manifest === undefined)
    return { backup: unknown(folder, id), stored: '', isSound: false, manifestText, isSettled: true }
  const sealing = stored === undefined ? undefined : sealingOf(manifest, stored)
  const { stored: _, next, ...facts } = manifest
  const isSealed = sealing === undefined ? manifest.isSealed : sealing === 'sealed'
  const bytes = stored === undefined && isGone(path) ? 0 : manifest.bytes
  return {
    backup: { ...facts, path, bytes, isSealed, checksum: sealing === undefined ? 'bad' : 'ok' },
    stored: stored ?? '',
    isSound: sealing !== undefined,
    manifestText,
    isSettled: next === undefined,
  }
}

/** A copy about which nothing is known but its file. */
function unknown(folder: string, id: string): Backup {
  const path = copyOf(folder, id)
  const copy = lstatSync(path, { throwIfNoEntry: false })
  const { mtime } = copy ?? lstatSync(manifestOf(folder, id), { throwIfNoEntry: false }) ?? { mtime: new Date(0) }
  return {
    id,
    path,
    kind: 'migration',
    source: '',
    custody: 'copy',
    accounts: [],
    storage: '',
    createdAt: momentOf(id) ?? mtime.toISOString(),
    sequence: 0,
    bytes: copy?.size ?? 0,
    sha256: '',
    isSealed: false,
    checksum: 'bad',
  }
}

/** The second that a name tells, if there is such a one. */
function momentOf(id: string): string | undefined {
  const told = id.replace(/^\D+(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d).*$/, '$1-$2-$3T$4:$5:$6')
  const moment = timeText(`${told}.000Z`)
  return moment?.startsWith(told) === true ? moment : undefined
}

/** Clocks go back, so the counter comes first. */
function byAge(a: Backup, b: Backup): number {
  if (a.sequence !== b.sequence) return b.sequence - a.sequence
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1
  return b.id.localeCompare(a.id, 'en', { numeric: true })
}

const isGone = (path: string) => lstatSync(path, { throwIfNoEntry: false }) === undefined

/** The text of an ordinary file of ours; a link is none, wherever it leads. */
function textOf(path: string): string | undefined {
  try {
    return lstatSync(path).isFile() ? readPrivateFile(path) : undefined
  } catch {
    // Why it cannot be read changes nothing: it is a bad one, and it stays where it is.
    return undefined
  }
}
