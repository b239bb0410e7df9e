import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { formatAuthFile, newAuthFile } from '../auth-file/format.ts'
import { withUses } from '../model/history.ts'
import type { AuthFileStore } from '../model/ports.ts'
import { draftOf } from './auth-file-draft.ts'
import { withLock } from './lock.ts'
import { replacePrivateFile } from './private-files.ts'
import { readAuthFile } from './read-auth-file.ts'
import { clearUses, readUses } from './uses-log.ts'

/** `auth.json` in the home folder: read as it is, changed only under its lock. */
export function authFileOnDisk(home: string): AuthFileStore {
  const path = join(home, 'auth.json')
  const read = () => readAuthFile(home)
  return {
    read,
    stamp() {
      const facts = statSync(path, { throwIfNoEntry: false, bigint: true })
      return facts === undefined ? '' : `${facts.ino} ${facts.mtimeNs} ${facts.size}`
    },
    probe: () => withLock(`${path}.lock`, () => undefined),
    update: (change) =>
      withLock(`${path}.lock`, (lock) => {
        const uses = readUses(home)
        const changed = change(withUses(read() ?? newAuthFile(randomUUID()), uses))
        replacePrivateFile(path, formatAuthFile(changed), () => lock.assertHeld())
        if (uses.length > 0) clearUses(home)
        return changed
      }),
    rewrite: (work) => withLock(`${path}.lock`, (lock) => work(draftOf(path, lock))),
  }
}
