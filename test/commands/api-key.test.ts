import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import { Secret } from '../../src/model/secret.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

const KEY = account({
  name: 'billed',
  provider: 'openai',
  mode: 'api-key',
  tier: null,
  email: null,
  accountId: null,
  expiresAt: null,
  scopes: [],
  secret: { store: 'keychain', generation: 1, renewable: false },
})

/** As a migrated key is kept. No answer is prepared: a request would be an error. */
function portsWithKey(world: FakeWorld = {}): FakePorts {
  const ports = fakePorts({ file: { ...newAuthFile('f'), storage: 'keychain', accounts: [KEY] }, ...world })
  const none = { refreshToken: undefined, idToken: undefined, expiresAtMs: undefined, refreshExpiresAtMs: undefined }
  const tokens = { accessToken: new Secret('sk-KEY'), ...none, scopes: [] }
  ports.bundles.set(KEY.id, bundle({ provider: 'openai', tokenEndpoint: '', clientId: '', tokens }))
  return ports
}
async function run(argv: string[], ports = portsWithKey()) {
  const exitCode = await runCli(argv, ports, { json: argv.includes('--json'), debug: false })
  return { exitCode, out: ports.stdout.join(''), err: ports.stderr.join(''), asked: ports.requests.length }
}

describe('an API key of OpenAI', () => {
  it.each(['billed', 'openai'])('is the token of %s', async (wanted) => {
    expect(await run(['token', wanted])).toEqual({ exitCode: 0, out: 'sk-KEY\n', err: '', asked: 0 })
    const { out } = await run(['token', wanted, '--json', '--min-validity', '999999'])
    expect(JSON.parse(out)).toMatchObject({ token: 'sk-KEY', tokenType: 'Bearer', expiresAt: null, account: 'billed' })
  })

  it('is given to a command as OPENAI_API_KEY, and what would win over it is taken away', async () => {
    const variables = {
      OPENAI_API_KEY: 'other',
      CODEX_API_KEY: 'other',
      OPENAI_BASE_URL: 'https://e.example',
      PATH: '/bin',
    }
    const ports = portsWithKey({ variables })
    const { exitCode, err } = await run(['exec', 'billed', '--', 'cmd'], ports)
    expect(exitCode).toBe(0)
    expect(ports.programCalls[0]?.variables).toEqual({
      PATH: '/bin',
      OPENAI_API_KEY: 'sk-KEY',
      AIAUTH_TOKEN: 'sk-KEY',
      AIAUTH_PROVIDER: 'openai',
      AIAUTH_ACCOUNT: 'billed',
    })
    expect(err).toContain('CODEX_API_KEY is not passed on: it would be used in place of this account\n')
    expect(err).toContain('OPENAI_BASE_URL is not passed on: it would send the token of this account somewhere else\n')
    expect(JSON.parse((await run(['env', '--json'])).out)).toMatchObject({ set: { OPENAI_API_KEY: 'sk-KEY' } })
  })

  it('is shown by status with nothing to advise', async () => {
    const { out, err } = await run(['status'])
    expect(out).toMatch(/^\* {2}billed {2}openai\/api-key .* active /m)
    expect(err).toBe('')
  })

  it.each([[['refresh', 'billed']], [['refresh', '--all']]])('is skipped by %j', async (argv) => {
    const { exitCode, out, asked } = await run(argv)
    expect([exitCode, asked]).toEqual([0, 0])
    expect(out).toBe('billed  skipped  billed is an API key, there is nothing to renew  (0.0s)\n')
  })

  it('cannot be checked, which is no failure', async () => {
    const { exitCode, err, asked } = await run(['status', '--check', '--usage'])
    expect([exitCode, asked]).toEqual([0, 0])
    expect(err).toBe('aiauth: warning: billed: openai cannot be asked whether an API key works\n')
  })

  it('is explained without a word of renewals', async () => {
    const { out } = await run(['why', 'billed'])
    expect(out).toBe('billed is active\nits token has no known end and is not renewed\n')
  })

  it('stays valid after a logout, which says so', async () => {
    const ports = portsWithKey()
    const { exitCode, err, asked } = await run(['logout', 'billed'], ports)
    expect([exitCode, asked, ports.bundles.size, ports.current()?.accounts]).toEqual([0, 0, 0, []])
    expect(err).toBe(
      'aiauth: signed out of billed here\n' +
        'aiauth: warning: the key stays valid until it is deleted at https://platform.openai.com/api-keys\n',
    )
  })

  it('is sent nowhere, also where the settings move the provider', async () => {
    const at = (path: string) => `https://as.example/${path}`
    const openai = {
      tokenEndpoint: at('t'),
      usageEndpoint: at('u'),
      profileEndpoint: at('p'),
      revocationEndpoint: at('r'),
    }
    for (const argv of [
      ['status', '--check', '--usage'],
      ['refresh', '--all'],
      ['logout', 'billed'],
    ]) {
      expect(await run(argv, portsWithKey({ config: { providers: { openai } } }))).toMatchObject({
        exitCode: 0,
        asked: 0,
      })
    }
  })

  it('comes from stdin, where nothing is an error', async () => {
    const { exitCode, err, asked } = await run(['login', 'openai', '--mode', 'api-key', '--name', 'new'])
    expect([exitCode, asked]).toEqual([2, 0])
    expect(err).toBe(
      'aiauth: error: the API key comes from stdin, and nothing is there\n' +
        'aiauth: hint: aiauth login openai --mode api-key --name new < <file that holds it>\n',
    )
  })

  it('is a mode of the provider, not its default one', async () => {
    expect((await run(['providers', 'list'])).out).toMatch(
      /^openai {2}OpenAI \(ChatGPT\) \(codex, chatgpt, api-key\)$/m,
    )
  })
})
