import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { BegunSignIn } from '../model/sign-in-files.ts'
import { findStorageKind } from '../model/storage-kind.ts'
import { newSignInKey, openSignIn, sealSignIn, signInHeader } from '../vault/sealed-sign-in.ts'

type HalfPorts = Pick<Ports, 'vaults' | 'clock' | 'signIns'>

const LIFETIME_MS = 600_000

/** A clock that was put back further than this ends a sign-in, or it could be made to last for ever. */
const CLOCK_SLACK_MS = 60_000

/**
 * Keeps a sign-in for another run, for ten minutes: its file sealed, the key in the vault that
 * the tokens will go to. The file is written first: a key without one would never be removed.
 *
 * @throws AuthError `storage-unavailable`, and what the vault throws.
 */
export async function keepBegun(
  ports: HalfPorts & Pick<Ports, 'identifiers'>,
  content: Omit<BegunSignIn, 'id' | 'createdAtMs' | 'expiresAtMs'>,
): Promise<BegunSignIn> {
  const createdAtMs = ports.clock.nowMs()
  const begun = { ...content, id: ports.identifiers.uuid(), createdAtMs, expiresAtMs: createdAtMs + LIFETIME_MS }
  const [key, vault] = [newSignInKey(), ports.vaults.vault(begun.storage)]
  ports.signIns.write(begun.id, sealSignIn(begun, key))
  try {
    await vault.writeKey(keyName(begun.id), key)
    await findBegun(ports, begun.id)
  } catch (error) {
    await forget(ports, begun.id, begun)
    throw error
  }
  return begun
}

/**
 * A sign-in that was begun, is not over and was not claimed by anybody.
 *
 * @throws AuthError `account-not-found` that tells which of these it is, and what the vault throws.
 */
export async function findBegun(ports: HalfPorts, id: string): Promise<BegunSignIn> {
  const found = ports.signIns.read(id)
  if (found === undefined) throw gone('there is no such sign-in here, or it is long over')
  const header = headerOf(found.text)
  if (header !== undefined && isOver(header, ports.clock.nowMs())) throw gone('this sign-in is over: it took too long')
  if (found.isUsed) throw alreadyUsed()
  if (header === undefined) throw gone('the file of this sign-in is damaged')
  const key = await ports.vaults.vault(header.storage).readKey(keyName(id))
  const begun = key === undefined ? undefined : openSignIn(found.text, id, header.storage, key)
  if (begun === undefined) throw gone('the file of this sign-in does not open any more')
  return begun
}

/**
 * Runs what spends the code, for one caller alone. A sign-in is used up as soon as it is
 * claimed, so that one which is killed in the middle never sends its code twice; only a
 * request that has not left this machine gives it back.
 *
 * @throws AuthError `account-not-found` when another run was first, and what the work throws.
 */
export async function usedOnce<T>(ports: HalfPorts, begun: BegunSignIn, work: () => Promise<T>): Promise<T> {
  if (!ports.signIns.claim(begun.id)) throw alreadyUsed()
  try {
    const result = await work()
    await forgetKey(ports, begun)
    return result
  } catch (error) {
    if (error instanceof AuthError && error.notSent) {
      ports.signIns.release(begun.id)
      throw error.withHint('this sign-in still waits for its code')
    }
    await forgetKey(ports, begun)
    throw error instanceof AuthError
      ? error.withHint(`this sign-in is used up; begin another: ${toBegin(begun)}`)
      : error
  }
}

/**
 * Drops a sign-in that nobody has completed, or what is left of one.
 *
 * @throws AuthError `account-not-found`.
 */
export async function dropBegun(ports: HalfPorts, id: string): Promise<void> {
  const found = ports.signIns.read(id)
  if (found === undefined || found.isUsed) throw gone('there is no such sign-in here that waits for its code')
  await forget(ports, id, headerOf(found.text))
}

/** Removes what is over. What cannot be removed now is left to the next one. */
export async function sweepBegun(ports: HalfPorts): Promise<void> {
  const nowMs = ports.clock.nowMs()
  ports.signIns.removeTorn(nowMs - LIFETIME_MS)
  for (const id of ports.signIns.list()) {
    const header = headerOf(ports.signIns.read(id)?.text ?? '')
    if (header === undefined || isOver(header, nowMs)) await forget(ports, id, header)
  }
}

async function forget(ports: HalfPorts, id: string, header: Header | undefined): Promise<void> {
  if (header === undefined || (await forgetKey(ports, { id, ...header }))) ports.signIns.remove(id)
}

type Header = Pick<BegunSignIn, 'storage' | 'createdAtMs' | 'expiresAtMs'>

/** A storage that this program does not know can hold no key of ours. */
function headerOf(stored: string): Header | undefined {
  const header = signInHeader(stored)
  const storage = header && findStorageKind(header.storage)
  return header && storage && { ...header, storage }
}

/** A key that stays is told by its file, which the next one finds. @returns whether it is gone. */
async function forgetKey(ports: HalfPorts, { id, storage }: Pick<BegunSignIn, 'id' | 'storage'>): Promise<boolean> {
  try {
    await ports.vaults.vault(storage).removeKey(keyName(id))
    return true
  } catch (error) {
    if (error instanceof AuthError) return false
    throw error
  }
}

function isOver({ createdAtMs, expiresAtMs }: Header, nowMs: number): boolean {
  return nowMs >= expiresAtMs || nowMs < createdAtMs - CLOCK_SLACK_MS
}

const keyName = (id: string) => `sign-in/${id}`

/** What to type for another sign-in of the kind. */
export function toBegin({ provider, name, again }: Pick<BegunSignIn, 'provider' | 'name' | 'again'>): string {
  return again === undefined ? `aiauth login ${provider} --begin` : `aiauth reauthenticate ${name} --begin`
}

function gone(why: string): AuthError {
  return new AuthError('account-not-found', why, {
    hint: 'begin another: aiauth login <provider> --begin, or aiauth reauthenticate <name> --begin',
  })
}

function alreadyUsed(): AuthError {
  return gone('this sign-in was completed, or tried, before')
}
