import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { walk } from '../fakes/http-browser.ts'
import { whyNoSecretService } from '../real/secret-service.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import {
  BOTH_WAYS,
  errorCode,
  expectTrouble,
  expectUnchanged,
  itemsOf,
  keychainOf,
  keyring,
  signedIn,
} from './keyring-world.ts'
import { filesIn, run, start, temporaryHome } from './program.ts'

const TOKEN = /sk-ant-o[ar]t01-\S+/

describe.skipIf(whyNoSecretService() !== undefined)('aiauth with a real keyring', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await startSandbox()
  })
  afterAll(() => sandbox.close())

  describe('that is open', () => {
    it('K11: is chosen by itself, holds one item for each account, and shows nothing secret beside it', async () => {
      const { folder, service, env, id } = await signedIn(sandbox)
      const more = await run(['login', 'claude', '--name', 'second'], { home: folder, env })
      expect(more).toMatchObject({ exitCode: 0, stdout: '' })
      const file = readFileSync(join(folder, 'auth.json'), 'utf8')
      const { storage, accounts } = JSON.parse(file) as { storage: string; accounts: { id: string; secret: object }[] }
      expect(storage).toBe('keychain')
      expect(accounts.map(({ secret }) => secret)).toEqual(
        Array(2).fill(expect.objectContaining({ store: 'keychain' })),
      )
      expect(
        itemsOf(service)
          .map(({ account }) => account)
          .sort(),
      ).toEqual(accounts.map((each) => each.id).sort())
      expect(await keychainOf(service).getPassword(id)).toMatch(TOKEN)
      for (const { account, shown } of itemsOf(service)) {
        expect(shown).toContain(`keyring:${account}@aiauth`)
        expect(shown).not.toMatch(/sk-ant|@example|claude|token|http/i)
      }
      expect(file).not.toMatch(TOKEN)
      expect(filesIn(folder)).toEqual({ 'auth.json': '600', 'config.json': '600' })
    })

    it.each(BOTH_WAYS)('gives its token out by %s, and only to stdout', async (_way, argv) => {
      const { folder, env, service, id } = await signedIn(sandbox)
      const { exitCode, stdout, stderr } = await run(argv, { home: folder, env })
      expect([exitCode, stderr]).toEqual([0, ''])
      expect(stdout).toMatch(/^sk-ant-oat01-\S+\n$/)
      expect(await keychainOf(service).getPassword(id)).toContain(stdout.trim())
    })

    it('loses the item by logout, and nothing else', async () => {
      const { folder, service, env } = await signedIn(sandbox)
      await run(['login', 'claude', '--name', 'second'], { home: folder, env })
      const logout = await run(['logout', 'claude'], { home: folder, env })
      expect([logout.exitCode, logout.stderr]).toEqual([
        0,
        'aiauth: signed out of claude, the provider has ended the grant\n',
      ])
      expect(itemsOf(service)).toHaveLength(1)
      expect((await run(['token', 'second'], { home: folder, env })).stdout).toMatch(TOKEN)
      await run(['logout', '--all'], { home: folder, env })
      expect(itemsOf(service)).toEqual([])
    })

    it('is not needed for status', async () => {
      const { folder, service, env } = await signedIn(sandbox)
      await service.crash()
      const status = await run(['status', '--json'], { home: folder, env: { ...env, DBUS_SESSION_BUS_ADDRESS: 'x' } })
      const { accounts } = JSON.parse(status.stdout) as { accounts: object[] }
      expect([status.exitCode, accounts]).toEqual([
        0,
        [expect.objectContaining({ state: 'active', storage: 'keychain' })],
      ])
    })

    it('is found again after it crashed and was started anew', async () => {
      const { folder, service, env } = await signedIn(sandbox)
      await service.crash()
      const between = await run(['token', 'claude'], { home: folder, env })
      expect([between.exitCode, between.stdout]).toEqual([7, ''])
      await service.start()
      for (const [, argv] of BOTH_WAYS) expect((await run(argv, { home: folder, env })).stdout).toMatch(TOKEN)
    })

    it('K3, L25: fails the sign-in when it is locked before the storing, and says so in the browser', async () => {
      const [folder, { service, env }] = [temporaryHome(sandbox.settings), await keyring()]
      const program = start(['login', 'claude', '--no-browser'], { home: folder, env })
      const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
      service.lock()
      expect((await walk(url)).page).toContain('<h1>Sign-in not stored</h1>')
      const { exitCode, stdout, stderr } = await program.ended
      expect([exitCode, stdout, stderr.includes('your keychain is locked')]).toEqual([7, '', true])
      expect(Object.keys(filesIn(folder))).toEqual(['config.json'])
      expect(itemsOf(service)).toEqual([])
    })
  })

  describe('whose item is not as it was left', () => {
    it.each(BOTH_WAYS)('K5: removed, by %s exits 7 and keeps the facts', async (_way, argv) => {
      const account = await signedIn(sandbox)
      await keychainOf(account.service).deletePassword(account.id)
      expectTrouble(await run(argv, { home: account.folder, env: account.env }), 'are gone from the keychain')
      expect(await errorCode(argv, account)).toBe('secret-missing')
      expect((await run(['status'], { home: account.folder, env: account.env })).exitCode).toBe(0)
      expectUnchanged(account)
    })

    it.each([
      ['cut off', (text: string) => text.slice(0, -20)],
      ['of another version', (text: string) => text.replace('"version":1', '"version":2')],
      ['of another account', (text: string) => text.replace(/"accountId":"[^"]*"/, '"accountId":"other"')],
      ['after a byte order mark', (text: string) => `\ufeff${text}`],
      ['not JSON', () => 'AT-LEAK'],
      ['empty', () => ''],
    ])('K6: %s, exits 7, shows nothing of it and leaves it as it is', async (_case, edit) => {
      const account = await signedIn(sandbox)
      const keychain = keychainOf(account.service)
      const edited = edit((await keychain.getPassword(account.id)) ?? '')
      await keychain.setPassword(account.id, edited)
      for (const [, argv] of BOTH_WAYS) {
        const ended = await run(argv, { home: account.folder, env: account.env })
        expectTrouble(ended, 'damaged')
        expect(ended.stderr).not.toMatch(/sk-ant|LEAK|version/)
      }
      expect(await keychain.getPassword(account.id)).toBe(edited)
      expectUnchanged(account)
    })
  })
})
