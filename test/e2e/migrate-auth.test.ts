import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accessToken, claudeFile, codexFile, idToken } from '../fakes/linked.ts'
import { put, traces } from '../fakes/on-disk.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'
import { BIN, filesIn, run, start, temporaryHome } from './program.ts'

const SECRETS = {
  access: accessToken(1, 10_000_000),
  refresh: 'rt-0123456789',
  id: idToken(),
  key: 'sk-0123456789abcdef',
}
const LEGACY = codexFile(SECRETS).replace('"OPENAI_API_KEY": null', `"OPENAI_API_KEY": "${SECRETS.key}"`)
const parsed = (stdout: string) => JSON.parse(stdout) as Record<string, unknown>
const foldersOf = (home: string) => ({ home, codexHome: join(home, '.codex') })

function legacyHome(config?: object): string {
  const home = temporaryHome(config)
  put(join(home, 'auth.json'), LEGACY)
  return home
}

describe('a home with an unversioned auth.json', () => {
  const COMMANDS = [
    ['status'],
    ['status', '--check'],
    ['token'],
    ['token', 'openai', '--min-validity', '600'],
    ['login', 'openai', '--no-browser', '--accept-terms'],
    ['reauthenticate', 'openai', '--no-browser'],
    ['refresh'],
    ['refresh', '--all'],
    ['logout', 'openai'],
    ['logout', '--all', '--local-only'],
    ['exec', 'openai', '--', 'true'],
    ['env', 'openai'],
    ['why', 'openai'],
    ['set', 'openai', 'enabled=true'],
  ]
  it.each(COMMANDS.map((argv) => [argv.join(' '), argv] as const))(
    'M11: aiauth %s upgrades nothing by itself and says what to type',
    async (_words, argv) => {
      const home = legacyHome()
      const before = traces(foldersOf(home))
      const ended = await run(argv, { home, input: 'sk-another' })
      expect(ended).toEqual({
        exitCode: 8,
        signal: null,
        stdout: '',
        stderr:
          'aiauth: error: auth.json is a file of the old, unversioned format; it was left as it is\naiauth: hint: aiauth migrate-auth\n',
      })
      expect(traces(foldersOf(home))).toEqual(before)
      const json = await run([...argv.slice(0, 1), '--json', ...argv.slice(1)], { home, input: 'sk-another' })
      if (argv[0] === 'exec') return
      expect(json).toMatchObject({ exitCode: 8, stderr: '' })
      expect(parsed(json.stdout)).toMatchObject({ error: { code: 'auth-file-invalid', hint: 'aiauth migrate-auth' } })
    },
  )

  it('providers is not concerned with it', async () => {
    const home = legacyHome()
    const before = traces(foldersOf(home))
    expect(await run(['providers', '--json'], { home })).toMatchObject({ exitCode: 0, stderr: '' })
    expect(traces(foldersOf(home))).toEqual(before)
  })
})

describe('aiauth migrate-auth as a program', () => {
  it('X4, X7, X6: prints results on stdout, words on stderr, and a secret nowhere', async () => {
    const home = legacyHome()
    const env = { DEBUG: 'oauth:*', NO_COLOR: '1' }
    const said: string[] = []
    const call = async (...argv: string[]) => {
      const ended = await run(['migrate-auth', '--debug', ...argv], { home, env })
      said.push(ended.stdout, ended.stderr)
      expect(ended.stdout + ended.stderr).not.toContain('\u001B')
      return ended
    }
    expect((await call('--check')).stdout).toMatch(/^ok {7}source/)
    expect(parsed((await call('--check', '--json')).stdout)).toMatchObject({
      check: { ready: true, source: join(home, 'auth.json') },
    })
    expect((await call('--dry-run')).stdout).toMatch(/^from {6}/)
    const { plan } = parsed((await call('--dry-run', '--json')).stdout) as { plan: Record<string, unknown> }
    expect(plan).toMatchObject({ from: join(home, 'auth.json'), to: join(home, 'auth.json') })
    expect([plan['backupRequired'], plan['rollbackSupported']]).toEqual([true, true])
    const steps = ['back-up', 'import-secrets', 'build', 'validate', 'swap', 'verify', 'tidy-up']
    const text = expect.any(String) as string
    expect(plan['steps']).toEqual(steps.map((step) => ({ step, description: text, undo: text })))
    expect(parsed((await call('--rehearse', '--json')).stdout)).toMatchObject({ rehearsal: { outcome: 'same' } })

    const migrated = await call('--json')
    const report = parsed(migrated.stdout)
    expect(Object.keys(report)).toEqual(['outcome', 'source', 'backup', 'steps', 'accounts', 'notCarried', 'notes'])
    expect(report['backup']).toEqual({
      id: expect.stringMatching(/^auth_backup_\d{8}_\d{6}$/) as string,
      path: expect.stringMatching(/backup\/auth_backup_\d{8}_\d{6}\.json$/) as string,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    })
    for (const [index, step] of (report['steps'] as Record<string, unknown>[]).entries()) {
      expect(step).toMatchObject({ step: steps[index], description: text, outcome: 'done' })
      expect(step['durationMs']).toBeGreaterThanOrEqual(0)
    }
    expect(report['accounts']).toEqual(['openai', 'openai-api-key'])
    expect(readFileSync(join(home, 'migration-report.json'), 'utf8')).toBe(migrated.stdout)
    const listed = parsed((await call('--list-backups', '--json')).stdout)
    expect(listed['backups']).toEqual([
      expect.objectContaining({
        id: (report['backup'] as { id: string }).id,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        bytes: LEGACY.length,
        checksum: 'ok',
        accounts: ['openai', 'openai-api-key'],
      }),
    ])
    expect((await call('--list-backups')).stdout).toMatch(/^BACKUP /)
    expect((await call()).stderr).toContain('aiauth: nothing to do\n')
    expect((await call('--rollback')).stdout).toMatch(/^back-up /)
    expect((await call()).stdout).toMatch(/^back-up +done/)
    for (const secret of Object.values(SECRETS)) expect(said.join('\n')).not.toContain(secret)
  })

  it('says nothing with --quiet but what must be known, and the same with it on stdout', async () => {
    const home = legacyHome()
    const ended = await run(['migrate-auth', '--quiet'], { home })
    expect(ended.exitCode).toBe(0)
    expect(ended.stderr).toBe(
      `aiauth: warning: tokens are readable by anyone who can read ${home}/vault.json (storage plaintext)\n`,
    )
    expect(ended.stdout).toMatch(/^back-up +done/)
    expect(await run(['migrate-auth', '--quiet'], { home })).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
  })

  it.each([
    [['--check', '--dry-run'], /--check and --dry-run exclude each other/],
    [['--take-over', '--copy'], /--take-over and --copy exclude each other/],
    [['--rollback', '--from', 'x'], /--rollback takes no --from/],
    [['--force'], /--force goes with --rollback only/],
    [['--from', '/none'], /there is no file \/none/],
    [['--storage', 'nowhere'], /there is no storage of that kind/],
    [['--nonsense'], /unknown option/],
    [['surplus'], /too many arguments/],
  ])('refuses %j as a wrong use', async (argv, message) => {
    const home = legacyHome()
    const before = traces(foldersOf(home))
    const ended = await run(['migrate-auth', ...argv], { home })
    expect(ended).toMatchObject({ exitCode: 2, stdout: '' })
    expect(ended.stderr).toMatch(message)
    expect(traces(foldersOf(home))).toEqual(before)
  })

  it('M6, X14: makes everything 0600 in 0700 whatever the umask is', () => {
    const home = legacyHome()
    const env = { PATH: process.env['PATH'], HOME: home, AIAUTH_HOME: home, AIAUTH_STORAGE: 'plaintext' }
    const script = 'umask 000; exec "$0" "$@"'
    for (const argv of [[], ['--rollback'], [], ['--rehearse']]) {
      const ended = spawnSync('sh', ['-c', script, process.execPath, BIN, 'migrate-auth', ...argv], { env })
      expect(ended.status).toBe(0)
    }
    const wrong = Object.entries(filesIn(home)).filter(([name, mode]) => {
      return mode !== (statSync(join(home, name)).isDirectory() ? '700' : '600')
    })
    expect(wrong).toEqual([])
  })

  it('M19: finds nothing where HOME is empty and everything in a relative CODEX_HOME', async () => {
    const home = temporaryHome()
    put(join(home, 'codex here', 'auth.json'), codexFile(SECRETS))
    const relative = join('..', '..', '..', '..', '..', '..', '..', '..', home.slice(1), 'codex here')
    const ended = await run(['migrate-auth', '--json'], { home, env: { HOME: '', CODEX_HOME: relative } })
    expect(parsed(ended.stdout)).toMatchObject({ outcome: 'migrated', source: join(home, 'codex here', 'auth.json') })
    const { accounts } = parsed(readFileSync(join(home, 'auth.json'), 'utf8')) as { accounts: object[] }
    expect(accounts).toMatchObject([{ linkedTo: { path: join(home, 'codex here', 'auth.json') } }])
  })

  it('M22: two at once do the work once', async () => {
    const home = legacyHome()
    const both = [0, 1].map(() => start(['migrate-auth', '--json'], { home }).ended)
    const outcomes = (await Promise.all(both)).map(({ stdout }) => parsed(stdout)['outcome'])
    expect(outcomes.sort()).toEqual(['migrated', 'nothing-to-do'])
    expect(readdirSync(join(home, 'backup'))).toHaveLength(2)
  })
})

describe("aiauth migrate-auth --from Claude Code's file", () => {
  let server: OneUseServer
  beforeAll(async () => {
    server = await startOneUseServer()
  })
  afterAll(() => server.close())

  const worldOf = (hoursLeft: number) => {
    const home = temporaryHome({
      providers: { claude: { tokenEndpoint: server.tokenEndpoint, revocationEndpoint: server.revocationEndpoint } },
    })
    const family = server.newFamily()
    const file = join(home, '.claude', '.credentials.json')
    mkdirSync(join(home, '.claude'))
    const expiresAtMs = Date.now() + hoursLeft * 3_600_000
    const text = claudeFile({ access: family.accessToken, refresh: family.refreshToken, expiresAtMs })
    writeFileSync(file, text, { mode: 0o600 })
    const call = (...argv: string[]) => run(argv, { home })
    return { home, family, file, text, call, expiresAtMs }
  }

  it('G7: links the account, hands its tokens out, adopts new ones, and never writes or spends', async () => {
    const { family, file, text, call } = worldOf(1)
    expect(parsed((await call('migrate-auth', '--from', file, '--json')).stdout)).toMatchObject({
      outcome: 'migrated',
      accounts: ['claude'],
      notes: [
        'claude is linked: Claude Code renews the sign-in and aiauth takes it over; its file is never written to',
      ],
    })
    expect((await call('token', 'claude')).stdout).toBe(`${family.accessToken}\n`)
    expect(parsed((await call('status', '--json')).stdout)).toMatchObject({
      accounts: [{ name: 'claude', tier: 'max', linkedTo: { tool: 'claude-code', path: file } }],
    })
    expect(parsed((await call('refresh', 'claude', '--json')).stdout)).toMatchObject({
      results: [{ outcome: 'skipped' }],
    })
    writeFileSync(file, claudeFile({ access: 'AT-9', refresh: 'RT-9', expiresAtMs: Date.now() + 7_200_000 }))
    expect(parsed((await call('refresh', 'claude', '--json')).stdout)).toMatchObject({
      results: [{ outcome: 'fresh' }],
    })
    expect((await call('token', 'claude')).stdout).toBe('AT-9\n')
    const now = readFileSync(file, 'utf8')
    expect(parsed((await call('migrate-auth', '--from', file, '--json')).stdout)).toMatchObject({
      outcome: 'nothing-to-do',
    })
    expect(parsed((await call('migrate-auth', '--rollback', '--json')).stdout)).toMatchObject({
      outcome: 'rolled-back',
    })
    expect([readFileSync(file, 'utf8') === now, now === text, family.posts]).toEqual([true, false, 0])
  })

  it('G7: has no token to give when the one in the file is over', async () => {
    const { family, file, text, call } = worldOf(-1)
    await call('migrate-auth', '--from', file)
    const ended = await call('token', 'claude')
    expect(ended).toMatchObject({ exitCode: 4, stdout: '' })
    expect(ended.stderr).toMatch(/Claude Code|claude/)
    expect([readFileSync(file, 'utf8'), family.posts]).toEqual([text, 0])
  })

  it('refuses to take it over', async () => {
    const { home, file, text, call } = worldOf(1)
    const before = traces(foldersOf(home))
    const ended = await call('migrate-auth', '--from', file, '--take-over')
    expect(ended).toMatchObject({ exitCode: 2, stdout: '' })
    expect(ended.stderr).toContain("Claude Code's file is never written to")
    expect([readFileSync(file, 'utf8'), traces(foldersOf(home))]).toEqual([text, before])
  })

  it('M8: a copy is renewed by itself, says that grants clash, and goes without touching the file', async () => {
    const { family, file, text, call } = worldOf(-1)
    const { stdout } = await call('migrate-auth', '--from', file, '--copy', '--json')
    expect(parsed(stdout)).toMatchObject({
      accounts: ['claude'],
      notes: ['claude is a copy: whichever of aiauth and Claude Code renews first signs the other one out'],
    })
    expect(await call('token', 'claude')).toMatchObject({ exitCode: 0 })
    expect(family.grants).toBe(1)
    const back = parsed((await call('migrate-auth', '--rollback', '--json')).stdout)
    expect(back).toMatchObject({ outcome: 'rolled-back', accounts: ['claude'] })
    expect(JSON.stringify(back['notes'])).toMatch(/sign in/)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })
})
