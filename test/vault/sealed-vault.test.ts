import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { readBundle } from '../../src/vault/bundle.ts'
import { writeBundle } from '../../src/vault/write-bundle.ts'
import { vaultContract } from '../contracts/vault.ts'
import { bundle } from '../fakes/account.ts'
import { fakePorts } from '../fakes/ports.ts'

const folders: string[] = []
const home = () => {
  folders.push(mkdtempSync(join(tmpdir(), 'aiauth-vault-')))
  return folders.at(-1) ?? ''
}
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))
const passphrase = (words: string) => () => Promise.resolve(new Secret(words))
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error as AuthError,
  )

vaultContract('fake', () => fakePorts().vaults.vault('keychain'))
vaultContract('plaintext', () => sealedVaultOnDisk(home(), undefined))
vaultContract('passphrase', () => sealedVaultOnDisk(home(), passphrase('correct horse')))

describe('the vault file', () => {
  it('is private and shows no token, no passphrase and no key', async () => {
    const folder = home()
    await sealedVaultOnDisk(folder, passphrase('correct horse')).write(bundle())
    const text = readFileSync(join(folder, 'vault.json'), 'utf8')
    expect(text).not.toMatch(/AT-1|RT-1|correct horse/)
    expect(text).not.toContain(Buffer.from('AT-1').toString('base64'))
    expect(statSync(join(folder, 'vault.json')).mode & 0o777).toBe(0o600)
  })

  it('stays shut for another passphrase, and says so', async () => {
    const folder = home()
    await sealedVaultOnDisk(folder, passphrase('correct horse')).write(bundle())
    const error = await failure(sealedVaultOnDisk(folder, passphrase('wrong')).read(bundle().accountId))
    expect(error).toMatchObject({ code: 'storage-locked' })
    expect(error?.message).not.toContain('wrong horse')
  })

  it('asks for the passphrase once, as new only when there is no vault', async () => {
    const folder = home()
    const asked: boolean[] = []
    const open = () => sealedVaultOnDisk(folder, (isNew) => (asked.push(isNew), Promise.resolve(new Secret('p'))))
    const vault = open()
    await vault.probe()
    await vault.write(bundle())
    await open().read(bundle().accountId)
    expect(asked).toEqual([true, false])
  })

  it('takes another passphrase once it is empty, and not before', async () => {
    const folder = home()
    await sealedVaultOnDisk(folder, passphrase('old')).write(bundle())
    const other = sealedVaultOnDisk(folder, passphrase('new'))
    expect(await failure(other.write(bundle()))).toMatchObject({ code: 'storage-locked' })
    await other.remove(bundle().accountId)
    const again = sealedVaultOnDisk(folder, passphrase('new'))
    await again.write(bundle())
    expect((await again.read(bundle().accountId))?.generation).toBe(1)
  })

  it('keeps what two storages hold apart, and nothing of the one that holds nothing any more', async () => {
    const folder = home()
    const [plain, sealed] = [sealedVaultOnDisk(folder, undefined), sealedVaultOnDisk(folder, passphrase('p'))]
    const slots = () => readFileSync(join(folder, 'vault.json'), 'utf8').match(/"type": "\w+"/g)
    await plain.write(bundle())
    await sealed.write(bundle({ generation: 2 }))
    await sealed.writeKey('backup', new Secret('k'))
    expect(slots()).toEqual(['"type": "plaintext"', '"type": "scrypt"'])
    expect((await plain.read(bundle().accountId))?.generation).toBe(1)
    expect((await sealed.read(bundle().accountId))?.generation).toBe(2)
    await plain.remove(bundle().accountId)
    expect(slots()).toEqual(['"type": "scrypt"'])
    expect((await sealed.read(bundle().accountId))?.generation).toBe(2)
    expect((await sealed.readKey('backup'))?.reveal()).toBe('k')
  })

  it('is not made by a mere proof that it could be', async () => {
    const folder = home()
    await sealedVaultOnDisk(folder, passphrase('p')).probe()
    expect(readdirSync(folder)).toEqual([])
  })

  it('does not open a box that was moved to another account', async () => {
    const folder = home()
    const vault = sealedVaultOnDisk(folder, undefined)
    await vault.write(bundle())
    const path = join(folder, 'vault.json')
    const file = JSON.parse(readFileSync(path, 'utf8')) as { items: Record<string, unknown> }
    writeFileSync(path, JSON.stringify({ ...file, items: { thief: file.items[bundle().accountId] } }))
    expect(await failure(vault.read('thief'))).toMatchObject({ code: 'secret-missing' })
  })

  it.each([
    '',
    '{',
    '[]',
    '{"version":2}',
    '{"version":1,"fileId":"x","slot":{"type":"plaintext","key":"eA=="},"items":{}}',
  ])('K6: refuses %j and overwrites nothing', async (text) => {
    const folder = home()
    writeFileSync(join(folder, 'vault.json'), text)
    expect(await failure(sealedVaultOnDisk(folder, undefined).write(bundle()))).toMatchObject({
      code: 'auth-file-invalid',
    })
    expect(readFileSync(join(folder, 'vault.json'), 'utf8')).toBe(text)
  })

  it('refuses scrypt parameters that would exhaust the machine', async () => {
    const folder = home()
    await sealedVaultOnDisk(folder, passphrase('p')).write(bundle())
    const path = join(folder, 'vault.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('131072', String(2 ** 40)))
    expect(await failure(sealedVaultOnDisk(folder, passphrase('p')).read('x'))).toMatchObject({
      code: 'auth-file-invalid',
    })
  })

  it('F21: loses nothing when twenty write at once', async () => {
    const folder = home()
    const ids = Array.from({ length: 20 }, (_, index) => `account-${index}`)
    const first = sealedVaultOnDisk(folder, undefined)
    await first.probe()
    await Promise.all(ids.map((accountId) => sealedVaultOnDisk(folder, undefined).write(bundle({ accountId }))))
    const stored = await Promise.all(ids.map((accountId) => first.read(accountId)))
    expect(stored.map((each) => each?.accountId)).toEqual(ids)
  })
})

describe('readBundle', () => {
  const stored = writeBundle(bundle()).reveal()
  it.each([
    ['cut off', stored.slice(0, 60)],
    ['with a byte-order mark', `\uFEFF${stored}`],
    ['of a later version', stored.replace('"version":1', '"version":9')],
    ['of another account', stored.replace(bundle().accountId, 'somebody-else')],
    ['empty', ''],
    ['without an access token', stored.replace('AT-1', '')],
  ])('K6, K7: refuses a stored text that is %s and shows none of it', (_case, text) => {
    const read = () => readBundle(new Secret(text), bundle().accountId)
    expect(read).toThrow(AuthError)
    expect(read).not.toThrow(/AT-1|RT-1/)
  })

  it('survives any text in a token, as one line of ASCII', () => {
    const tokens = { ...bundle().tokens, accessToken: new Secret('é☃\u2028"\\') }
    const text = writeBundle(bundle({ tokens }))
    expect(text.reveal()).toMatch(/^[\x20-\x7e]+$/)
    expect(readBundle(text, bundle().accountId).tokens.accessToken.reveal()).toBe('é☃\u2028"\\')
  })
})
