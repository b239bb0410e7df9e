import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Keychain, KeychainOptions } from '../../src/system/keychain.ts'
import { bundled } from '../real/bundled.ts'
import { keychainOn } from '../real/child-keychain.ts'
import { busThatBreaks } from '../real/bus-that-breaks.ts'
import { allGone, processesOf } from '../real/processes.ts'
import { startSecretService, whyNoSecretService, type SecretService } from '../real/secret-service.ts'

describe.skipIf(whyNoSecretService() !== undefined)('openKeychain, where there is trouble', () => {
  let childPath: string
  const services: SecretService[] = []
  const keychains: Keychain[] = []
  beforeAll(async () => {
    childPath = await bundled('src/system/keychain-child.ts')
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    for (const keychain of keychains.splice(0)) keychain.close()
    for (const service of services.splice(0)) await service.stop()
    await allGone(childPath)
  })

  async function start(options?: Parameters<typeof startSecretService>[0]): Promise<SecretService> {
    const service = await startSecretService(options)
    services.push(service)
    return service
  }

  function open(env: NodeJS.ProcessEnv, options: Partial<KeychainOptions> = {}): Keychain {
    const keychain = keychainOn(env, { childPath, ...options })
    keychains.push(keychain)
    return keychain
  }

  it('K1: names a missing package, and what else can be chosen', async () => {
    const lonely = await bundled('src/system/keychain-child.ts', { packages: false })
    const keychain = open({}, { childPath: lonely })
    await expect(keychain.getPassword('account')).rejects.toMatchObject({
      code: 'storage-unavailable',
      message: 'the keychain package is missing or made for another system',
      hint: 'npm install --global aiauth, with optional dependencies',
    })
  })

  it('K1: names a missing native binary', async () => {
    const lonely = await bundled('src/system/keychain-child.ts', { packages: false })
    const packages = join(dirname(lonely), 'node_modules', '@napi-rs')
    cpSync('node_modules/@napi-rs/keyring', join(packages, 'keyring'), { recursive: true })
    const keychain = open({}, { childPath: lonely })
    await expect(keychain.getPassword('account')).rejects.toMatchObject({
      code: 'storage-unavailable',
      message: 'the keychain package is missing or made for another system',
    })
  })

  it('K1: says so when the child program itself is missing', async () => {
    const keychain = open({}, { childPath: join(dirname(childPath), 'absent.cjs') })
    await expect(keychain.getPassword('account')).rejects.toMatchObject({
      code: 'storage-unavailable',
      message: 'the keychain program ended by itself (exit code 1)',
    })
  })

  it.each([
    ['no bus', { DBUS_SESSION_BUS_ADDRESS: undefined }, 'no keychain here (no D-Bus session)'],
    [
      'a bus that is not there',
      { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' },
      'no keychain here (no D-Bus session)',
    ],
    ['an address that is none', { DBUS_SESSION_BUS_ADDRESS: 'nonsense' }, 'no keychain here (no D-Bus session)'],
  ])('K2: never says "nothing there" with %s', async (_, env, message) => {
    const keychain = open({ ...env, XDG_RUNTIME_DIR: '/nonexistent', HOME: '/nonexistent' })
    const expected = { code: 'storage-unavailable', message }
    await expect(keychain.getPassword('account')).rejects.toMatchObject(expected)
    await expect(keychain.setPassword('account', 'value')).rejects.toMatchObject(expected)
    await expect(keychain.deletePassword('account')).rejects.toMatchObject(expected)
  })

  it('K2: never says "nothing there" with a bus without a keychain service', async () => {
    const { env } = await start({ daemon: false })
    const keychain = open(env)
    await expect(keychain.getPassword('account')).rejects.toMatchObject({
      code: 'storage-unavailable',
      message: 'no keychain service runs here (D-Bus knows no org.freedesktop.secrets)',
    })
  })

  it('K2: never says "nothing there" with a service that has no collection', async () => {
    const { env, start: startDaemon } = await start({ daemon: false })
    await startDaemon('empty')
    const keychain = open(env)
    const expected = { code: 'storage-unavailable', message: 'your keychain has no default collection' }
    await expect(keychain.getPassword('account')).rejects.toMatchObject(expected)
    await expect(keychain.setPassword('account', 'value')).rejects.toMatchObject(expected)
  })

  it('K3: tells a locked keychain from an empty one, and over SSH how to unlock it', async () => {
    const { env, lock } = await start()
    const keychain = open(env)
    await keychain.setPassword('account', 'value')
    lock()
    const locked = {
      code: 'storage-locked',
      message: 'your keychain is locked (gnome-keyring-daemon, collection login)',
    }
    await expect(keychain.getPassword('account')).rejects.toMatchObject(locked)
    await expect(keychain.setPassword('account', 'other')).rejects.toMatchObject(locked)
    await expect(keychain.deletePassword('account')).rejects.toMatchObject(locked)
    const remote = open({ ...env, SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' })
    await expect(remote.getPassword('account')).rejects.toMatchObject({
      hint: expect.stringMatching(/gnome-keyring-daemon --replace --unlock$/) as string,
    })
  })

  it('K4: says that a frozen keychain does not answer, and works again when it does', async () => {
    const { env, freeze, thaw } = await start()
    const keychain = open(env)
    await keychain.setPassword('account', 'value')
    freeze()
    await expect(keychain.getPassword('account')).rejects.toMatchObject({ code: 'storage-timed-out' })
    thaw()
    expect(await keychain.getPassword('account')).toBe('value')
  })

  it('finds a keychain again that crashed and was restarted, with what it had kept', async () => {
    const { env, crash, start: restart } = await start()
    const keychain = open(env)
    await keychain.setPassword('account', 'value')
    await crash()
    await expect(keychain.getPassword('account')).rejects.toMatchObject({ code: 'storage-unavailable' })
    await restart()
    expect(await keychain.getPassword('account')).toBe('value')
  })

  describe('whose connection breaks in the middle', () => {
    const kept = async () => {
      const { env } = await start()
      const keychain = open(env)
      await keychain.setPassword('account', 'value')
      return env
    }

    it('is asked once more for what is only read', async () => {
      const { address, connections } = await busThatBreaks(await kept(), { first: 1, at: 'GetSecret' })
      expect(await open({ DBUS_SESSION_BUS_ADDRESS: address }).getPassword('account')).toBe('value')
      expect(connections()).toBe(2)
    })

    it('is not asked a third time', async () => {
      const { address, connections } = await busThatBreaks(await kept(), { first: 9, at: 'GetSecret' })
      const broken = { code: 'storage-unavailable', message: 'the connection to your keychain broke' }
      await expect(open({ DBUS_SESSION_BUS_ADDRESS: address }).getPassword('account')).rejects.toMatchObject(broken)
      expect(connections()).toBe(2)
    })

    it('is never told twice what is written or removed', async () => {
      const { address, connections } = await busThatBreaks(await kept(), { first: 9, at: 'SearchItems' })
      const keychain = open({ DBUS_SESSION_BUS_ADDRESS: address })
      const broken = { code: 'storage-unavailable', message: 'the connection to your keychain broke' }
      await expect(keychain.setPassword('account', 'other')).rejects.toMatchObject(broken)
      await expect(keychain.deletePassword('account')).rejects.toMatchObject(broken)
      expect(connections()).toBe(2)
    })
  })

  describe('while its dialog is open', () => {
    const locked = async () => {
      const { env, lock } = await start({ dialogs: 'open' })
      const keychain = open(env)
      await keychain.setPassword('account', 'value')
      keychain.close()
      await allGone(childPath)
      lock()
      return env
    }

    it('K4: ends at the limit, every call of it, and kills the child', async () => {
      const keychain = open(await locked(), { limitMs: 400 })
      const calls = [keychain.getPassword('account'), keychain.setPassword('account', 'other')]
      for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
        expect(status).toBe('rejected')
        expect(reason).toMatchObject({
          code: 'storage-timed-out',
          message: 'your keychain did not answer within 0.4 s',
        })
      }
      await allGone(childPath)
    })

    it('K4: ends when interrupted, kills the child and starts no other', async () => {
      const interruption = new AbortController()
      const keychain = open(await locked(), { signal: interruption.signal, interactive: true })
      const asked = keychain.getPassword('account')
      setTimeout(() => interruption.abort(), 300)
      await expect(asked).rejects.toMatchObject({ code: 'cancelled' })
      await expect(keychain.getPassword('account')).rejects.toMatchObject({ code: 'cancelled' })
      await allGone(childPath)
    })

    it.each([
      ['once to a person', true, 1],
      ['to nobody else', false, 0],
    ])('says that it waits: %s', async (_, interactive, times) => {
      let said = 0
      const keychain = open(await locked(), { interactive, onSlow: () => said++, limitMs: 2000 })
      await expect(keychain.getPassword('account')).rejects.toMatchObject({ code: 'storage-timed-out' })
      expect(said).toBe(times)
    })

    it('leaves no child behind when the program is killed', async () => {
      const env = await locked()
      const program = await bundled('test/real/reads-once.ts')
      const running = spawn(process.execPath, [program, childPath], { env, stdio: 'ignore' })
      while (processesOf(childPath).length === 0) await sleep(10)
      await sleep(200)
      running.kill('SIGKILL')
      await once(running, 'exit')
      await allGone(childPath)
    })
  })
})
