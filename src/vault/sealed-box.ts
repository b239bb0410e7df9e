import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { record } from '../model/untrusted.ts'

/** A box of AES-256-GCM (NIST SP 800-38D), all members base64. */
export interface Sealed {
  readonly iv: string
  readonly ct: string
  readonly tag: string
}

export const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Seals a text. The context is authenticated with it, so the box opens only where it belongs. */
export function seal(key: Buffer, text: Buffer, context: string): Sealed {
  const iv = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context))
  const ct = Buffer.concat([cipher.update(text), cipher.final()])
  return { iv: iv.toString('base64'), ct: ct.toString('base64'), tag: cipher.getAuthTag().toString('base64') }
}

/** The text, `undefined` when the key or the context is another one, or the box was changed. */
export function open(key: Buffer, box: Sealed, context: string): Buffer | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(box.iv, 'base64'), { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(context)).setAuthTag(Buffer.from(box.tag, 'base64'))
    return Buffer.concat([decipher.update(Buffer.from(box.ct, 'base64')), decipher.final()])
  } catch {
    return undefined
  }
}

export function isSealed(value: unknown): value is Sealed {
  const box = record(value)
  // An empty text makes an empty box.
  const hasText = box['ct'] === '' || isBase64(box['ct'])
  return hasText && isBase64(box['iv'], NONCE_BYTES) && isBase64(box['tag'], TAG_BYTES)
}

export function isBase64(value: unknown, bytes?: number): value is string {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return false
  return bytes === undefined || Buffer.from(value, 'base64').length === bytes
}
