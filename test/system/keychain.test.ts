import { randomBytes } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Keychain } from '../../src/system/keychain.ts'
import { keychainVault } from '../../src/system/keychain-vault.ts'
import { vaultContract } from '../contracts/vault.ts'
import { bundled } from '../real/bundled.ts'
import { keychainOn } from '../real/child-keychain.ts'
import { allGone, processesOf, procFile } from '../real/processes.ts'
import { startSecretService, whyNoSecretService, type SecretService } from '../real/secret-service.ts'

const LARGE = randomBytes(48 * 1024).toString('base64')
const NAMES = [
  'a',
  'A',
  'a/b',
  'a:b',
  'a b',
  'ada@example.com',
  '\u00e9',
  'e\u0301',
  '\u0430',
  '*',
  '日本',
  'x'.repeat(300),
]

describe.skipIf(whyNoSecretService() !== undefined)('openKeychain', () => {
  let childPath: string
  let service: SecretService
  let keychain: Keychain

  beforeAll(async () => {
    childPath = await bundled('src/system/keychain-child.ts')
    service = await startSecretService()
    keychain = keychainOn(service.env, { childPath })
  })
  afterEach(() => vi.unstubAllEnvs())
  afterAll(async () => {
    keychain.close()
    await allGone(childPath)
    await service.stop()
  })
  const open = () => keychainOn(service.env, { childPath })
  const childOf = async (opened: Keychain) => {
    const before = processesOf(childPath)
    await opened.getPassword('nobody')
    return processesOf(childPath).find((id) => !before.includes(id)) ?? 0
  }

  it.each([
    ['an empty text', ''],
    ['one of many scripts', 'gr\u00fc\u00df \u65e5\u672c \ud83d\udd11 "\\\n\u0000\u2028'],
    ['K8: one of 64 KB', LARGE],
  ])('gives back what it was given: %s', async (_, value) => {
    await keychain.setPassword('account', value)
    expect(await keychain.getPassword('account')).toBe(value)
  })

  it('replaces a value, and K5: gives nothing for one that was removed', async () => {
    await keychain.setPassword('account', 'old')
    await keychain.setPassword('account', 'new')
    expect(await keychain.getPassword('account')).toBe('new')
    await keychain.deletePassword('account')
    expect(await keychain.getPassword('account')).toBeUndefined()
    await expect(keychain.deletePassword('account')).resolves.toBeUndefined()
  })

  it('K9: keeps accounts apart whose names look alike', async () => {
    for (const name of NAMES) await keychain.setPassword(name, `value of ${name}`)
    for (const name of NAMES) expect(await keychain.getPassword(name)).toBe(`value of ${name}`)
  })

  it('answers each of many calls at once with its own value', async () => {
    await Promise.all(NAMES.map((name) => keychain.setPassword(name, name)))
    expect(await Promise.all(NAMES.map((name) => keychain.getPassword(name)))).toEqual(NAMES)
  })

  it('K7: ten processes at once leave one whole value of the ten', async () => {
    const values = Array.from({ length: 10 }, (_, index) => `${index}${LARGE}`)
    const all = values.map((value) => ({ value, keychain: open() }))
    await Promise.all(all.map((each) => each.keychain.setPassword('shared', each.value)))
    const found = await Promise.all(all.map((each) => each.keychain.getPassword('shared')))
    expect(values).toContain(found[0])
    expect(new Set(found).size).toBe(1)
    for (const each of all) each.keychain.close()
  })

  it('K7: a child that is killed while it writes leaves the old value or the new one', async () => {
    const values = ['old', LARGE]
    for (const delayMs of [0, 2, 4, 8]) {
      await keychain.setPassword('torn', 'old')
      const opened = open()
      const child = await childOf(opened)
      const written = opened.setPassword('torn', LARGE).catch(() => undefined)
      await sleep(delayMs)
      process.kill(child, 'SIGKILL')
      await written
      expect(values).toContain(await keychain.getPassword('torn'))
    }
  })

  it('fails the call of a child that was killed, and starts another for the next', async () => {
    const opened = open()
    const child = await childOf(opened)
    process.kill(child, 'SIGSTOP')
    const asked = opened.getPassword('account')
    process.kill(child, 'SIGKILL')
    await expect(asked).rejects.toMatchObject({
      code: 'storage-unavailable',
      message: 'the keychain program ended by itself (SIGKILL)',
    })
    await expect(opened.getPassword('nobody')).resolves.toBeUndefined()
    opened.close()
  })

  it('shows nothing secret in the arguments and the environment of its child', async () => {
    vi.stubEnv('AIAUTH_PASSPHRASE', 'LEAK-1')
    vi.stubEnv('AIAUTH_PASSPHRASE_FILE', '/LEAK-2')
    const opened = open()
    const child = await childOf(opened)
    await opened.setPassword('account', 'LEAK-3')
    expect(procFile(child, 'cmdline')).toBe(`${process.execPath}\0${childPath}\0`)
    expect(procFile(child, 'environ')).toContain('DBUS_SESSION_BUS_ADDRESS')
    expect(procFile(child, 'environ')).not.toMatch(/LEAK|AIAUTH_PASSPHRASE/)
    opened.close()
  })

  it('gives its child a process group of its own, out of reach of Ctrl-C', async () => {
    const opened = open()
    const child = await childOf(opened)
    const [, , group] = procFile(child, 'stat')
      .slice(procFile(child, 'stat').lastIndexOf(')') + 2)
      .split(' ')
    expect(Number(group)).toBe(child)
    opened.close()
  })

  it('keeps no program alive that has nothing else to do, and leaves no child behind', async () => {
    await keychain.setPassword('account', 'kept')
    const program = await bundled('test/real/reads-once.ts')
    const { stdout, status } = spawnSync(process.execPath, [program, childPath], { env: service.env, encoding: 'utf8' })
    expect({ stdout, status }).toEqual({ stdout: 'kept\n', status: 0 })
  })

  vaultContract('Secret Service', () => keychainVault(keychain))
})
