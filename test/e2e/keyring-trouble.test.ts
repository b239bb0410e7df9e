import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { walk } from '../fakes/http-browser.ts'
import { whyNoSecretService } from '../real/secret-service.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import {
  BOTH_WAYS,
  BROWSER,
  dialogOpen,
  errorCode,
  expectTrouble,
  expectUnchanged,
  itemsOf,
  keyring,
  nobodyLeft,
  signedIn,
  type Environment,
} from './keyring-world.ts'
import { filesIn, ROOT, run, start, temporaryHome, type Ended } from './program.ts'

const ABSENCES = [
  ['no bus', 'no keychain here'],
  ['a bogus bus', 'no keychain here'],
  ['no service', 'no keychain service runs here'],
  ['no collection', 'your keychain has no default collection'],
] as const
const CHOICES = [
  'aiauth: hint: or AIAUTH_STORAGE=passphrase with AIAUTH_PASSPHRASE_FILE=<file that holds it>, or AIAUTH_STORAGE=helper:<program>',
  'aiauth: hint: or AIAUTH_STORAGE=plaintext: anyone who can read your files can read the tokens then',
]
const NOTHING = { AIAUTH_STORAGE: undefined, BROWSER }
const CANCELLED = 'aiauth: error: cancelled\n'
const ALL_WAYS = [...BOTH_WAYS, ['login', ['login', 'claude', '--name', 'second']]] as const

describe.skipIf(whyNoSecretService() !== undefined)('aiauth with a keyring', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await startSandbox()
  })
  afterAll(() => sandbox.close())

  describe('that is not there', () => {
    const absent = async (how: string): Promise<Environment> => {
      if (how === 'no bus') return { ...NOTHING, DBUS_SESSION_BUS_ADDRESS: undefined }
      if (how === 'a bogus bus') return { ...NOTHING, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' }
      const { service, env } = await keyring({ daemon: false })
      if (how === 'no collection') await service.start('empty')
      return env
    }

    it.each(ABSENCES)(
      'K2: with %s login exits 7 with the choices before any address is shown, and writes nothing',
      async (how, words) => {
        const folder = temporaryHome(sandbox.settings)
        const ended = await run(['login', 'claude'], { home: folder, env: await absent(how) })
        expectTrouble(ended, words)
        expect(ended.stderr.split('\n').slice(2)).toEqual([...CHOICES, ''])
        expect(Object.keys(filesIn(folder))).toEqual(['config.json'])
      },
    )

    it.each(ABSENCES)('K2: with %s token exits 7 and keeps the facts', async (how, words) => {
      const account = await signedIn(sandbox)
      const env = await absent(how)
      for (const [, argv] of BOTH_WAYS) expectTrouble(await run(argv, { home: account.folder, env }), words)
      expectUnchanged(account)
    })

    it('K2: with a passphrase at hand, of systemd too, login takes it for the choice', async () => {
      const folder = temporaryHome(sandbox.settings)
      const credentials = temporaryHome()
      writeFileSync(join(credentials, 'aiauth-passphrase'), 'correct horse\n', { mode: 0o400 })
      const env = { ...(await absent('no service')), CREDENTIALS_DIRECTORY: credentials }
      expect(await run(['login', 'claude'], { home: folder, env })).toMatchObject({ exitCode: 0 })
      expect(JSON.parse(readFileSync(join(folder, 'auth.json'), 'utf8'))).toMatchObject({ storage: 'passphrase' })
      expect((await run(['token'], { home: folder, env })).stdout).toMatch(/^sk-ant-oat01-/)
      expect((await run(['token'], { home: folder, env: NOTHING })).exitCode).toBe(7)
    })

    it('K2: with --json the error is one object on stdout', async () => {
      const { exitCode, stdout, stderr } = await run(['login', 'claude', '--json'], {
        home: temporaryHome(sandbox.settings),
        env: await absent('no bus'),
      })
      expect([exitCode, stderr]).toEqual([7, ''])
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'storage-unavailable' } })
    })

    it('K1: without the native package keychain calls exit 7, and --storage plaintext works', async () => {
      const account = await signedIn(sandbox)
      const bin = programWithoutKeyring()
      const runIt = (argv: readonly string[], folder: string, env = account.env) => runOther(bin, argv, folder, env)
      for (const [, argv] of BOTH_WAYS) expectTrouble(await runIt(argv, account.folder), 'keychain package is missing')
      expectUnchanged(account)
      const other = temporaryHome(sandbox.settings)
      expectTrouble(await runIt(['login', 'claude'], other), 'keychain package is missing')
      expect(Object.keys(filesIn(other))).toEqual(['config.json'])
      expect((await runIt(['login', 'claude', '--storage', 'plaintext'], other)).exitCode).toBe(0)
      expect((await runIt(['token'], other)).stdout).toMatch(/^sk-ant-oat01-/)
    })
  })

  describe('that is locked', () => {
    it.each([...BOTH_WAYS, ['logout', ['logout', 'claude']]] as const)(
      'K3: by %s exits 7, says locked and keeps the facts',
      async (_way, argv) => {
        const account = await signedIn(sandbox)
        account.service.lock()
        const ended = await run(argv, { home: account.folder, env: account.env })
        expectTrouble(ended, 'your keychain is locked')
        expect(ended.stderr).not.toMatch(/sign|gone/)
        expect(await errorCode(argv, account)).toBe('storage-locked')
        expectUnchanged(account)
      },
    )

    it('K3: ends a login before any address is shown, with what to unlock and what else to type', async () => {
      const [folder, { service, env }] = [temporaryHome(sandbox.settings), await keyring()]
      service.lock()
      // A passphrase that is at hand is a choice for where there is no keychain, and not for one that is closed.
      for (const more of [{}, { AIAUTH_PASSPHRASE: 'at hand' }]) {
        expect(await run(['login', 'claude'], { home: folder, env: { ...env, ...more } })).toMatchObject({
          exitCode: 7,
          stderr:
            'aiauth: error: your keychain is locked (gnome-keyring-daemon, collection login)\n' +
            'aiauth: hint: unlock it, then try again; or choose another storage: aiauth login claude --storage passphrase\n',
        })
      }
      const remote = { ...env, SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' }
      expectTrouble(
        await run(['login', 'claude'], { home: folder, env: remote }),
        'gnome-keyring-daemon --replace --unlock; or choose another storage: aiauth login claude --storage passphrase',
      )
      expect(Object.keys(filesIn(folder))).toEqual(['config.json'])
    })
  })

  describe('that does not answer', () => {
    it.each(ALL_WAYS)('K4: frozen, by %s exits 7, and no process stays', async (_way, argv) => {
      const account = await signedIn(sandbox)
      account.service.freeze()
      expectTrouble(await run(argv, { home: account.folder, env: account.env }), 'your keychain does not answer')
      expect(await errorCode(argv, account)).toBe('storage-timed-out')
      await nobodyLeft(account.folder)
      expectUnchanged(account)
    })

    it.each(ALL_WAYS)(
      'K4: waiting for a dialog that nobody answers, by %s exits 7, and no process stays',
      async (_way, argv) => {
        const account = await signedIn(sandbox, { dialogs: 'open' })
        account.service.lock()
        expectTrouble(await run(argv, { home: account.folder, env: account.env }), 'did not answer within 5 s')
        await nobodyLeft(account.folder)
        expectUnchanged(account)
      },
    )

    it.each(ALL_WAYS)(
      'K4: Ctrl-C while the dialog is open ends %s with 130, and no process stays',
      async (_way, argv) => {
        const account = await signedIn(sandbox, { dialogs: 'open' })
        account.service.lock()
        const program = start(argv, { home: account.folder, env: account.env })
        await dialogOpen(account.service)
        program.process.kill('SIGINT')
        expect(await program.ended).toEqual({ exitCode: 130, signal: null, stdout: '', stderr: CANCELLED })
        await nobodyLeft(account.folder)
        expectUnchanged(account)
      },
    )

    it('K4, L25: Ctrl-C while the dialog for storing is open keeps nothing, and says so in the browser', async () => {
      const folder = temporaryHome(sandbox.settings)
      const { service, env } = await keyring({ dialogs: 'open' })
      const program = start(['login', 'claude', '--no-browser'], { home: folder, env })
      const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
      service.lock()
      const arrived = walk(url)
      await dialogOpen(service)
      program.process.kill('SIGINT')
      expect((await arrived).page).toContain('<h1>Sign-in cancelled</h1>')
      expect((await program.ended).exitCode).toBe(130)
      await nobodyLeft(folder)
      expect(Object.keys(filesIn(folder))).toEqual(['config.json'])
      expect(itemsOf(service)).toEqual([])
    })
  })
})

/** The built program, with every package but the keyring's. */
function programWithoutKeyring(): string {
  const folder = mkdtempSync(join(tmpdir(), 'aiauth-e2e-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const part of ['bin', 'dist']) cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(ROOT, 'node_modules')).filter((each) => !/^\.|^@napi-rs$/.test(each))) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  }
  return join(folder, 'bin', 'aiauth.js')
}

function runOther(bin: string, argv: readonly string[], home: string, env: Environment) {
  return new Promise<Pick<Ended, 'exitCode' | 'stdout' | 'stderr'>>((resolve) => {
    const variables = { PATH: process.env['PATH'], HOME: home, AIAUTH_HOME: home, ...env }
    const child = execFile(process.execPath, [bin, ...argv], { env: variables }, (_error, stdout, stderr) =>
      resolve({ exitCode: child.exitCode, stdout, stderr }),
    )
  })
}
