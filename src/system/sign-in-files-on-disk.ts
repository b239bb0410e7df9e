import { lstatSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { AuthError } from '../model/errors.ts'
import type { SignInFiles } from '../model/sign-in-files.ts'
import { namesIn } from './names-in.ts'
import { cannotWrite, removeQuietly, replacePrivateFile, syncFolder } from './private-files.ts'
import { errorCode, isLink, readPrivateFile } from './read-private-file.ts'

/** An id, and whether the sign-in still waits (`json`) or was claimed (`used`). */
const NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?:json|used)$/

/** What `replacePrivateFile` writes before it has the file's name. */
const TORN = /^\.[0-9a-f-]{36}\.json\.[0-9a-f]{16}\.tmp$/

/** The folder `sessions/`. To claim a sign-in is to rename its file, which succeeds for one process only. */
export function signInFilesOnDisk(home: string): SignInFiles {
  const folder = join(home, 'sessions')
  // An id comes from the command line, so it must not be able to name another folder.
  const pathOf = (id: string, ending: 'json' | 'used') => {
    const name = `${id}.${ending}`
    return NAME.test(name) ? join(folder, name) : undefined
  }
  const rename = (id: string, from: 'json' | 'used', to: 'json' | 'used') => {
    const [before, after] = [pathOf(id, from), pathOf(id, to)]
    if (before === undefined || after === undefined) return false
    try {
      renameSync(before, after)
      syncFolder(folder)
      return true
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false
      throw cannotWrite('the sign-in', folder, error)
    }
  }
  return {
    write(id, text) {
      const path = pathOf(id, 'json')
      if (path !== undefined) replacePrivateFile(path, text)
    },
    read(id) {
      for (const ending of ['used', 'json'] as const) {
        const text = textOf(pathOf(id, ending))
        if (text !== undefined) return { text, isUsed: ending === 'used' }
      }
      return undefined
    },
    claim: (id) => rename(id, 'json', 'used'),
    release: (id) => void rename(id, 'used', 'json'),
    remove(id) {
      for (const path of [pathOf(id, 'json'), pathOf(id, 'used')]) if (path !== undefined) removeQuietly(path)
    },
    list: () => [...new Set(namesIn(folder).flatMap((name) => NAME.exec(name)?.[1] ?? []))],
    removeTorn(beforeMs) {
      for (const name of namesIn(folder).filter((name) => TORN.test(name))) {
        const path = join(folder, name)
        if ((lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? beforeMs) < beforeMs) removeQuietly(path)
      }
    },
  }
}

/** Of an ordinary file of ours, and of no link; anything else under its name is as good as none, and empty. */
function textOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  try {
    return isLink(path) ? '' : readPrivateFile(path)
  } catch (error) {
    if (error instanceof AuthError) return ''
    // What stands in the folder's place is no folder.
    if (['ENOTDIR', 'ELOOP'].includes(errorCode(error))) return undefined
    throw error
  }
}
