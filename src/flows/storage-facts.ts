import type { AuthFile, StorageKind } from '../model/account.ts'
import { AuthError, type AuthErrorCode } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { findStorageKind } from '../model/storage-kind.ts'
import type { StorageFacts } from '../model/storages.ts'
import { BACKUP_KEY } from './migration/seal-backup.ts'

export type StorageFactsPorts = Pick<Ports, 'vaults' | 'storages' | 'clock'>

/** Every storage that is decided on, or in use, or holds what a cut-off move has left. */
export async function storageFacts(ports: StorageFactsPorts, file: AuthFile | undefined): Promise<StorageFacts[]> {
  const decided = file === undefined || file.accounts.length === 0 ? undefined : findStorageKind(file.storage ?? '')
  const ofAccounts = file?.accounts.flatMap(({ secret }) => findStorageKind(secret.store) ?? []) ?? []
  const left = ports.storages.move()?.kinds ?? []
  const kinds = new Set([
    ...(decided === undefined ? [] : [decided]),
    ...ofAccounts,
    ...ports.storages.kinds(),
    ...left,
  ])
  const facts: StorageFacts[] = []
  for (const kind of kinds) facts.push(await factsOf(ports, file, { kind, isDecided: kind === decided }))
  return facts
}

const LOCKED: readonly AuthErrorCode[] = ['storage-locked', 'storage-timed-out']

/** One storage, whether or not anything says that it is used. */
export async function factsOf(
  ports: StorageFactsPorts,
  file: AuthFile | undefined,
  { kind, isDecided }: Pick<StorageFacts, 'kind' | 'isDecided'>,
): Promise<StorageFacts> {
  const startedAtMs = ports.clock.nowMs()
  const look = await ports.storages.look(kind)
  const answeredInMs = Math.max(0, ports.clock.nowMs() - startedAtMs)
  const { driver, where, formerKeys } = look
  const here = file?.accounts.flatMap(({ id, secret }) => (secret.store === kind ? [id] : [])) ?? []
  const isUntold = look.names === undefined && look.trouble === undefined
  const { found, trouble } = isUntold ? await foundIn(ports, kind, here) : { found: look.names, trouble: look.trouble }
  const orphans = found?.filter((name) => !name.startsWith('key/') && !here.includes(name))
  return {
    kind,
    isDecided,
    driver,
    where,
    reachable: trouble === undefined || LOCKED.includes(trouble.code),
    locked: trouble !== undefined && LOCKED.includes(trouble.code),
    accounts: here.length,
    items: found?.length,
    orphans: orphans && orphans.length + formerKeys,
    answeredInMs,
    trouble,
  }
}

/** A keychain does not tell what it holds, but of each name whether it holds something, if it is open. */
async function foundIn(
  ports: StorageFactsPorts,
  kind: StorageKind,
  here: readonly string[],
): Promise<{ found: readonly string[] | undefined; trouble: AuthError | undefined }> {
  const vault = ports.vaults.vault(kind)
  const ids = new Set([...here, ...(ports.storages.move()?.accountIds ?? [])])
  const found: string[] = []
  try {
    for (const id of ids) if (await holds(vault.read(id))) found.push(id)
    if (await holds(vault.readKey(BACKUP_KEY))) found.push(`key/${BACKUP_KEY}`)
    return { found, trouble: undefined }
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'cancelled') throw error
    return { found: undefined, trouble: error }
  }
}

/** What is damaged is there all the same. */
async function holds(reading: Promise<unknown>): Promise<boolean> {
  try {
    return (await reading) !== undefined
  } catch (error) {
    if (error instanceof AuthError && error.code === 'secret-missing') return true
    throw error
  }
}
