import { describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli.ts'
import { fakePorts, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

async function run(argv: string[], world: FakeWorld = {}, ports: FakePorts = fakePorts(world)) {
  const exitCode = await runCli(argv, ports, { json: argv.includes('--json'), debug: false })
  const [account] = ports.current()?.accounts ?? []
  const token = ports.bundles.get(account?.id ?? '')?.tokens.accessToken.reveal()
  return { ports, exitCode, out: ports.stdout.join(''), err: ports.stderr.join(''), account, token }
}

const KEYS = [
  ['claude', 'api-key', 'sk-ant-api03-KEY_leak-1', 'ANTHROPIC_API_KEY'],
  ['claude', 'setup-token', 'sk-ant-oat01-TOKEN_leak-1', 'CLAUDE_CODE_OAUTH_TOKEN'],
  ['openai', 'api-key', 'sk-proj-KEY_leak-1', 'OPENAI_API_KEY'],
] as const

describe.each(KEYS)('%s/%s', (provider, mode, secret, variable) => {
  const login = ['login', provider, '--mode', mode]

  it('is kept from stdin without a request, a browser, or a word of terms', async () => {
    const { ports, exitCode, out, err, account, token } = await run(login, { input: `${secret}\r\n` })
    expect([exitCode, out, token, ports.requests.length]).toEqual([0, '', secret, 0])
    expect(err).toBe(`aiauth: signed in (account ${provider}, expiry unknown, kept in: keychain, not yet verified)\n`)
    expect(account).toMatchObject({ provider, mode, state: 'created', tier: null, email: null, expiresAt: null })
    expect(account?.scopes).toEqual(mode === 'setup-token' ? ['user:inference'] : [])
    expect(account?.secret.renewable).toBe(false)
  })

  it('is asked for unseen on a terminal', async () => {
    const { err, token } = await run(login, { interactive: true, hidden: secret })
    expect(token).toBe(secret)
    expect(err).toContain('it is not shown')
    expect(err).not.toContain('leak')
  })

  it('takes the place of the old one, and all else stays', async () => {
    const { ports, account } = await run([...login, '--name', 'work'], { input: secret })
    const other = fakePorts({ file: ports.current() ?? fail(), input: `${secret}-2` })
    const again = await run(['--reauthenticate', 'work'], {}, other)
    expect([again.exitCode, again.token]).toEqual([0, `${secret}-2`])
    expect(again.account).toMatchObject({ id: account?.id, name: 'work', createdAt: account?.createdAt, mode })
  })

  it('is given to a command in the variable that its programs read', async () => {
    const { ports } = await run(login, { input: secret, variables: { ANTHROPIC_API_KEY: 'a', OPENAI_API_KEY: 'o' } })
    expect((await run(['exec', '--', 'cmd'], {}, ports)).exitCode).toBe(0)
    const { variables } = ports.programCalls[0] ?? fail()
    expect(variables).toMatchObject({ [variable]: secret, AIAUTH_TOKEN: secret })
    expect(variables['ANTHROPIC_API_KEY']).not.toBe(provider === 'claude' ? 'a' : secret)
  })

  it('is neither renewed nor checked, and says so', async () => {
    const { ports } = await run(login, { input: secret })
    expect((await run(['refresh', '--all'], {}, ports)).out).toContain('skipped')
    expect((await run(['status', '--check', '--usage'], {}, ports)).err).toContain('cannot be asked')
    expect((await run(['status'], {}, ports)).out).toMatch(/ n\/a +created /)
    const logout = await run(['logout', provider], {}, ports)
    expect(logout.err).toMatch(/at https:\/\/[a-z.]+\/\S+/)
    expect([logout.exitCode, ports.bundles.size, ports.requests.length]).toEqual([0, 0, 0])
  })

  it.each([
    ['nothing', '', 'no '],
    ['blanks only', ' \n\n', 'no '],
    ['a blank inside', secret.replace('leak', 'le ak'), 'blank'],
    ['a line break inside', secret.replace('leak', 'le\nak'), 'one line'],
    ['two of them', `${secret}\n${secret}`, 'one line'],
    ['too much', secret + 'leak'.repeat(300), 'longer'],
    ['something else', 'leak-me', 'does not look like'],
    ['an escape sequence', `${secret}\u001b[2J`, 'does not look like'],
  ])('refuses %s, names the fault and shows nothing of it', async (_case, input, words) => {
    const { exitCode, out, err, account } = await run(login, { input })
    expect([exitCode, out, account]).toEqual([2, '', undefined])
    expect(err).toMatch(/^aiauth: error: [^\n]+\naiauth: hint: [^\n]+\n$/)
    expect(err).toContain(words)
    expect(err).not.toMatch(/leak|le ak/)
  })
})

describe('aiauth login --with-api-key', () => {
  it('is --mode api-key', async () => {
    const { account } = await run(['login', 'openai', '--with-api-key'], { input: 'sk-KEY' })
    expect(account).toMatchObject({ provider: 'openai', mode: 'api-key' })
  })

  it.each([
    ['another mode', ['login', 'claude', '--with-api-key', '--mode', 'max'], 'another mode'],
    ['a provider without keys', ['login', 'acme', '--with-api-key'], 'no mode named api-key'],
    ['a setup token', ['login', 'claude', '--mode', 'setup-token', '--with-api-key'], 'another mode'],
  ])('exits 2 with %s', async (_case, argv, words) => {
    const config = { providers: { acme: { clientId: 'x', issuer: 'https://as.example' } } }
    const { exitCode, err } = await run(argv, { input: 'sk-KEY', config })
    expect(exitCode).toBe(2)
    expect(err).toContain(words)
  })

  it.each([
    ['claude', 'api-key', 'sk-ant-oat01-x', "a subscription's token", 'aiauth login claude --mode setup-token'],
    ['claude', 'setup-token', 'sk-ant-api03-x', 'an API key', 'aiauth login claude --with-api-key'],
    ['openai', 'api-key', 'sk-ant-api03-x', 'a key or token of Anthropic', 'aiauth login claude --with-api-key'],
  ])('tells %s/%s from %s', async (provider, mode, input, what, hint) => {
    const { exitCode, err } = await run(['login', provider, '--mode', mode], { input })
    expect(exitCode).toBe(2)
    expect(err).toContain(`that is ${what}`)
    expect(err).toContain(hint)
  })

  it('is refused for an account that was signed in to otherwise', async () => {
    const { ports } = await run(['login', 'claude', '--mode', 'setup-token'], { input: 'sk-ant-oat01-x' })
    const { exitCode, err } = await run(['reauthenticate', 'claude', '--with-api-key'], {}, ports)
    expect([exitCode, err.includes('does not take an API key')]).toEqual([2, true])
  })
})

function fail(): never {
  throw new Error('nothing was kept')
}
