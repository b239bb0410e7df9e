import { createHash } from 'node:crypto'
import type { Secret } from '../model/secret.ts'

/**
 * 12 hexadecimal digits of a token's SHA-256: enough to say that two tokens are the same one,
 * and of no use for anything else, since a token has far more random bits than could be tried.
 */
export function fingerprint(token: Secret): string {
  return createHash('sha256').update(token.reveal()).digest('hex').slice(0, 12)
}
