import type { Finding, KeychainService } from '../../model/inspection.ts'
import type { ExaminePorts } from './examine.ts'

/**
 * What keeps the keychain of a Linux session, beside whether it works. Where there is nothing,
 * the keychain package would go on to the kernel's keyring without a word, if we let it.
 */
export async function examineKeychain({ inspection }: ExaminePorts): Promise<Finding[]> {
  const service = await inspection.keychainService()
  if (service === undefined) return []
  const [level, message, fix] = told(service)
  return [{ id: 'keychain', level, message, fix }]
}

type Told = readonly [Finding['level'], string, string | null]

function told({ hasBus, isOwned, program, collection, isLocked }: KeychainService): Told {
  if (!hasBus) return ['note', `there is no D-Bus session (DBUS_SESSION_BUS_ADDRESS is not set)${KERNEL}`, START]
  if (isOwned === undefined) return ['note', 'the D-Bus session does not say what keeps the keychain', ASK]
  if (!isOwned) return ['note', `no program on the D-Bus session owns org.freedesktop.secrets${KERNEL}`, START]
  const owner = `org.freedesktop.secrets belongs to ${program ?? 'a program without a name'}`
  if (collection === undefined) return ['note', `${owner}, which has no default collection`, CREATE]
  const place = `${owner}, its default collection ${collection}`
  if (isLocked === true) return ['warning', `${place} is locked`, 'unlock it']
  if (collection === 'session') return ['warning', `${place} is forgotten when you log out`, CREATE]
  return ['ok', `${place} is ${isLocked === undefined ? 'there' : 'open'}`, null]
}

const KERNEL =
  "; the keychain package would go on to the kernel's keyring, which a restart empties, and aiauth does not let it"
const START = 'start gnome-keyring, KWallet or KeePassXC, or keep the tokens elsewhere: --storage passphrase'
const ASK = 'install dbus-send or busctl, one of which can ask it, and see that a session bus runs'
const CREATE = 'create or open a collection in your keychain program, and make it the default one'
