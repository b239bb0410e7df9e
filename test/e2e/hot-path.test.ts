import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatAuthFile, newAuthFile } from '../../src/auth-file/format.ts'
import type { Account } from '../../src/model/account.ts'
import { VERSION } from '../../src/providers/user-agent.ts'
import { Secret } from '../../src/model/secret.ts'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { account, bundle } from '../fakes/account.ts'
import { BIN, ROOT, filesIn, run, temporaryHome } from './program.ts'

const LATER = new Date(Date.now() + 7_200_000).toISOString()
const plaintext = { store: 'plaintext', generation: 1, renewable: true }
const stored = (change: Partial<Account> = {}) => account({ secret: plaintext, expiresAt: LATER, ...change })

async function homeWith(...accounts: Account[]): Promise<string> {
  const home = temporaryHome()
  const file = { ...newAuthFile('f'), storage: 'plaintext', accounts }
  writeFileSync(join(home, 'auth.json'), formatAuthFile(file), { mode: 0o600 })
  const vault = sealedVaultOnDisk(home, undefined)
  for (const { id } of accounts) {
    const tokens = { ...bundle().tokens, accessToken: new Secret(`AT-${id}`), expiresAtMs: Date.parse(LATER) }
    await vault.write(bundle({ accountId: id, tokens }))
  }
  return home
}

/** Runs the whole program on a command line that the launcher would have taken itself. */
const wholeProgram = (argv: readonly string[], home: string, env: Record<string, string> = {}, cwd?: string) => {
  const code = `require(${JSON.stringify(join(ROOT, 'dist', 'main.cjs'))}).main(${JSON.stringify(argv)})`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', code], {
    encoding: 'utf8',
    cwd,
    env: { PATH: process.env['PATH'], HOME: home, AIAUTH_HOME: home, ...env },
  })
  return { exitCode: status, stdout, stderr }
}

describe('the short way', () => {
  const FORCED = { FORCE_COLOR: '1' }
  let home = ''
  const accounts = [
    stored(),
    stored({
      id: 'b',
      name: 'late',
      provider: 'openai',
      mode: 'codex',
      expiresAt: '2026-01-01T00:00:00Z',
      email: null,
    }),
    stored({ id: 'c', name: 'gone', state: 'needs-login', stateReason: 'revoked', expiresAt: null }),
  ]

  it.each([
    [['--version'], {}],
    [['-V'], {}],
    [['status'], {}],
    [['status'], FORCED],
    [['status', 'late', 'gone'], {}],
    [['status', 'nope'], {}],
    [['status', 'nope', '--json'], {}],
    [['token', 'work'], {}],
    [['token'], {}],
    [['token', 'claude'], {}],
    [['token', 'nope'], {}],
    [['token', 'nope', '--json'], {}],
    [['token'], { AIAUTH_ACCOUNT: 'work' }],
    [['token', 'work', '--json'], {}],
    [['status'], { ANTHROPIC_API_KEY: 'sk-x', OPENAI_API_KEY: 'sk-y' }],
    [['status'], { AIAUTH_ACCOUNT: 'nope' }],
  ] as [string[], Record<string, string>][])(
    '%j %j gives the same bytes and exit code as the whole program',
    async (argv, env) => {
      home = await homeWith(...accounts)
      const { exitCode, stdout, stderr } = await run(argv, { home, env: { AIAUTH_STORAGE: undefined, ...env } })
      expect({ exitCode, stdout, stderr }).toEqual(wholeProgram(argv, home, env))
      expect(stdout + stderr).not.toBe('')
    },
  )

  it.each([
    ['a name', 'gone\n'],
    ['a provider', '# of the team\nclaude'],
    ['a name of nobody', 'theirs'],
    ['nonsense', 'two words'],
  ])('gives the same bytes and exit code below a .aiauth file with %s', async (_case, text) => {
    home = await homeWith(...accounts)
    const folder = join(home, 'project', 'src')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(home, 'project', '.aiauth'), text)
    for (const argv of [['status'], ['token'], ['token', 'work'], ['token', '--json']]) {
      const env = { AIAUTH_STORAGE: undefined }
      const { exitCode, stdout, stderr } = await run(argv, { home, env, cwd: folder })
      expect({ exitCode, stdout, stderr }).toEqual(wholeProgram(argv, home, {}, folder))
      expect(stdout + stderr).not.toBe('')
    }
  })

  it.each([
    ['that switches a provider off', '{"providers":{"claude":{"enabled":false}}}'],
    ['that switches all off', '{"providers":{"claude":{"enabled":false},"openai":{"enabled":false}}}'],
    ['that switches a mode on', '{"providers":{"claude":{"enabled":false,"modes":{"max":{"enabled":true}}}}}'],
    ['of an odd shape', '{"providers":[{"claude":5}]}'],
    ['with a byte-order mark', '\uFEFF{"providers":{"claude":{"enabled":false}}}'],
    ['that is damaged', '{"providers": "rt-LEAK'],
    ['that is empty', ''],
    ['that is a list', '[]'],
    ['that is null', 'null'],
    ['that is no text', Buffer.from([0xff, 0xfe, 0])],
  ])(
    'gives the same bytes and exit code with a config.json %s',
    async (_case, text) => {
      home = await homeWith(...accounts, { ...stored({ id: 'd', name: 'idle' }), enabled: false })
      writeFileSync(join(home, 'config.json'), text, { mode: 0o600 })
      const lines = [
        ['status'],
        ['status', '--json'],
        ['token'],
        ['token', 'work'],
        ['token', 'claude'],
        ['token', 'idle'],
      ]
      // Two runs may stand on both sides of a second's end.
      const timeless = (text: string) => text.replace(/"expiresInSeconds": -?\d+/g, '')
      for (const argv of lines) {
        const { exitCode, stdout, stderr } = await run(argv, { home, env: { AIAUTH_STORAGE: undefined } })
        const whole = wholeProgram(argv, home)
        expect({ exitCode, stdout: timeless(stdout), stderr }).toEqual({ ...whole, stdout: timeless(whole.stdout) })
        expect(stdout + stderr).not.toContain('LEAK')
        if (argv[0] === 'status') expect(exitCode).toBe(0)
      }
    },
    20_000,
  )

  it.each([
    ['damaged', '{"version": 2, "rt-LEAK'],
    ['empty', ''],
    ['of a later version', '{"version": 99}'],
  ])('F1, F2, F8: exits 8 the same way for a file that is %s, and leaves it alone', async (_case, text) => {
    home = temporaryHome()
    writeFileSync(join(home, 'auth.json'), text, { mode: 0o600 })
    for (const argv of [['status'], ['token'], ['status', '--json']]) {
      const { exitCode, stdout, stderr } = await run(argv, { home, env: { AIAUTH_STORAGE: undefined } })
      expect({ exitCode, stdout, stderr }).toEqual(wholeProgram(argv, home))
      expect(exitCode).toBe(8)
      expect(stdout + stderr).not.toContain('LEAK')
    }
    expect(readFileSync(join(home, 'auth.json'), 'utf8')).toBe(text)
    expect(filesIn(home)).toEqual({ 'auth.json': '600' })
  })

  it('reads at most two files of the package, none of Node’s network', async () => {
    home = await homeWith(...accounts)
    for (const argv of [['--version'], ['status'], ['status', '--json']]) {
      const code = `process.on('exit', () => process._rawDebug(JSON.stringify([Object.keys(require.cache), process.moduleLoadList])))
        process.argv.splice(1, 1, ${[BIN, ...argv].map((word) => JSON.stringify(word)).join(', ')}); require(${JSON.stringify(BIN)})`
      const { stderr } = spawnSync(process.execPath, ['-e', code], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], HOME: home, AIAUTH_HOME: home },
      })
      const [files, modules] = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as [string[], string[]]
      expect(files.filter((file) => file.startsWith(ROOT)).length).toBeLessThanOrEqual(2)
      expect(
        modules.filter((name) => /NativeModule (undici|http|https|tls|net|child_process|crypto)$/.test(name)),
      ).toEqual([])
    }
  })

  it('is small', () => expect(statSync(join(ROOT, 'dist', 'aiauth.cjs')).size).toBeLessThan(26_000))
})

describe('bin/aiauth.js', () => {
  it('makes a clone ready before its first command, with nothing on stdout but the answer', () => {
    const clone = temporaryHome()
    for (const folder of ['bin', 'dist', 'test']) mkdirSync(join(clone, folder))
    for (const file of ['bin/aiauth.js', 'bin/package.json']) cpSync(join(ROOT, file), join(clone, file))
    // Stands for the real one, which installs and builds; the demo of a fresh clone runs that.
    const ready = `require('node:fs').cpSync(${JSON.stringify(join(ROOT, 'dist', 'aiauth.cjs'))}, '${clone}/dist/aiauth.cjs'); console.log('built')`
    writeFileSync(join(clone, 'test', 'ready.js'), ready)
    const { stdout, stderr } = spawnSync(process.execPath, [join(clone, 'bin', 'aiauth.js'), '--version'], {
      encoding: 'utf8',
    })
    expect([stdout, stderr]).toEqual([`${VERSION}\n`, 'built\n'])
  })
})

describe('aiauth token', () => {
  it('X12: ends quietly when nobody reads', async () => {
    const home = await homeWith(stored())
    const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${BIN}" token | head -c1 >/dev/null`], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: home, AIAUTH_HOME: home },
    })
    expect([status, stderr]).toEqual([0, ''])
  })

  it('X4: prints a token of 10 kB whole into a pipe', async () => {
    const home = await homeWith(stored())
    const tokens = { ...bundle().tokens, accessToken: new Secret('a'.repeat(10_000)), expiresAtMs: undefined }
    await sealedVaultOnDisk(home, undefined).write(bundle({ tokens }))
    expect((await run(['token'], { home })).stdout).toBe(`${'a'.repeat(10_000)}\n`)
  })

  it.each(['http', 'fetch', 'http,https,net,tls,fetch,child_process'])(
    'X6: keeps its secret with NODE_DEBUG=%s',
    async (topics) => {
      const home = await homeWith(stored())
      const { stderr } = await run(['token'], { home, env: { NODE_DEBUG: topics, DEBUG: '*' } })
      expect(stderr).not.toContain('AT-')
    },
  )
})
