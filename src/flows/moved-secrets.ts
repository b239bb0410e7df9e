import type { Account, StorageKind } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { findStorageKind, storageKind } from '../model/storage-kind.ts'
import type { StorageMove } from '../model/storages.ts'
import { time, withChanged } from './account-facts.ts'
import { heldToken } from './held-token.ts'
import { writeAndReadBack } from './keep-account.ts'
import { moveBackupKey, sealPlainBackups } from './moved-backup-key.ts'
import { vaultOf } from './vault-of.ts'

export type MoveSecretsPorts = Pick<
  Ports,
  'vaults' | 'authFile' | 'journal' | 'backups' | 'migrations' | 'storages' | 'clock' | 'interruption' | 'uninterrupted'
>

export interface Moved {
  /** Storages that were left; empty when there was nothing to do. */
  readonly from: readonly StorageKind[]
  /** Names of the accounts. */
  readonly accounts: readonly string[]
  readonly notes: readonly string[]
}

/**
 * Moves every secret to one storage: of each account, under its lock, a copy that is read back,
 * then the fact in `auth.json`, and only then is the old one removed. So at any moment the
 * account's own entry tells where its secret is, and every command finds it there.
 *
 * Before the first copy the move is written down, with all places where copies may be; whoever
 * moves next, to whatever storage, clears those away. A migration and a move exclude each other.
 *
 * @throws AuthError what the storages throw, before anything is changed if the new one does not
 * work; `secret-missing` for an account whose secret is gone: it stays where it is.
 */
export async function movedSecrets(
  ports: MoveSecretsPorts,
  target: StorageKind,
  onAccount: (account: Account) => void,
): Promise<Moved> {
  const sources = leftBy(ports, target)
  if (sources.length === 0 && ports.storages.move() === undefined) return { from: [], accounts: [], notes: [] }
  await ports.vaults.vault(target).probe()
  for (const kind of sources) await ports.storages.unlock(kind)
  return ports.migrations.exclusively(async () => {
    if (ports.migrations.record() !== undefined) throw migrationCutOff()
    const move = begun(ports, target)
    const accounts = await moveAccounts(ports, target, onAccount)
    const from = move.kinds.filter((kind) => kind !== target)
    const notes: (string | undefined)[] = []
    for (const kind of from) notes.push(await moveBackupKey(ports, kind, target))
    await sealPlainBackups(ports, target)
    await clearAway(ports, move)
    ports.storages.dropMove()
    return { from, accounts, notes: notes.filter((note) => note !== undefined) }
  })
}

/** The storages that hold something which is to be moved. */
function leftBy({ authFile, backups }: MoveSecretsPorts, target: StorageKind): StorageKind[] {
  const file = authFile.read()
  const stores = file?.accounts.map(({ secret }) => storageKind(secret.store)) ?? []
  const decided = stores.length > 0 ? (findStorageKind(file?.storage ?? '') ?? []) : []
  const sound = backups.list().filter(({ checksum }) => checksum === 'ok')
  const ofBackups = sound.flatMap(({ storage }) => findStorageKind(storage) ?? [])
  return [...new Set([...stores, ...ofBackups].concat(decided))].filter((kind) => kind !== target)
}

/** Written down before the first copy is made, with what earlier moves have left. */
function begun(ports: MoveSecretsPorts, target: StorageKind): StorageMove {
  const left = ports.storages.move()
  const ids = ports.authFile.read()?.accounts.map(({ id }) => id) ?? []
  const move = {
    kinds: [...new Set([...(left?.kinds ?? []), ...leftBy(ports, target), target])],
    accountIds: [...new Set([...(left?.accountIds ?? []), ...ids])],
  }
  ports.storages.keepMove(move)
  return move
}

/** Until none is elsewhere: somebody may sign in meanwhile. */
async function moveAccounts(
  ports: MoveSecretsPorts,
  target: StorageKind,
  onAccount: (account: Account) => void,
): Promise<string[]> {
  const moved: string[] = []
  for (;;) {
    const elsewhere = ports.authFile.read()?.accounts.filter(({ secret }) => secret.store !== target) ?? []
    for (const account of elsewhere) {
      ports.interruption.throwIfAborted()
      onAccount(account)
      await ports.uninterrupted(() => ports.journal.exclusively(account.id, () => moveAccount(ports, target, account)))
      moved.push(account.name)
    }
    if (elsewhere.length === 0) {
      if (await isDecided(ports, target)) return moved
    }
  }
}

async function moveAccount(ports: MoveSecretsPorts, target: StorageKind, { id }: Account): Promise<void> {
  const account = ports.authFile.read()?.accounts.find((each) => each.id === id)
  if (account === undefined || account.secret.store === target) return
  const held = await heldToken(ports, account)
  await writeAndReadBack(ports.vaults.vault(target), held)
  const updatedAt = time(ports.clock.nowMs())
  await ports.authFile.update((file) =>
    withChanged(file, id, (current) => ({ ...current, updatedAt, secret: { ...current.secret, store: target } })),
  )
  await vaultOf(ports.vaults, account).remove(id)
}

/** Whoever signs in from now on uses the new storage, unless an account is still elsewhere. */
async function isDecided({ authFile }: MoveSecretsPorts, target: StorageKind): Promise<boolean> {
  const isThere = (file: ReturnType<typeof authFile.read>) =>
    file === undefined || file.accounts.every(({ secret }) => secret.store === target)
  const before = authFile.read()
  if (before === undefined || before.storage === target || before.accounts.length === 0) return isThere(before)
  const after = await authFile.update((file) => (isThere(file) ? { ...file, storage: target } : file))
  return isThere(after)
}

/** What moves have left: copies where an account is not any more, and those of accounts that are gone. */
async function clearAway(ports: MoveSecretsPorts, { kinds, accountIds }: StorageMove): Promise<void> {
  for (const kind of kinds) {
    const vault = ports.vaults.vault(kind)
    for (const id of accountIds) {
      const isHere = ports.authFile.read()?.accounts.some((each) => each.id === id && each.secret.store === kind)
      if (isHere !== true) await vault.remove(id)
    }
    await ports.storages.tidy(kind)
  }
}

function migrationCutOff(): AuthError {
  return new AuthError('busy', 'a migration was cut off here', { hint: 'aiauth migrate-auth finishes or undoes it' })
}
