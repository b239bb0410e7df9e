import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import type { Account } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

const fileWith = (...accounts: Account[]) => ({ ...newAuthFile('f'), storage: 'keychain', accounts })
const chatgpt = account({
  id: '6f1c1e6e-0000-4000-8000-000000000002',
  name: 'chat',
  provider: 'openai',
  mode: 'codex',
  accountId: 'acc-2',
  priority: 1,
})

async function exec(argv: string[], world: FakeWorld = {}, prepare: (ports: FakePorts) => void = () => undefined) {
  const ports = fakePorts({ file: fileWith(account(), chatgpt), ...world })
  for (const { id, provider } of [account(), chatgpt]) {
    ports.bundles.set(id, bundle({ accountId: id, provider }))
  }
  prepare(ports)
  const exitCode = await runCli(['exec', ...argv], ports, { json: false, debug: false })
  return { ports, exitCode, calls: ports.programCalls, out: ports.stdout.join(''), err: ports.stderr.join('') }
}

describe('aiauth exec', () => {
  it('runs the command with the token of the effective account and ends with its exit code', async () => {
    const variables = { PATH: '/bin', HOME: '/home/ada' }
    const { calls, exitCode, out, err } = await exec(['--', 'claude', '-p', 'hi'], { variables, programEnds: 42 })
    expect([exitCode, out, err]).toEqual([42, '', ''])
    expect(calls).toEqual([
      {
        command: 'claude',
        words: ['-p', 'hi'],
        variables: {
          PATH: '/bin',
          HOME: '/home/ada',
          CLAUDE_CODE_OAUTH_TOKEN: 'AT-1',
          AIAUTH_TOKEN: 'AT-1',
          AIAUTH_PROVIDER: 'claude',
          AIAUTH_ACCOUNT: 'work',
        },
      },
    ])
  })

  it.each([
    [['--', 'cmd'], 'work', 'cmd', []],
    [['chat', '--', 'cmd', '--flag'], 'chat', 'cmd', ['--flag']],
    [['openai', '--', 'cmd'], 'chat', 'cmd', []],
    [['--', 'chat', 'work'], 'work', 'chat', ['work']],
    [['--', 'cmd', '--', '--json', '--', ''], 'work', 'cmd', ['--', '--json', '--', '']],
    [['chat', '--min-validity', '5', '--', 'cmd', '--min-validity', 'x'], 'chat', 'cmd', ['--min-validity', 'x']],
    [['--min-validity', '5', '--', 'cmd', '--help'], 'work', 'cmd', ['--help']],
    [['--quiet', 'chat', '--', '--version'], 'chat', '--version', []],
    [['--', 'help'], 'work', 'help', []],
    [['--', '--', 'x'], 'work', '--', ['x']],
  ] as [string[], string, string, string[]][])(
    '%j runs for %s, and leaves what stands behind -- as it is',
    async (argv, name, command, words) => {
      const { calls, exitCode } = await exec(argv)
      expect(exitCode).toBe(0)
      expect(calls).toMatchObject([{ command, words, variables: { AIAUTH_ACCOUNT: name } }])
    },
  )

  it.each([
    [[], 'aiauth exec -- <command>'],
    [['--'], 'aiauth exec -- <command>'],
    [['work'], 'aiauth exec work -- <command>, or aiauth exec -- work where work is the command'],
    [['claude', '--'], 'aiauth exec claude -- <command>, or aiauth exec -- claude where claude is the command'],
    [['work', 'cmd', '--', 'x'], 'aiauth exec work -- <command>'],
    [['claude', '-p', 'hi'], 'aiauth exec -- claude where claude is the command'],
    [['-p', 'hi'], 'aiauth exec -- <command>'],
    [['--min-validty', '5', '--', 'cmd'], 'did you mean --min-validity?'],
    [['--min-validity', '--', 'cmd'], 'aiauth exec --help'],
  ])('exits 2 for %j and says how it is typed', async (argv, hint) => {
    const { exitCode, err, calls } = await exec(argv)
    expect([exitCode, calls]).toEqual([2, []])
    expect(err).toMatch(/^aiauth: error: [^\n]+\naiauth: hint: [^\n]+\n$/)
    expect(err).toContain(hint)
  })

  it('takes away what would win over the account, and names it without its value', async () => {
    const variables = {
      ANTHROPIC_API_KEY: 'KEY-LEAK',
      anthropic_auth_token: 'KEY-LEAK',
      ANTHROPIC_BASE_URL: 'https://LEAK.example',
      CLAUDE_CODE_USE_BEDROCK: '',
      CLAUDE_CODE_OAUTH_TOKEN: 'OTHER-LEAK',
      OPENAI_API_KEY: 'kept',
    }
    const { calls, err } = await exec(['claude', '--', 'cmd'], { variables })
    expect(err).toBe(
      'aiauth: warning: ANTHROPIC_API_KEY is not passed on: it would bill your API account\n' +
        'aiauth: warning: ANTHROPIC_BASE_URL is not passed on: it would send the token of this account somewhere else\n',
    )
    expect(Object.keys(calls[0]?.variables ?? {})).toEqual([
      'OPENAI_API_KEY',
      'CLAUDE_CODE_OAUTH_TOKEN',
      'AIAUTH_TOKEN',
      'AIAUTH_PROVIDER',
      'AIAUTH_ACCOUNT',
    ])
    expect(JSON.stringify(calls)).not.toContain('LEAK')
  })

  it('gives a ChatGPT account its own variables and takes away its own rivals', async () => {
    const variables = { OPENAI_API_KEY: 'x', CODEX_API_KEY: 'x', CODEX_ACCESS_TOKEN: 'x', ANTHROPIC_API_KEY: 'kept' }
    const { calls, err } = await exec(['chat', '--', 'codex'], { variables })
    expect(calls[0]?.variables).toEqual({
      ANTHROPIC_API_KEY: 'kept',
      CHATGPT_ACCOUNT_ID: 'acc-2',
      AIAUTH_TOKEN: 'AT-1',
      AIAUTH_PROVIDER: 'openai',
      AIAUTH_ACCOUNT: 'chat',
    })
    expect(err.match(/\w+(?= is not passed on)/g)).toEqual(['CODEX_ACCESS_TOKEN', 'CODEX_API_KEY', 'OPENAI_API_KEY'])
  })

  it.each([{ acme: { clientId: 'x', issuer: 'https://as.example' } }, {}])(
    'gives an account of any other provider only what every account has',
    async (providers) => {
      const file = fileWith(account({ provider: 'acme', mode: 'default' }))
      const { calls } = await exec(['--', 'x'], {
        file,
        config: { providers },
        variables: { ANTHROPIC_API_KEY: 'kept' },
      })
      expect(calls[0]?.variables).toEqual({
        ANTHROPIC_API_KEY: 'kept',
        AIAUTH_TOKEN: 'AT-1',
        AIAUTH_PROVIDER: 'acme',
        AIAUTH_ACCOUNT: 'work',
      })
    },
  )

  it('X9: keeps what opens the vault to itself', async () => {
    const variables = { AIAUTH_PASSPHRASE: 'LEAK', Aiauth_Passphrase_File: '/LEAK', AIAUTH_HOME: '/kept' }
    const { calls } = await exec(['--', 'cmd'], { variables })
    expect(calls[0]?.variables).toMatchObject({ AIAUTH_HOME: '/kept' })
    expect(JSON.stringify(calls)).not.toContain('LEAK')
  })

  it('warns of a helper and of variables in Claude Code’s settings, which it cannot overcome', async () => {
    const settings = { apiKeyHelper: '/bin/LEAK', env: { ANTHROPIC_API_KEY: 'LEAK', EDITOR: 'vi' } }
    const world = { programSettings: { '.claude': settings } }
    const { err, calls } = await exec(['claude', '--', 'cmd'], world)
    expect(err).toBe(
      'aiauth: warning: ~/.claude/settings.json sets apiKeyHelper, which is used in place of this account\n' +
        'aiauth: warning: ~/.claude/settings.json sets env.ANTHROPIC_API_KEY, which is used in place of this account\n',
    )
    expect(calls).toHaveLength(1)
    const moved = await exec(['claude', '--', 'cmd'], { ...world, variables: { CLAUDE_CONFIG_DIR: '/x' } })
    expect(moved.err).toContain('$CLAUDE_CONFIG_DIR/settings.json sets apiKeyHelper')
    expect((await exec(['chat', '--', 'cmd'], world)).err).toBe('')
  })

  it('renews a token that has less than five minutes left, or less than was asked for, before it runs anything', async () => {
    const grant = { access_token: 'AT-2', refresh_token: 'RT-2', expires_in: 28_800, token_type: 'Bearer' }
    const answers = [() => ({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(grant) })]
    const ending = (seconds: number) => (ports: FakePorts) => {
      const tokens = { ...bundle().tokens, expiresAtMs: ports.clock.nowMs() + seconds * 1000 }
      ports.bundles.set(account().id, bundle({ tokens }))
    }
    const tokenFor = async (argv: string[], seconds: number) =>
      (await exec(argv, { answers }, ending(seconds))).calls[0]?.variables['AIAUTH_TOKEN']
    expect(await tokenFor(['--', 'cmd'], 301)).toBe('AT-1')
    expect(await tokenFor(['--', 'cmd'], 299)).toBe('AT-2')
    expect(await tokenFor(['--min-validity', '600', '--', 'cmd'], 500)).toBe('AT-2')
  })

  it('runs nothing without a token', async () => {
    const { exitCode, calls } = await exec(['work', '--', 'cmd'], {}, (ports) => ports.bundles.clear())
    expect([exitCode, calls]).toEqual([7, []])
    expect((await exec(['nope', '--', 'cmd'])).exitCode).toBe(3)
  })

  it.each([
    [127, new AuthError('command-not-found', 'the command cmd cannot be found', { hint: 'command -v cmd' })],
    [126, new AuthError('command-not-executable', 'the command cmd cannot be run (EACCES)', { hint: 'look at it' })],
  ])('exits %i as a shell does when the command cannot be run', async (code, programEnds) => {
    const { exitCode, err } = await exec(['--', 'cmd'], { programEnds })
    expect([exitCode, err]).toEqual([
      code,
      `aiauth: error: ${programEnds.message}\naiauth: hint: ${String(programEnds.hint)}\n`,
    ])
  })
})
