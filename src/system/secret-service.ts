import { readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { KeychainService } from '../model/inspection.ts'
import { AuthError } from '../model/errors.ts'
import { cleanLine } from '../model/untrusted.ts'
import { keychainError, UNLOCK_IT } from './keychain-error.ts'
import { askBus } from './session-bus.ts'

const NAME = 'org.freedesktop.secrets'
const BUS = { to: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' } as const

/** The path of the collection that new items go to, `/` where there is none; `undefined` when nobody answers. */
async function defaultCollection(): Promise<string | undefined> {
  const answer = await askBus({
    ...{ to: NAME, path: '/org/freedesktop/secrets', interface: 'org.freedesktop.Secret.Service' },
    ...{ method: 'ReadAlias', values: ['default'] },
  })
  return /\/[\w/]*/.exec(answer ?? '')?.[0]
}

/**
 * A service without any collection (a database that is not open, a daemon without a login)
 * says "nothing" to every search. That must not be taken for "signed out". Where nobody can
 * ask the bus, the two cannot be told apart.
 *
 * @throws AuthError `storage-unavailable`.
 */
export async function findCollection(): Promise<void> {
  if ((await defaultCollection()) === '/') throw keychainError(new Error('no result found'))
}

/** What keeps the keychain of this session, asked without opening anything: no dialog appears. */
export async function secretService(): Promise<KeychainService> {
  const hasBus = findsBus()
  const owner = hasBus ? await askBus({ ...BUS, method: 'NameHasOwner', values: [NAME] }) : undefined
  const isOwned = owner === undefined ? undefined : owner.includes('true')
  if (isOwned !== true) return { hasBus, isOwned }
  const [program, path] = [await ownerOf(), await defaultCollection()]
  if (path === undefined || path === '/') return { hasBus, isOwned, program }
  return { hasBus, isOwned, program, collection: cleanLine(basename(path)), isLocked: await isLocked(path) }
}

/** The same, with what has to be unlocked. Our advice for SSH is for gnome-keyring alone. */
export async function withNames(error: AuthError): Promise<AuthError> {
  const { program, collection } = await secretService()
  const names = [program, collection === undefined ? undefined : `collection ${collection}`].filter(Boolean)
  if (names.length === 0) return error
  const hint = program?.startsWith('gnome-keyring') === true ? error.hint : UNLOCK_IT
  return new AuthError(error.code, `${error.message} (${names.join(', ')})`, { hint, cause: error })
}

/** libdbus, which the keychain package has in it, looks at both. */
function findsBus(): boolean {
  const { DBUS_SESSION_BUS_ADDRESS: address = '', XDG_RUNTIME_DIR: folder = '' } = process.env
  return address !== '' || (folder !== '' && statSync(join(folder, 'bus'), { throwIfNoEntry: false }) !== undefined)
}

/** By the command line, which `/proc` shows of every process; the name of a process is cut off after 15 characters. */
async function ownerOf(): Promise<string | undefined> {
  const id = /\d+\s*$/.exec((await askBus({ ...BUS, method: 'GetConnectionUnixProcessID', values: [NAME] })) ?? '')
  try {
    const [path = ''] = readFileSync(`/proc/${Number(id?.[0])}/cmdline`, 'utf8').split('\0')
    return cleanLine(basename(path)) || undefined
  } catch {
    return undefined
  }
}

async function isLocked(collection: string): Promise<boolean | undefined> {
  const answer = await askBus({
    ...{ to: NAME, path: collection, interface: 'org.freedesktop.DBus.Properties' },
    ...{ method: 'Get', values: ['org.freedesktop.Secret.Collection', 'Locked'] },
  })
  return answer === undefined ? undefined : /\btrue\b/.test(answer)
}
