import { randomBytes, randomUUID, scryptSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '../../src/model/secret.ts'
import type { Vault } from '../../src/model/ports.ts'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { seal } from '../../src/vault/sealed-box.ts'
import { formatSealedFile, sealItem, type Compartment } from '../../src/vault/sealed-file.ts'

/** The least that a vault file may ask for: a tenth of the time, for tests that open it hundreds of times. */
const SCRYPT = { N: 16_384, r: 8, p: 1 }

/** A vault that a passphrase opens quickly, with one item, for the program makes an empty one anew. */
export function cheapVault(home: string, passphrase: string): Vault {
  const [fileId, key, salt] = [randomUUID(), randomBytes(32), randomBytes(16)]
  const wrapping = scryptSync(passphrase, salt, 32, { ...SCRYPT, maxmem: 64 * 1024 * 1024 })
  const wrapped = seal(wrapping, key, `aiauth vault 1 key ${fileId}`)
  const slot = { type: 'scrypt', ...SCRYPT, salt: salt.toString('base64'), wrapped } as const
  const empty: Compartment = { version: 1, fileId, slot, items: {} }
  const file = sealItem(empty, key, 'key/of-a-test', new Secret('nothing'))
  writeFileSync(join(home, 'vault.json'), formatSealedFile([file]), { mode: 0o600 })
  return sealedVaultOnDisk(home, () => Promise.resolve(new Secret(passphrase)))
}
