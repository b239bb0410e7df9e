import type { Vault } from '../model/ports.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { writeBundle } from '../vault/write-bundle.ts'

/**
 * How many characters an item of a platform's keychain holds, where that is less than a bundle
 * can have: on Windows 2560 bytes (`CRED_MAX_CREDENTIAL_BLOB_SIZE`), in which UTF-16 is kept.
 */
export const ITEM_LIMITS: Readonly<Partial<Record<NodeJS.Platform, number>>> = { win32: 1280 }

/**
 * A keychain whose items are small: a bundle that fits stands in its item, a longer one is
 * sealed into the vault file, the key of which is an item.
 *
 * The new one is written before the old one goes. Should that be cut off, there are two of
 * them, and the later generation counts.
 */
export function smallKeychainVault(items: Vault, file: Vault, limitCharacters: number): Vault {
  return {
    ...items,
    async read(accountId) {
      const [item, sealed] = [await items.read(accountId), await file.read(accountId)]
      return later(item, sealed)
    },
    async write(bundle) {
      const fits = writeBundle(bundle).reveal().length <= limitCharacters
      const [its, other] = fits ? [items, file] : [file, items]
      await its.write(bundle)
      await other.remove(bundle.accountId)
    },
    async remove(accountId) {
      await file.remove(accountId)
      await items.remove(accountId)
    },
  }
}

function later(a: TokenBundle | undefined, b: TokenBundle | undefined): TokenBundle | undefined {
  return a !== undefined && b !== undefined ? (b.generation > a.generation ? b : a) : (a ?? b)
}
