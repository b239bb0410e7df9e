import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts } from '../fakes/ports.ts'

async function env(argv: string[], variables: Record<string, string> = {}) {
  const chatgpt = account({ provider: 'openai', mode: 'codex', name: 'chat' })
  const ports = fakePorts({ file: { ...newAuthFile('f'), storage: 'keychain', accounts: [chatgpt] }, variables })
  ports.bundles.set(chatgpt.id, bundle({ provider: 'openai' }))
  const exitCode = await runCli(['env', ...argv], ports, { json: argv.includes('--json'), debug: false })
  return { exitCode, out: ports.stdout.join(''), err: ports.stderr.join('') }
}

const POSIX = `export CHATGPT_ACCOUNT_ID='acc-1'
export AIAUTH_TOKEN='AT-1'
export AIAUTH_PROVIDER='openai'
export AIAUTH_ACCOUNT='chat'
unset CODEX_ACCESS_TOKEN
unset CODEX_API_KEY
unset OPENAI_API_BASE
unset OPENAI_API_KEY
unset OPENAI_BASE_URL
`

describe('aiauth env', () => {
  it.each([[[]], [['chat']], [['openai']], [['--shell', 'bash']], [['chat', '--shell', 'zsh']]])(
    '%j prints lines for a POSIX shell and nothing else',
    async (argv) => {
      expect(await env(argv)).toEqual({ exitCode: 0, out: POSIX, err: '' })
    },
  )

  it.each([
    [{ SHELL: '/usr/bin/fish' }, "set -gx AIAUTH_TOKEN 'AT-1'\n", 'set -e OPENAI_API_KEY\n'],
    [{ OS: 'Windows_NT' }, "$env:AIAUTH_TOKEN = 'AT-1'\n", 'Remove-Item Env:OPENAI_API_KEY '],
    [{ OS: 'Windows_NT', SHELL: '/usr/bin/bash' }, "export AIAUTH_TOKEN='AT-1'\n", 'unset OPENAI_API_KEY\n'],
  ] as [Record<string, string>, string, string][])('speaks to the shell of %j', async (variables, set, unset) => {
    const { out } = await env([], variables)
    expect(out).toContain(set)
    expect(out).toContain(unset)
  })

  it.each([['--json'], ['--shell', 'json']])('prints JSON for %s', async (...argv) => {
    expect(JSON.parse((await env(argv)).out)).toEqual({
      set: { CHATGPT_ACCOUNT_ID: 'acc-1', AIAUTH_TOKEN: 'AT-1', AIAUTH_PROVIDER: 'openai', AIAUTH_ACCOUNT: 'chat' },
      unset: ['CODEX_ACCESS_TOKEN', 'CODEX_API_KEY', 'OPENAI_API_BASE', 'OPENAI_API_KEY', 'OPENAI_BASE_URL'],
    })
  })

  it('X3, X4: says on stderr what will be missing, never a value', async () => {
    const { out, err } = await env([], { OPENAI_API_KEY: 'KEY-LEAK' })
    expect(out).toBe(POSIX)
    expect(err).toBe('aiauth: warning: OPENAI_API_KEY is not passed on: it would bill your API account\n')
  })

  it('exits 2 for a shell that it does not know, with those it knows', async () => {
    const { exitCode, err } = await env(['--shell', 'csh'])
    expect(exitCode).toBe(2)
    expect(err).toContain('bash, zsh, fish, powershell, json')
  })
})
