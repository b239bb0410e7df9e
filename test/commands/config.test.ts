import { describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli.ts'
import { Secret } from '../../src/model/secret.ts'
import { fakePorts, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

const ACME = { clientId: 'x', issuer: 'https://as.example' }

async function config(argv: string[], world: FakeWorld = {}, ports: FakePorts = fakePorts(world)) {
  const [before, said] = [ports.stdout.length, ports.stderr.length]
  const exitCode = await runCli(['config', ...argv], ports, { json: argv.includes('--json'), debug: false })
  const [out, err] = [ports.stdout.slice(before).join(''), ports.stderr.slice(said).join('')]
  return { exitCode, out, err, settings: JSON.parse(JSON.stringify(ports.settings.read())) as unknown }
}

describe('aiauth config set', () => {
  it.each([
    ['browser', 'firefox --private-window', 'firefox --private-window'],
    ['proxy', 'proxy.corp:3128', 'proxy.corp:3128'],
    ['storage', 'passphrase', 'passphrase'],
    ['storage', 'helper:pass', 'helper:pass'],
    ['notify', 'http://127.0.0.1:8080, https://gateway.example', ['http://127.0.0.1:8080', 'https://gateway.example']],
    ['notify', '[]', []],
    ['refreshLeadSeconds', '600', 600],
    ['plugins', '@acme/aiauth-plugin', ['@acme/aiauth-plugin']],
  ])('%s to %s', async (key, typed, value) => {
    const { exitCode, out, err, settings } = await config(['set', key, typed])
    expect([exitCode, out, err, settings]).toEqual([0, '', `aiauth: ${key} is set\n`, { [key]: value }])
  })

  it.each([
    ['providers.claude.enabled', 'false', { providers: { claude: { enabled: false } } }],
    ['providers.claude.userAgent', 'true', { providers: { claude: { userAgent: 'true' } } }],
    ['providers.openai.scopes', 'openid,email', { providers: { openai: { scopes: ['openid', 'email'] } } }],
    ['providers.openai.scopes', '["openid"]', { providers: { openai: { scopes: ['openid'] } } }],
    [
      'providers.openai.modes.codex.acceptedTerms',
      'true',
      { providers: { openai: { modes: { codex: { acceptedTerms: true } } } } },
    ],
    ['providers.acme.clientId', 'aiauth', { providers: { acme: { clientId: 'aiauth' } } }],
    [
      'providers.claude.authorizationParameters',
      '{"prompt":"login"}',
      { providers: { claude: { authorizationParameters: { prompt: 'login' } } } },
    ],
    [
      'providers.claude.redirect',
      '{"host":"localhost","ports":[4000],"path":"/callback"}',
      { providers: { claude: { redirect: { host: 'localhost', ports: [4000], path: '/callback' } } } },
    ],
  ])('%s to %s', async (key, typed, expected) => {
    expect(await config(['set', key, typed])).toMatchObject({ exitCode: 0, settings: expected })
  })

  it('keeps all else, and writes nothing when it is so already', async () => {
    const before = { later: { x: 1 }, providers: { acme: ACME, claude: { later: true } }, browser: 'x' }
    const ports = fakePorts({ config: before })
    const { settings } = await config(['set', 'providers.claude.title', 'Claude'], {}, ports)
    const claude = { later: true, title: 'Claude' }
    expect(settings).toEqual({ ...before, providers: { acme: ACME, claude } })
    const read = ports.settings.read()
    const again = await config(['set', 'browser', 'x', '--json'], {}, ports)
    expect(again.err).toBe('aiauth: browser is set, as it was\n')
    expect(JSON.parse(again.out)).toEqual({ key: 'browser', value: 'x' })
    expect(ports.settings.read()).toBe(read)
  })

  it.each([
    ['bowser', 'x', 'bowser is no setting', 'did you mean browser?'],
    ['providers.claude.tokenEndpint', 'x', 'is no setting', 'did you mean providers.claude.tokenEndpoint?'],
    ['providers.Claude.title', 'x', 'is no setting', 'did you mean providers.Claude.title?'],
    ['providers.__proto__.title', 'x', 'is no setting', ''],
    ['__proto__', 'x', 'is no setting', 'aiauth config --help'],
    ['providers.claude', '{}', 'providers.claude is no single setting', 'aiauth config set providers.claude.<field>'],
    ['storage', 'keychian', 'storage must be keychain | passphrase | helper:<program> | plaintext', ''],
    ['refreshLeadSeconds', '5m', 'refreshLeadSeconds must be whole seconds', ''],
    ['notify', 'http://gateway.example', 'notify must be a list of https addresses', ''],
    ['plugins', './evil.js', 'plugins must be a list of package names', ''],
    ['proxy', 'socks5://proxy.corp', 'proxy is a SOCKS proxy', ''],
    ['browser', 'a\u001b[2J', 'browser must be a text on one line', ''],
    ['providers.claude.enabled', 'yes', 'providers.claude.enabled must be true or false', ''],
    ['providers.claude.tokenEndpoint', 'http://evil.example', 'must be an https address', ''],
    ['providers.claude.authorizationParameters', '{"state":"x"}', 'none of them a parameter of the protocol', ''],
    ['providers.acme.issuer', 'https://as.example', 'providers.acme.clientId is missing', ''],
    [
      'providers.acme.clientId',
      '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
      'providers.acme.clientId belongs to a built-in provider',
      '',
    ],
    ['providers.claude.modes.maxx.enabled', 'false', 'claude has no mode named maxx', 'one of max'],
  ])('X2, S5: refuses %s = %j with the reason, and writes nothing', async (key, typed, fault, hint) => {
    const ports = fakePorts()
    const { exitCode, out, err, settings } = await config(['set', key, typed], {}, ports)
    expect([exitCode, out, settings]).toEqual([2, '', {}])
    expect(err).toContain(fault)
    expect(err).toContain(hint)
    expect(err).not.toContain('\u001b')
  })

  it.each([
    ['providers.claude.clientSecret', 'S3CRET'],
    ['proxy', 'http://ada:S3CRET@proxy.corp:3128'],
  ])('X8: takes the secret %s from stdin, and not from the command line', async (key, value) => {
    const refused = await config(['set', key, value])
    expect([refused.exitCode, refused.settings]).toEqual([2, {}])
    expect(refused.err).toContain(`aiauth: hint: aiauth config set ${key} - < <file that holds it>`)
    const ports = fakePorts({ typed: [value] })
    const taken = await config(['set', key, '-', '--json'], {}, ports)
    expect([taken.exitCode, JSON.parse(taken.out)]).toEqual([0, { key, value: '[secret]' }])
    expect(JSON.stringify(ports.settings.read())).toContain(value)
    const told = [refused, taken, await config(['list'], {}, ports), await config(['get', key], {}, ports)]
    for (const { out, err } of told) expect(out + err).not.toContain('S3CRET')
    expect(told[2]?.out).toBe(`${key}=[secret]\n`)
  })

  it('asks a person for it without showing what is typed', async () => {
    const ports = fakePorts({ interactive: true })
    const asked: string[] = []
    Object.assign(ports.terminal, {
      askSecret: (question: string) => {
        asked.push(question)
        return Promise.resolve(new Secret('S3CRET'))
      },
    })
    expect((await config(['set', 'providers.claude.clientSecret', '-'], {}, ports)).exitCode).toBe(0)
    expect(asked).toEqual(['value of providers.claude.clientSecret: '])
  })

  it('helps to mend settings that cannot be used', async () => {
    const ports = fakePorts({ config: { providers: { acme: { title: 'Acme' }, other: {} } } })
    expect((await config(['set', 'providers.acme.clientId', 'x'], {}, ports)).exitCode).toBe(0)
    expect((await config(['unset', 'providers.other'], {}, ports)).settings).toEqual({
      providers: { acme: { title: 'Acme', clientId: 'x' } },
    })
  })
})

describe('aiauth config unset', () => {
  it('removes a setting, and what is left empty by it', async () => {
    const ports = fakePorts({ config: { browser: 'x', providers: { claude: { modes: { max: { enabled: false } } } } } })
    const { err, settings } = await config(['unset', 'providers.claude.modes.max.enabled'], {}, ports)
    expect([err, settings]).toEqual([
      'aiauth: providers.claude.modes.max.enabled is not set any more\n',
      { browser: 'x' },
    ])
    expect((await config(['unset', 'browser'], {}, ports)).settings).toEqual({})
    expect((await config(['unset', 'browser'], {}, ports)).err).toBe('aiauth: browser is not set, as it was\n')
  })

  it('removes a whole provider, but not what it cannot be without', async () => {
    const ports = fakePorts({ config: { providers: { acme: ACME } } })
    const refused = await config(['unset', 'providers.acme.clientId'], {}, ports)
    expect([refused.exitCode, refused.settings]).toEqual([2, { providers: { acme: ACME } }])
    expect((await config(['unset', 'providers.acme'], {}, ports)).settings).toEqual({})
  })
})

describe('aiauth config get and list', () => {
  const world = {
    config: {
      browser: 'firefox',
      refreshLeadSeconds: 300,
      later: { token: 'S3CRET' },
      providers: {
        acme: { ...ACME, clientSecret: 'S3CRET', scopes: ['openid'], issuer: `https://as.example/${'a'.repeat(300)}` },
        claude: { later: 'S3CRET', modes: { max: { enabled: false } } },
      },
    },
  }

  it.each([
    ['browser', 'firefox\n'],
    ['refreshLeadSeconds', '300\n'],
    ['providers.acme.scopes', '["openid"]\n'],
    ['providers.acme.issuer', `https://as.example/${'a'.repeat(300)}\n`],
    ['providers.claude.modes.max.enabled', 'false\n'],
    ['providers.claude', '{"later":"[not known]","modes":{"max":{"enabled":false}}}\n'],
  ])('print %s', async (key, expected) => {
    expect(await config(['get', key], world)).toMatchObject({ exitCode: 0, out: expected, err: '' })
  })

  it.each(['proxy', 'providers.claude.title', 'providers.nobody'])('exit 3 where %s is not set', async (key) => {
    const { exitCode, out, err } = await config(['get', key], world)
    expect([exitCode, out]).toEqual([3, ''])
    expect(err).toContain(`aiauth: error: ${key} is not set\n`)
    const { out: json } = await config(['get', key, '--json'], world)
    expect(JSON.parse(json)).toMatchObject({ error: { code: 'setting-not-found' } })
  })

  it('list all of them, secrets and what nobody here knows unseen', async () => {
    const { out } = await config(['list'], world)
    expect(out.split('\n')).toEqual([
      'browser=firefox',
      'refreshLeadSeconds=300',
      'later=[not known]',
      'providers.acme.clientId=x',
      `providers.acme.issuer=https://as.example/${'a'.repeat(300)}`,
      'providers.acme.clientSecret=[secret]',
      'providers.acme.scopes=["openid"]',
      'providers.claude.later=[not known]',
      'providers.claude.modes.max.enabled=false',
      '',
    ])
    const { out: json } = await config(['list', '--json'], world)
    expect(JSON.parse(json)).toMatchObject({
      settings: { providers: { acme: { clientSecret: '[secret]' }, claude: { later: '[not known]' } } },
    })
    expect(out + json).not.toContain('S3CRET')
  })

  it('X2: print no escape sequence that stands in the file', async () => {
    const odd = { config: { browser: '\u001b]52;c;x\u0007', notify: ['\u009b2J'], ['\u001b[2J']: 1 } }
    for (const argv of [['list'], ['get', 'browser'], ['get', 'notify']]) {
      expect((await config(argv, odd)).out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
    }
  })
})

describe('aiauth config path', () => {
  it('prints where it is', async () => {
    expect((await config(['path'])).out).toBe('/home/ada/.config/aiauth/config.json\n')
    expect(JSON.parse((await config(['path', '--json'])).out)).toEqual({ path: '/home/ada/.config/aiauth/config.json' })
  })
})
