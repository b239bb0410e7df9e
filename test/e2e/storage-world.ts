import { randomBytes, scryptSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatAuthFile, newAuthFile } from '../../src/auth-file/format.ts'
import type { Account } from '../../src/model/account.ts'
import type { Vault } from '../../src/model/ports.ts'
import { Secret } from '../../src/model/secret.ts'
import { sealedVaultOnDisk, vaultFile, type SealedVault } from '../../src/system/sealed-vault-on-disk.ts'
import { openSlot } from '../../src/vault/key-slot.ts'
import { seal } from '../../src/vault/sealed-box.ts'
import { account, bundle } from '../fakes/account.ts'
import { run, temporaryHome, type Ended } from './program.ts'

export const PASSPHRASE = 'correct horse battery'
const TWO_HOURS_MS = 7_200_000

export const sealedBy = {
  plaintext: (home: string) => sealedVaultOnDisk(home, undefined),
  passphrase: (home: string) => sealedVaultOnDisk(home, () => Promise.resolve(new Secret(PASSPHRASE))),
}

/** The least that a vault file may ask of scrypt: a twentieth of what the program chooses. */
const LEAST = { N: 16_384, r: 8, p: 1 } as const

/** A vault of `passphrase` that opens fast; the program keeps the slot of one that holds something. */
export function fastVault(home: string): SealedVault {
  return vaultFile(home, {
    kind: 'passphrase',
    keep(fileId, key) {
      const salt = randomBytes(16)
      const wrapped = seal(scryptSync(PASSPHRASE, salt, 32, LEAST), key, `aiauth vault 1 key ${fileId}`)
      return Promise.resolve({ type: 'scrypt', ...LEAST, salt: salt.toString('base64'), wrapped })
    },
    find: ({ fileId, slot }) => Promise.resolve(openSlot(fileId, slot, new Secret(PASSPHRASE))),
  })
}

export const tokenOf = (name: string) => `sk-ant-oat01-${name}`
const idOf = (index: number) => `6f1c1e6e-0000-4000-8000-00000000000${index}`

/** A home whose accounts keep tokens that last in this storage, and beside them the key of backups. */
export async function homeWith(
  store: string,
  names: readonly string[],
  vaultFor: (home: string) => Vault,
): Promise<string> {
  const home = temporaryHome()
  const expiresAtMs = Date.now() + TWO_HOURS_MS
  const secret: Account['secret'] = { store, generation: 1, renewable: true }
  const expiresAt = new Date(expiresAtMs).toISOString()
  const accounts = names.map((name, index) => account({ id: idOf(index + 1), name, secret, expiresAt }))
  const vault = vaultFor(home)
  for (const { id, name } of accounts) {
    const tokens = { ...bundle().tokens, accessToken: new Secret(tokenOf(name)), expiresAtMs }
    await vault.write(bundle({ accountId: id, tokens }))
  }
  await vault.writeKey('backup', new Secret('k-1'))
  const file = { ...newAuthFile('file-1'), storage: store, accounts }
  writeFileSync(join(home, 'auth.json'), formatAuthFile(file), { mode: 0o600 })
  return home
}

type Variables = Readonly<Record<string, string | undefined>>

/** One command line; the passphrase is at hand. */
export function typed(line: string, home: string, env: Variables = {}): Promise<Ended> {
  const variables = { AIAUTH_STORAGE: undefined, AIAUTH_PASSPHRASE: PASSPHRASE, ...env }
  return run(line.split(' '), { home, env: variables })
}

/** What `storage show --json` tells of each storage. */
export async function shownBy(home: string, env: Variables = {}) {
  const { stdout } = await typed('storage show --json', home, env)
  const { storages, moveCutOff } = JSON.parse(stdout) as {
    storages: { kind: string; accounts: number; items: number | null; orphans: number | null; locked: boolean }[]
    moveCutOff: boolean
  }
  const rows = storages.map(({ kind, accounts, items, orphans }) => [kind, accounts, items, orphans])
  return { rows, moveCutOff, storages }
}
