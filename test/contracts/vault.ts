import { describe, expect, it } from 'vitest'
import type { Vault } from '../../src/model/ports.ts'
import { Secret } from '../../src/model/secret.ts'
import type { TokenBundle } from '../../src/model/tokens.ts'
import { bundle } from '../fakes/account.ts'

const plain = ({ tokens, ...rest }: TokenBundle) => ({
  ...rest,
  ...tokens,
  accessToken: tokens.accessToken.reveal(),
  refreshToken: tokens.refreshToken?.reveal(),
  idToken: tokens.idToken?.reveal(),
})

/** What every vault promises, run on the fake and on each real one. */
export function vaultContract(name: string, open: () => Vault | Promise<Vault>): void {
  describe(`a vault (${name})`, () => {
    it('gives back what was written, every field of it', async () => {
      const vault = await open()
      await vault.write(bundle())
      expect(plain((await vault.read(bundle().accountId)) ?? bundle({ generation: -1 }))).toEqual(plain(bundle()))
    })

    it('says undefined of an account that it does not hold', async () => {
      expect(await (await open()).read('6f1c1e6e-0000-4000-8000-00000000dead')).toBeUndefined()
    })

    it('replaces a bundle as a whole', async () => {
      const vault = await open()
      await vault.write(bundle())
      const tokens = { ...bundle().tokens, accessToken: new Secret('AT-2'), refreshToken: undefined }
      await vault.write(bundle({ generation: 2, tokens }))
      const stored = await vault.read(bundle().accountId)
      expect([stored?.generation, stored?.tokens.accessToken.reveal(), stored?.tokens.refreshToken]).toEqual([
        2,
        'AT-2',
        undefined,
      ])
    })

    it('keeps accounts apart', async () => {
      const vault = await open()
      await vault.write(bundle())
      await vault.write(bundle({ accountId: 'other', generation: 7 }))
      await vault.remove('other')
      expect(await vault.read('other')).toBeUndefined()
      expect((await vault.read(bundle().accountId))?.generation).toBe(1)
    })

    it('takes the removal of what is not there for done', async () => {
      await expect((await open()).remove('never-there')).resolves.toBeUndefined()
    })

    it('K8: keeps tokens of 10 kB', async () => {
      const vault = await open()
      const tokens = {
        ...bundle().tokens,
        accessToken: new Secret('a'.repeat(10_000)),
        idToken: new Secret('b'.repeat(10_000)),
      }
      await vault.write(bundle({ tokens }))
      expect((await vault.read(bundle().accountId))?.tokens.accessToken.reveal()).toHaveLength(10_000)
    })

    it('keeps keys by name, apart from the accounts', async () => {
      const vault = await open()
      await vault.write(bundle())
      expect(await vault.readKey(bundle().accountId)).toBeUndefined()
      await vault.writeKey('backup', new Secret('k-1'))
      await vault.writeKey('backup', new Secret('k-2'))
      expect((await vault.readKey('backup'))?.reveal()).toBe('k-2')
      expect(await vault.read('backup')).toBeUndefined()
      await vault.removeKey('backup')
      await vault.removeKey('backup')
      expect(await vault.readKey('backup')).toBeUndefined()
      expect((await vault.read(bundle().accountId))?.generation).toBe(1)
    })

    it('proves that it works and leaves nothing behind', async () => {
      const vault = await open()
      await vault.probe()
      await vault.write(bundle())
      await vault.probe()
      expect((await vault.read(bundle().accountId))?.generation).toBe(1)
    })
  })
}
