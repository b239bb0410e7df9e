import { askedKind } from '../flows/choose-storage.ts'
import { movedSecrets, type Moved } from '../flows/moved-secrets.ts'
import { storageFacts } from '../flows/storage-facts.ts'
import type { StorageKind } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { findStorageKind, plaintextWarning } from '../model/storage-kind.ts'
import { text } from '../model/untrusted.ts'
import { jsonText } from '../ui/account-json.ts'
import { storageJson, storageWords } from '../ui/storage-words.ts'
import type { RotateOptions } from './storage.ts'
import { warn } from './warn.ts'

const CUT_OFF = 'a move to another storage was cut off; aiauth storage set <kind> finishes it'

export async function showStorage(ports: Ports, json: boolean): Promise<void> {
  const facts = await storageFacts(ports, ports.authFile.read())
  const isCutOff = ports.storages.move() !== undefined
  if (json) ports.terminal.out(jsonText({ storages: facts.map(storageJson), moveCutOff: isCutOff }))
  else if (facts.length > 0) ports.terminal.out(storageWords(facts, ports.terminal.outStyle))
  else ports.terminal.say('aiauth: nothing is kept yet; aiauth login --storage <kind> chooses where')
  if (isCutOff) warn(ports, CUT_OFF)
}

export async function setStorage(ports: Ports, name: string, json: boolean): Promise<void> {
  const target = askedKind(name)
  const moved = await ports.terminal.during(`moving the secrets to ${target}`, (tell) =>
    movedSecrets(ports, target, (account) => tell(`moving the secrets of ${account.name} to ${target}`)),
  )
  for (const note of moved.notes) warn(ports, note)
  ports.terminal.say(`aiauth: ${movedWords(ports, moved, target)}`)
  if (target === 'plaintext') warn(ports, plaintextWarning(ports.storages.vaultPath))
  warnOfChoice(ports, target)
  if (!json) return
  const outcome = moved.from.length === 0 ? 'nothing-to-do' : 'moved'
  ports.terminal.out(jsonText({ outcome, from: moved.from, to: target, accounts: moved.accounts }))
}

function movedWords(ports: Ports, { from, accounts }: Moved, target: StorageKind): string {
  const isEmpty = (ports.authFile.read()?.accounts.length ?? 0) === 0
  if (isEmpty && from.length === 0) return `nothing is kept yet; aiauth login --storage ${target} chooses it`
  if (from.length === 0) return `everything is in ${target} already`
  const whose = accounts.length === 1 ? `of ${accounts.join('')}` : `of ${accounts.length} accounts`
  return `moved the secrets ${whose} from ${from.join(' and ')} to ${target}`
}

/** The next sign-in would be refused for it. */
function warnOfChoice({ environment, settings, ...ports }: Ports, target: StorageKind): void {
  const choices = [
    ['AIAUTH_STORAGE', text(environment.variables['AIAUTH_STORAGE'])],
    ['storage in config.json', text(settings.read()['storage'])],
  ] as const
  for (const [where, choice] of choices) {
    if (choice !== undefined && choice !== target) warn(ports, `${where} still says ${choice}`)
  }
}

export async function rotateStorage(ports: Ports, options: RotateOptions, json: boolean): Promise<void> {
  const kind = decidedKind(ports)
  const { newPassphraseFile } = options
  if (kind !== 'passphrase' && newPassphraseFile !== undefined) {
    throw new AuthError('usage', `${kind} has no passphrase`, { hint: 'aiauth storage rotate' })
  }
  await ports.storages.unlock(kind)
  const passphrase = kind === 'passphrase' ? await ports.storages.newPassphrase(newPassphraseFile) : undefined
  const isRotated = await ports.storages.rotate(kind, passphrase)
  ports.terminal.say(`aiauth: ${rotatedWords(kind, isRotated, passphrase !== undefined)}`)
  if (kind === 'plaintext' && isRotated) warn(ports, plaintextWarning(ports.storages.vaultPath))
  const outcome = isRotated ? 'rotated' : 'nothing-to-do'
  if (json) ports.terminal.out(jsonText({ outcome, kind, newPassphrase: passphrase !== undefined }))
}

function rotatedWords(kind: StorageKind, isRotated: boolean, isNewPassphrase: boolean): string {
  if (!isRotated && kind === 'keychain') return 'there is nothing to rotate: the keychain holds the tokens themselves'
  if (!isRotated) return `there is nothing to rotate: ${kind} holds nothing yet`
  if (isNewPassphrase) return 'everything is sealed under a new key, and the new passphrase opens it'
  const how = kind === 'passphrase' ? ', which the same passphrase opens; --new-passphrase-file changes it' : ''
  return `everything is sealed under a new key${how}`
}

/** @throws AuthError `storage-unavailable` where nobody is signed in. */
function decidedKind({ authFile }: Ports): StorageKind {
  const file = authFile.read()
  const kind = file === undefined || file.accounts.length === 0 ? undefined : findStorageKind(file.storage ?? '')
  if (kind !== undefined) return kind
  throw new AuthError('storage-unavailable', 'nothing is kept yet', { hint: 'aiauth login --storage <kind>' })
}
