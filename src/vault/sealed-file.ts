import { randomBytes, scryptSync } from 'node:crypto'
import { AuthError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import { isRecord, json, record, type UntrustedRecord } from '../model/untrusted.ts'
import { isBase64, isSealed, KEY_BYTES, open, seal, type Sealed } from './sealed-box.ts'

/** How the vault key is kept: in clear, or wrapped under a key that scrypt makes of a passphrase. */
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

/** The vault file: one random key in one slot, and a sealed text for each account. */
export interface SealedFile {
  readonly version: 1
  readonly fileId: string
  readonly slot: KeySlot
  readonly items: Readonly<Record<string, Sealed>>
}

const SALT_BYTES = 16

/**
 * 128 MiB of memory and about 0.35 s a try. The parameters stand in the file, bounded when
 * read, so that they can grow later and a planted file cannot exhaust the machine.
 */
const SCRYPT = { N: 131_072, r: 8, p: 1 } as const
const SCRYPT_MEMORY_LIMIT_BYTES = 512 * 1024 * 1024

export function newSealedFile(fileId: string, passphrase: Secret | undefined): { file: SealedFile; key: Buffer } {
  const key = randomBytes(KEY_BYTES)
  const slot: KeySlot =
    passphrase === undefined ? { type: 'plaintext', key: key.toString('base64') } : scryptSlot(fileId, key, passphrase)
  return { file: { version: 1, fileId, slot, items: {} }, key }
}

/**
 * The vault key out of its slot.
 *
 * @throws AuthError `storage-locked` when the passphrase is missing or wrong.
 */
export function openSlot(file: SealedFile, passphrase: Secret | undefined): Buffer {
  if (file.slot.type === 'plaintext') return Buffer.from(file.slot.key, 'base64')
  if (passphrase === undefined) throw new AuthError('storage-locked', 'the vault is locked and no passphrase was given')
  const { N, r, p, salt, wrapped } = file.slot
  const wrapping = scryptSync(passphrase.reveal(), Buffer.from(salt, 'base64'), KEY_BYTES, {
    N,
    r,
    p,
    maxmem: SCRYPT_MEMORY_LIMIT_BYTES,
  })
  const key = open(wrapping, wrapped, slotContext(file.fileId))
  if (key === undefined) {
    throw new AuthError('storage-locked', 'the passphrase is wrong', {
      hint: 'type it again, or check AIAUTH_PASSPHRASE_FILE',
    })
  }
  return key
}

/**
 * Seals a text for one account. The account and the file are authenticated with it, so a box
 * moved to another place does not open; who issued the tokens stands inside.
 */
export function sealItem(file: SealedFile, key: Buffer, accountId: string, text: Secret): SealedFile {
  const box = seal(key, Buffer.from(text.reveal(), 'utf8'), itemContext(file, accountId))
  return { ...file, items: { ...file.items, [accountId]: box } }
}

/**
 * The text sealed for an account, `undefined` when there is none.
 *
 * @throws AuthError `secret-missing` when the box was changed.
 */
export function openItem(file: SealedFile, key: Buffer, accountId: string): Secret | undefined {
  const box = Object.hasOwn(file.items, accountId) ? file.items[accountId] : undefined
  if (box === undefined) return undefined
  const text = open(key, box, itemContext(file, accountId))
  if (text === undefined) throw new AuthError('secret-missing', 'the stored tokens were changed from outside')
  return new Secret(text.toString('utf8'))
}

export function withoutItem(file: SealedFile, accountId: string): SealedFile {
  return { ...file, items: Object.fromEntries(Object.entries(file.items).filter(([id]) => id !== accountId)) }
}

export function formatSealedFile(file: SealedFile): string {
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/** @throws AuthError `auth-file-invalid`, never with any of the content. */
export function parseSealedFile(text: string): SealedFile {
  const source = record(json(text))
  const slot = record(source['slot'])
  const items = record(source['items'])
  const isSound = typeof source['fileId'] === 'string' && isSlot(slot) && Object.values(items).every(isSealed)
  if (source['version'] !== 1 || !isSound || !isRecord(source['items'])) throw invalid()
  return { version: 1, fileId: String(source['fileId']), slot: slot as unknown as KeySlot, items } as SealedFile
}

function scryptSlot(fileId: string, key: Buffer, passphrase: Secret): KeySlot {
  const salt = randomBytes(SALT_BYTES)
  const wrapping = scryptSync(passphrase.reveal(), salt, KEY_BYTES, { ...SCRYPT, maxmem: SCRYPT_MEMORY_LIMIT_BYTES })
  return {
    type: 'scrypt',
    ...SCRYPT,
    salt: salt.toString('base64'),
    wrapped: seal(wrapping, key, slotContext(fileId)),
  }
}

const slotContext = (fileId: string) => `aiauth vault 1 key ${fileId}`
const itemContext = (file: SealedFile, accountId: string) => `aiauth vault 1 item ${file.fileId} ${accountId}`

function isSlot(slot: UntrustedRecord): boolean {
  if (slot['type'] === 'plaintext') return isBase64(slot['key'], KEY_BYTES)
  const { N, r, p } = slot
  const isBounded = [N, r, p].every(Number.isSafeInteger) && Number(r) > 0 && Number(p) > 0 && Number(p) <= 16
  const isAffordable = isBounded && 128 * Number(N) * Number(r) < SCRYPT_MEMORY_LIMIT_BYTES && Number(N) >= 16_384
  return slot['type'] === 'scrypt' && isAffordable && isBase64(slot['salt']) && isSealed(slot['wrapped'])
}

function invalid(): AuthError {
  return new AuthError('auth-file-invalid', 'the vault file is damaged; it was left as it is')
}
