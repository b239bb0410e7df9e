import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import type { KeychainVerbs } from '../../src/system/keychain-vault.ts'
import { vaultsOf } from '../../src/system/vaults.ts'
import { vaultContract } from '../contracts/vault.ts'
import { bundle } from '../fakes/account.ts'

/** What Windows allows an item to have, in the UTF-16 that is stored there. */
const LIMIT_BYTES = 2560

const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

/** A keychain as Windows has it, in memory; it may be made to fail at a change, as a crash would. */
function smallKeychain() {
  const items = new Map<string, string>()
  const state = { changesLeft: Infinity }
  const change = (work: () => void) => {
    if (state.changesLeft-- <= 0) return Promise.reject(new AuthError('storage-unavailable', 'crashed'))
    work()
    return Promise.resolve()
  }
  const verbs: KeychainVerbs = {
    getPassword: (name) => Promise.resolve(items.get(name)),
    setPassword(name, value) {
      if (Buffer.byteLength(value, 'utf16le') > LIMIT_BYTES)
        return Promise.reject(new AuthError('storage-unavailable', 'longer than the platform limit'))
      return change(() => void items.set(name, value))
    },
    deletePassword: (name) => change(() => void items.delete(name)),
  }
  return { items, state, verbs }
}

const helperless = () => {
  throw new Error('no helper is asked')
}

function opened(keychain = smallKeychain(), folder = mkdtempSync(join(tmpdir(), 'aiauth-small-'))) {
  folders.push(folder)
  const findPassphrase = () => Promise.reject(new Error('nobody is asked'))
  const input = {
    home: folder,
    keychain: keychain.verbs,
    itemLimitCharacters: 1280,
    findPassphrase,
    helper: helperless,
  }
  return { ...keychain, folder, open: () => vaultsOf(input).vault('keychain') }
}

const long = (generation: number) =>
  bundle({
    generation,
    tokens: { ...bundle().tokens, accessToken: new Secret(`long-${generation}-`.padEnd(3000, 'x')) },
  })
const short = (generation: number) =>
  bundle({ generation, tokens: { ...bundle().tokens, accessToken: new Secret(`short-${generation}`) } })

vaultContract('keychain with items of 2560 bytes', () => opened().open())

describe('a keychain with small items', () => {
  it('K8: keeps a bundle that fits as an item, and one that does not in the vault file, its key an item', async () => {
    const { items, folder, open } = opened()
    await open().write(short(1))
    expect([...items.keys()]).toEqual([bundle().accountId])
    await open().write(long(2))
    expect([...items.keys()]).toEqual([expect.stringMatching(/^vault\/[\da-f-]{36}$/)])
    expect(readFileSync(join(folder, 'vault.json'), 'utf8')).not.toContain('long-2')
    expect((await open().read(bundle().accountId))?.tokens.accessToken.reveal()).toMatch(/^long-2-x/)
    await open().write(short(3))
    expect([...items.keys()]).toEqual([bundle().accountId])
    expect((await open().read(bundle().accountId))?.tokens.accessToken.reveal()).toBe('short-3')
  })

  it.each([
    ['a short bundle by a long one', short(1), long(2)],
    ['a long bundle by a short one', long(1), short(2)],
    ['a long bundle by a long one', long(1), long(2)],
  ])('K7, K8: has the old or the new one whole, wherever the replacing of %s is cut off', async (_case, old, fresh) => {
    for (let changes = 0; ; changes++) {
      const { state, open } = opened()
      await open().write(old)
      state.changesLeft = changes
      const isDone = await open()
        .write(fresh)
        .then(() => true)
        .catch(() => false)
      state.changesLeft = Infinity
      const stored = await open().read(bundle().accountId)
      expect([1, 2]).toContain(stored?.generation)
      expect(stored?.tokens.accessToken.reveal()).toBe(
        (stored?.generation === 1 ? old : fresh).tokens.accessToken.reveal(),
      )
      await open().write(fresh)
      expect((await open().read(bundle().accountId))?.generation).toBe(2)
      if (isDone) return
    }
  })

  it('K14: makes no new key over what is sealed when the old one is gone', async () => {
    const { items, folder, open } = opened()
    await open().write(long(1))
    const before = readFileSync(join(folder, 'vault.json'), 'utf8')
    items.clear()
    await expect(open().read(bundle().accountId)).rejects.toMatchObject({ code: 'secret-missing' })
    await expect(open().write(long(2))).rejects.toMatchObject({ code: 'secret-missing' })
    expect(readFileSync(join(folder, 'vault.json'), 'utf8')).toBe(before)
    expect([...items.keys()]).toEqual([])
  })

  it('takes away both shapes with the account', async () => {
    const { items, folder, open } = opened()
    await open().write(long(1))
    await open().remove(bundle().accountId)
    expect([...items.keys()]).toEqual([])
    expect(JSON.parse(readFileSync(join(folder, 'vault.json'), 'utf8'))).toMatchObject({ items: {} })
  })
})
