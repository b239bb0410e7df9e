import { createHash } from 'node:crypto'
import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AuthError } from '../model/errors.ts'
import type { ForeignFile, ForeignFiles } from '../model/foreign-files.ts'
import type { Link } from '../model/linked.ts'
import { Secret } from '../model/secret.ts'
import { json } from '../model/untrusted.ts'
import { steadyMs } from './clock.ts'
import { removeQuietly } from './private-files.ts'
import { errorCode, readPrivateFile, unreadable } from './read-private-file.ts'
import { createForeignFile, replaceForeignFile } from './replace-foreign-file.ts'

/** Programs that truncate before they write leave half a file for some milliseconds. */
const HALF_WRITTEN_MS = 1000
const LOOK_AGAIN_MS = 25

/** Claude Code gives a lock up that nobody has touched for so long; its holder touches it every 5 s. */
const ABANDONED_MS = 60_000
const LONGEST_WAIT_MS = 10_000

/** Other programs' files where they stand. */
export function foreignFilesOnDisk(): ForeignFiles {
  return {
    async read(path, signal) {
      const startedAtMs = steadyMs()
      for (;;) {
        const file = readNow(resolve(path))
        const isWhole = file === undefined || json(file.text.reveal().replace(/^\uFEFF/, '')) !== undefined
        if (isWhole || steadyMs() - startedAtMs > HALF_WRITTEN_MS) return file
        await pause(signal)
      }
    },
    replace(read, text) {
      if (isStill(read) && !read.isWritable) {
        throw new AuthError('storage-unavailable', `${read.path} is write-protected`, {
          hint: `chmod u+w ${read.realPath}`,
        })
      }
      return replaceForeignFile(read.path, text.reveal(), () => isStill(read))
    },
    create: (path, text) => createForeignFile(path, text.reveal()),
    remove(read) {
      if (readNow(read.path)?.sha256 === read.sha256) removeQuietly(read.path)
    },
    async whenIdle(link, signal) {
      const startedAtMs = steadyMs()
      while (locksOf(link).some(isHeld) && steadyMs() - startedAtMs < LONGEST_WAIT_MS) await pause(signal)
    },
  }
}

function readNow(path: string): ForeignFile | undefined {
  const text = readPrivateFile(path, path)
  if (text === undefined) return undefined
  const bytes = Buffer.from(text, 'utf8')
  const facts = factsOf(path)
  return (
    facts && {
      path,
      ...facts,
      text: new Secret(text),
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
    }
  )
}

/** `undefined` for a file that has gone since it was read. */
function factsOf(path: string): Pick<ForeignFile, 'realPath' | 'mode' | 'isWritable' | 'modifiedAtMs'> | undefined {
  try {
    const realPath = realpathSync(path)
    const { mode, mtimeMs } = statSync(realPath)
    const isWritable = (mode & 0o200) !== 0 && mayWriteIn(dirname(realPath))
    return { realPath, mode: mode & 0o777, isWritable, modifiedAtMs: mtimeMs }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw unreadable(path, path, errorCode(error))
  }
}

function isStill(read: ForeignFile): boolean {
  return readNow(read.path)?.sha256 === read.sha256
}

function mayWriteIn(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Codex locks with `flock`, and only for the moment of its own write, which compares before it replaces. */
function locksOf({ tool, path }: Link): string[] {
  if (tool !== 'claude-code') return []
  const folder = dirname(path)
  return [join(folder, '.oauth_refresh.lock'), `${real(folder)}.lock`]
}

function real(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return folder
  }
}

function isHeld(lock: string): boolean {
  try {
    const facts = statSync(lock, { throwIfNoEntry: false })
    return facts !== undefined && Date.now() - facts.mtimeMs < ABANDONED_MS
  } catch {
    // Reading the file will tell what is wrong with its folder.
    return false
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await sleep(LOOK_AGAIN_MS, undefined, { signal })
  } catch {
    signal.throwIfAborted()
  }
}
