import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import { AuthError } from '../../src/model/errors.ts'
import { account } from '../fakes/account.ts'
import { fakePorts, type FakePorts } from '../fakes/ports.ts'

const file = { ...newAuthFile('f'), accounts: [account(), account({ id: 'b', name: '$(id)' })] }

async function offered(partial: string, before: string[], ports: FakePorts = fakePorts({ file })) {
  expect(await runCli(['complete', '--', `.${partial}`, ...before], ports, { json: false, debug: false })).toBe(0)
  expect(ports.stderr).toEqual([])
  return ports.stdout.map((line) => line.split('\t')[0])
}

describe('aiauth complete', () => {
  it.each([
    ['lo', [], ['login', 'logout']],
    ['', ['token'], ['work', 'claude', 'openai']],
    ['', ['token', 'work'], []],
    ['', ['refresh', 'work'], ['work']],
    ['', ['token', '--min-validity'], []],
    ['', ['token', '--min-validity', '60'], ['work', 'claude', 'openai']],
    ['', ['--json', 'rename'], ['work']],
    ['', ['rename', 'work'], []],
    ['', ['login', 'openai', '--mode'], ['codex', 'chatgpt', 'api-key']],
    ['--storage=pl', ['login'], ['--storage=plaintext']],
    ['p', ['login', '--storage'], ['passphrase', 'plaintext']],
    ['', ['completion'], ['bash', 'zsh', 'fish', 'powershell']],
    ['dis', ['providers'], ['disable']],
    ['', ['providers', 'disable'], ['claude', 'openai']],
    ['providers.claude.user', ['config', 'set'], ['providers.claude.userAgent']],
    ['br', ['config', 'get'], ['browser']],
    ['en', ['set', 'work', 'notes=x'], ['enabled=', 'endpoint=']],
    ['', ['exec', 'work', '--', 'git'], []],
    ['--no-', ['status'], ['--no-color', '--no-input']],
    ['x', ['no-such-command'], []],
  ])('offers for %j behind %j: %j', async (partial, before, expected) => {
    expect(await offered(partial, before)).toEqual(expected)
  })

  it('does not offer itself', async () => expect(await offered('compl', [])).toEqual(['completion']))

  it('offers no names where the files cannot be read, and says nothing', async () => {
    const ports = fakePorts({ config: { providers: 5 } })
    const read = () => {
      throw new AuthError('auth-file-invalid', 'auth.json cannot be read')
    }
    Object.assign(ports.authFile, { read })
    expect(await offered('', ['token'], ports)).toEqual([])
  })
})

describe('aiauth completion', () => {
  it.each([
    ['bash', 'complete -o default -F _aiauth aiauth\n'],
    ['zsh', '#compdef aiauth\n'],
    ['fish', "complete -c aiauth -f -a '(__aiauth_complete)'\n"],
    ['powershell', 'Register-ArgumentCompleter -Native -CommandName aiauth -ScriptBlock {\n'],
  ])('prints a script for %s', async (shell, line) => {
    const ports = fakePorts()
    expect(await runCli(['completion', shell], ports, { json: false, debug: false })).toBe(0)
    expect(ports.stdout.join('')).toContain(line)
  })

  it('exits 2 for another shell', async () => {
    expect(await runCli(['completion', 'tcsh'], fakePorts(), { json: false, debug: false })).toBe(2)
  })
})
