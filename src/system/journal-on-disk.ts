import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Journal } from '../model/ports.ts'
import { formatRecord, parseRecord } from '../vault/write-ahead.ts'
import { withLock, type LockPatience } from './lock.ts'
import { overwritePrivateFile, removeQuietly, replacePrivateFile } from './private-files.ts'
import { readPrivateFile } from './read-private-file.ts'

/**
 * Longer than a renewal can take: 30 s for the request and the keychain's own limit before
 * and after it. A person at an unlock dialog may take longer; then the others say `busy`.
 */
const PATIENCE: LockPatience = { waitMs: 45_000, unknownHolderMs: 2000, foreignHolderMs: 60_000 }

/**
 * The folder `journal/`: for each account a lock file and, while a renewal is under way or
 * after it was cut off, one record.
 *
 * An intent is written with room behind it and synced with its folder; the answer goes into
 * that room, so that keeping it needs no space, no rename and only one sync.
 */
export function journalOnDisk(home: string, signal: AbortSignal): Journal {
  const folder = join(home, 'journal')
  // An id comes out of a file, so it must not be able to name another folder.
  const pathOf = (accountId: string, ending: string) => join(folder, encodeURIComponent(accountId) + ending)
  return {
    exclusively: (accountId, work, meanwhile) =>
      withLock(pathOf(accountId, '.lock'), work, { patience: PATIENCE, signal, ...(meanwhile && { meanwhile }) }),
    read(accountId) {
      const content = existsSync(folder) ? readPrivateFile(pathOf(accountId, '.json')) : undefined
      return content === undefined ? undefined : parseRecord(content, accountId)
    },
    announce(intent) {
      const { intentLine, answerRoom } = formatRecord({ intent, answer: undefined })
      replacePrivateFile(pathOf(intent.accountId, '.json'), intentLine + answerRoom)
    },
    keep(intent, answer) {
      const { intentLine, answerRoom } = formatRecord({ intent, answer })
      overwritePrivateFile(pathOf(intent.accountId, '.json'), answerRoom, Buffer.byteLength(intentLine))
    },
    drop: (accountId) => removeQuietly(pathOf(accountId, '.json')),
  }
}
