import { randomBytes, scryptSync } from 'node:crypto'
import { AuthError } from '../model/errors.ts'
import type { Secret } from '../model/secret.ts'
import type { StorageKind } from '../model/storage-kind.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import { isBase64, isSealed, KEY_BYTES, open, seal, type Sealed } from './sealed-box.ts'

/**
 * How the key of a compartment is kept: in clear, wrapped under a key that scrypt makes of a
 * passphrase, or by somebody else under the name `vault/<id of the compartment>`.
 */
export type KeySlot =
  | { readonly type: 'plaintext'; readonly key: string }
  | {
      readonly type: 'scrypt'
      readonly N: number
      readonly r: number
      readonly p: number
      readonly salt: string
      readonly wrapped: Sealed
    }
  | { readonly type: 'helper'; readonly program: string }
  | { readonly type: 'keychain' }

const SALT_BYTES = 16

/**
 * 128 MiB of memory and about 0.35 s a try. The parameters stand in the file, bounded when
 * read, so that they can grow later and a planted file cannot exhaust the machine.
 */
const SCRYPT = { N: 131_072, r: 8, p: 1 } as const
const SCRYPT_MEMORY_LIMIT_BYTES = 512 * 1024 * 1024

/** The storage that a slot belongs to. */
export function kindOfSlot(slot: KeySlot): StorageKind {
  if (slot.type === 'helper') return `helper:${slot.program}`
  return slot.type === 'scrypt' ? 'passphrase' : slot.type
}

export function newKey(): Buffer {
  return randomBytes(KEY_BYTES)
}

export function plaintextSlot(key: Buffer): KeySlot {
  return { type: 'plaintext', key: key.toString('base64') }
}

export function scryptSlot(fileId: string, key: Buffer, passphrase: Secret): KeySlot {
  const salt = randomBytes(SALT_BYTES)
  const wrapping = scryptSync(passphrase.reveal(), salt, KEY_BYTES, { ...SCRYPT, maxmem: SCRYPT_MEMORY_LIMIT_BYTES })
  return {
    type: 'scrypt',
    ...SCRYPT,
    salt: salt.toString('base64'),
    wrapped: seal(wrapping, key, slotContext(fileId)),
  }
}

/**
 * The key out of a slot that holds it.
 *
 * @throws AuthError `storage-locked` when the passphrase is missing or wrong.
 */
export function openSlot(fileId: string, slot: KeySlot, passphrase: Secret | undefined): Buffer {
  if (slot.type === 'plaintext') return Buffer.from(slot.key, 'base64')
  if (passphrase === undefined || slot.type !== 'scrypt')
    throw new AuthError('storage-locked', 'the vault is locked and no passphrase was given')
  const { N, r, p, salt, wrapped } = slot
  const wrapping = scryptSync(passphrase.reveal(), Buffer.from(salt, 'base64'), KEY_BYTES, {
    N,
    r,
    p,
    maxmem: SCRYPT_MEMORY_LIMIT_BYTES,
  })
  const key = open(wrapping, wrapped, slotContext(fileId))
  if (key === undefined) {
    throw new AuthError('storage-locked', 'the passphrase is wrong', {
      hint: 'type it again, or check AIAUTH_PASSPHRASE_FILE',
    })
  }
  return key
}

export function isSlot(slot: UntrustedRecord): boolean {
  if (slot['type'] === 'plaintext') return isBase64(slot['key'], KEY_BYTES)
  if (slot['type'] === 'keychain') return true
  // It is compared, and never run from here.
  if (slot['type'] === 'helper') return typeof slot['program'] === 'string'
  const { N, r, p } = slot
  const isBounded = [N, r, p].every(Number.isSafeInteger) && Number(r) > 0 && Number(p) > 0 && Number(p) <= 16
  const isAffordable = isBounded && 128 * Number(N) * Number(r) < SCRYPT_MEMORY_LIMIT_BYTES && Number(N) >= 16_384
  return slot['type'] === 'scrypt' && isAffordable && isBase64(slot['salt']) && isSealed(slot['wrapped'])
}

const slotContext = (fileId: string) => `aiauth vault 1 key ${fileId}`
