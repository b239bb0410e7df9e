import { describe, expect, it } from 'vitest'
import { formatAuthFile, newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import { EXIT_CODES, AuthError } from '../../src/model/errors.ts'
import type { Account } from '../../src/model/account.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

const fileWith = (...accounts: Account[]) => ({ ...newAuthFile('f'), storage: 'keychain', accounts })
const JSON_TYPE = { 'content-type': 'application/json' }
const GRANT = { access_token: 'AT-LEAK', refresh_token: 'RT-LEAK', expires_in: 28_800, token_type: 'Bearer' }
const PROFILE = {
  account: { uuid: 'acc-1', email: 'ada@example.com' },
  organization: { organization_type: 'claude_pro' },
}
const replies = [GRANT, PROFILE].map((body) => () => ({ headers: JSON_TYPE, body: JSON.stringify(body) }))
const SIGN_IN: FakeWorld = { answers: replies, browse: (url) => `code=C&state=${url.searchParams.get('state') ?? ''}` }

async function run(argv: string[], world: FakeWorld = {}, prepare: (ports: FakePorts) => void = () => undefined) {
  const ports = fakePorts(world)
  prepare(ports)
  const exitCode = await runCli(argv, ports, { json: argv.includes('--json'), debug: argv.includes('--debug') })
  return { ports, exitCode, out: ports.stdout.join(''), err: ports.stderr.join('') }
}
const withBundle = (ports: FakePorts) => void ports.bundles.set(bundle().accountId, bundle())

describe('aiauth', () => {
  it.each(['--help', 'help', 'login --help', 'status --help', 'token --help', 'logout --help', 'providers --help'])(
    'prints help with examples for %s and exits 0',
    async (words) => {
      const { exitCode, out, err } = await run(words.split(' '))
      expect([exitCode, err]).toEqual([0, ''])
      expect(out).toMatch(/Usage: aiauth/)
      if (words !== 'providers --help') expect(out).toContain('Examples:')
    },
  )

  it('prints help for nothing at all', async () => expect((await run([])).out).toContain('Usage: aiauth'))

  it.each([
    [['stauts'], 'did you mean status?'],
    [['login', 'cluade'], 'did you mean claude?'],
    [['status', '--jsno'], 'did you mean --json?'],
    [['token', 'wrok'], 'did you mean work?'],
  ])('tells what was meant by %j', async (argv, hint) => {
    const { exitCode, err } = await run(argv, { file: fileWith(account()) })
    expect(err).toContain(hint)
    expect([2, 3]).toContain(exitCode)
  })

  it.each([
    ['an unknown command', ['frobnicate']],
    ['an unknown flag', ['status', '--frobnicate']],
    ['a duration that is none', ['login', 'claude', '--timeout', 'soon']],
    ['a port that is none', ['login', 'claude', '--port', '99999']],
    ['a name with a blank', ['login', 'claude', '--name', 'a b']],
    ['K9: an empty name', ['login', 'claude', '--name', '']],
    ['K9: a name like a path', ['login', 'claude', '--name', '../x']],
    ['K9: a look-alike name', ['login', 'claude', '--name', 'cl\u0430ude']],
    ['K9: a name of 300 letters', ['login', 'claude', '--name', 'a'.repeat(300)]],
    ['F6: a name of JavaScript’s', ['login', 'claude', '--name', '__proto__']],
    ['seconds that are none', ['token', '--min-validity', '1h']],
    ['a storage that is none', ['login', 'claude', '--accept-terms', '--storage', 'floppy']],
    ['a mode that is none', ['login', 'claude', '--mode', 'floppy']],
    ['a port that the client does not have', ['login', 'openai', '--port', '8080']],
    ['no provider and nobody to ask', ['login']],
    ['no account to sign out', ['logout']],
    ['an account and all', ['logout', 'work', '--all']],
  ])('exits 2 for %s, says one line and a hint, and changes nothing', async (_case, argv) => {
    const { exitCode, out, err, ports } = await run(argv, { file: fileWith(account({ name: 'other' })) })
    expect(exitCode).toBe(2)
    expect(out).toBe('')
    expect(err).toMatch(/^aiauth: error: [^\n]+\naiauth: hint: [^\n]+\n$/)
    expect(formatAuthFile(ports.current() ?? newAuthFile(''))).toBe(
      formatAuthFile(fileWith(account({ name: 'other' }))),
    )
  })

  it('X2: cleans what it repeats of the command line', async () => {
    const { err } = await run(['status', 'a\u001b]0;owned\u0007b'])
    expect(err).toContain('no account named ab')

    expect((await run(['fro\u001b[2Jb'])).err).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  })

  it('puts an error on stdout as JSON with --json, with the same exit code', async () => {
    const { exitCode, out, err } = await run(['token', 'nope', '--json'])
    expect([exitCode, err]).toEqual([3, ''])
    expect(JSON.parse(out)).toEqual({
      error: { code: 'account-not-found', message: 'no account named nope', hint: expect.any(String) as string },
    })
  })

  it('X7: calls a bug a bug, exits 70 and repeats none of its words', async () => {
    const { exitCode, err } = await run(['status', '--debug'], {}, (ports) => {
      Object.assign(ports.authFile, { read: () => { throw new TypeError('AT-LEAK') } }) // prettier-ignore
    })
    expect(exitCode).toBe(EXIT_CODES.internal)
    expect(err).toContain('this is a bug in aiauth (TypeError)')
    expect(err).toContain('    at ')
    expect(err).not.toContain('LEAK')
  })
})

const ELSEWHERE = /hint: or choose another storage: aiauth login claude --storage passphrase\n$/
const PLAINTEXT =
  'aiauth: warning: tokens are readable by anyone who can read /home/ada/.config/aiauth/vault.json (storage plaintext)\n'

describe('aiauth login', () => {
  it('keeps the account and says who is signed in, with the URL on a line of its own', async () => {
    const { exitCode, out, err, ports } = await run(['login', 'claude', '--accept-terms'], SIGN_IN)
    expect([exitCode, out]).toEqual([0, ''])
    expect(err).toMatch(/^https:\/\/claude\.com\/cai\/oauth\/authorize\?\S+$/m)
    expect(err).toContain('signed in as ada@example.com (account claude, tier pro, token lasts 8h, kept in: keychain)')
    const kept = ports.current()?.accounts[0]
    expect(kept).toMatchObject({ name: 'claude', provider: 'claude', mode: 'max', state: 'active', tier: 'pro' })
    expect(ports.bundles.get(kept?.id ?? '')?.tokens.refreshToken?.reveal()).toBe('RT-LEAK')
    expect(formatAuthFile(ports.current() ?? newAuthFile(''))).not.toContain('LEAK')
  })

  it('prints the account as JSON and no token', async () => {
    const { out, err } = await run(['login', 'claude', '--accept-terms', '--json', '--name', 'work'], SIGN_IN)
    expect(JSON.parse(out)).toMatchObject({ account: { name: 'work', state: 'active', expiresInSeconds: 28_800 } })
    expect(out + err).not.toContain('LEAK')
  })

  it('shows the vendor’s terms once, and goes on only after a yes', async () => {
    const refused = await run(['login', 'claude'], SIGN_IN)
    expect(refused.exitCode).toBe(2)
    expect(refused.err).toContain('https://code.claude.com/docs/en/legal-and-compliance')
    expect(refused.err).toContain('--accept-terms')
    expect(refused.ports.requests).toEqual([])
    const typed = await run(['login', 'claude'], { ...SIGN_IN, interactive: true, typed: ['y'] })
    expect(typed.exitCode).toBe(0)
    expect(typed.ports.settings.read()).toMatchObject({
      providers: { claude: { modes: { max: { acceptedTerms: true } } } },
    })
    const declined = await run(['login', 'claude'], { ...SIGN_IN, interactive: true, typed: [''] })
    expect(declined.exitCode).toBe(2)
    const before = await run(['login', 'claude'], {
      ...SIGN_IN,
      config: { providers: { claude: { acceptedTerms: true } } },
    })
    expect(before.exitCode).toBe(0)
  })

  it('shows no terms where the endpoints are somebody else’s', async () => {
    const own = { authorizationEndpoint: 'http://127.0.0.1:9/a', tokenEndpoint: 'http://127.0.0.1:9/t' }
    const { exitCode, err } = await run(['login', 'claude'], { ...SIGN_IN, config: { providers: { claude: own } } })
    expect([exitCode, err.includes('terms')]).toEqual([0, false])
  })

  it('refuses a name that is taken, in any capitals, before a browser opens', async () => {
    const world = { ...SIGN_IN, file: fileWith(account({ name: 'Claude' })) }
    const { exitCode, err, ports } = await run(['login', 'claude', '--accept-terms'], world)
    expect(exitCode).toBe(2)
    expect(err).toContain('--name')
    expect(ports.openPorts.size + ports.requests.length).toBe(0)
  })

  it.each([
    [
      'K2: no keychain and no choice',
      new AuthError('storage-unavailable', 'no keychain here', { hint: 'start one' }),
      /hint: start one\naiauth: hint: or AIAUTH_STORAGE=passphrase .*\naiauth: hint: or AIAUTH_STORAGE=plaintext.*\n$/,
    ],
    ['K3: a locked keychain', new AuthError('storage-locked', 'the keychain is locked'), ELSEWHERE],
    ['K4: a silent keychain', new AuthError('storage-timed-out', 'the keychain does not answer'), ELSEWHERE],
  ])('%s: exits 7 before a browser opens', async (_case, brokenVault, hint) => {
    const { exitCode, err, ports } = await run(['login', 'claude', '--accept-terms'], { ...SIGN_IN, brokenVault })
    expect(exitCode).toBe(7)
    expect(err).toContain(brokenVault.message)
    expect(err).toMatch(hint)
    expect(ports.requests).toEqual([])
    expect(ports.current()).toBeUndefined()
  })

  it('F14: exits 7 before a browser opens when its folder cannot be written', async () => {
    const readOnly = new AuthError('storage-unavailable', 'auth.json.lock cannot be written (EROFS)')
    const { exitCode, err, ports } = await run(['login', 'claude', '--accept-terms'], { ...SIGN_IN, readOnly })
    expect([exitCode, ports.requests]).toEqual([7, []])
    expect(err).not.toContain('https://claude.com/cai')
  })

  it('writes down the storage that was chosen, also after another one that holds nothing any more', async () => {
    const file = { ...newAuthFile('f'), storage: 'keychain' }
    const { ports } = await run(['login', 'claude', '--accept-terms', '--storage', 'plaintext'], { ...SIGN_IN, file })
    expect(ports.current()).toMatchObject({ storage: 'plaintext', accounts: [{ secret: { store: 'plaintext' } }] })
  })

  it('refuses another storage than the accounts here have', async () => {
    const world = { ...SIGN_IN, file: fileWith(account()), variables: { AIAUTH_STORAGE: 'plaintext' } }
    const { exitCode, err } = await run(['login', 'claude', '--accept-terms'], world)
    expect([exitCode, err.includes('keychain')]).toEqual([2, true])
  })

  it('says each time that plaintext can be read', async () => {
    const { err } = await run(['login', 'claude', '--accept-terms', '--storage', 'plaintext'], SIGN_IN)
    expect(err).toContain(PLAINTEXT)
  })
})

describe('aiauth status', () => {
  it('says each time that plaintext can be read, and nothing of it beside JSON, which names the storage', async () => {
    const file = fileWith(account({ secret: { store: 'plaintext', generation: 1, renewable: true } }))
    expect((await run(['status'], { file })).err).toBe(PLAINTEXT)
    expect((await run(['status', '--json'], { file })).err).toBe('')
    expect((await run(['status'], { file: fileWith(account()) })).err).toBe('')
  })

  it('exits 0 and says what to type when nobody is signed in', async () => {
    const { exitCode, out, err } = await run(['status'])
    expect([exitCode, out]).toEqual([0, ''])
    expect(err).toContain('aiauth login claude')
    expect(JSON.parse((await run(['status', '--json'])).out)).toEqual({
      schemaVersion: 1,
      accounts: [],
      effective: { account: null, why: 'nobody is signed in' },
    })
  })

  it('shows name, provider and mode, who, tier, state, time left and storage', async () => {
    const { out } = await run(['status'], { file: fileWith(account()) })
    expect(out).toMatch(/NAME +PROVIDER +WHO +TIER +STATE +EXPIRES IN +STORAGE/)
    expect(out).toMatch(/\* +work +claude\/max +ada@example.com +max_20x +active +2h +keychain/)
  })

  it.each([
    ['a token that is over and renewable', { expiresAt: '2026-11-21T09:55:00Z' }, 'expired'],
    [
      'a token that is over without a way to renew it',
      { expiresAt: '2026-11-21T09:55:00Z', secret: { store: 'keychain', generation: 1, renewable: false } },
      'needs-login',
    ],
    [
      'a refresh token that is over too',
      { expiresAt: '2026-11-21T09:55:00Z', refreshExpiresAt: '2026-11-21T09:56:00Z' },
      'needs-login',
    ],
    ['an expiry that nobody told', { expiresAt: null, state: 'created' }, 'created'],
  ] as const)('tells %s truthfully', async (_case, facts, state) => {
    const world = { file: fileWith(account({ ...facts })) }
    expect((await run(['status'], world)).out).toContain(state)
    const { accounts } = JSON.parse((await run(['status', '--json'], world)).out) as { accounts: { state: string }[] }
    expect(accounts[0]?.state).toBe(state)
  })

  it('X13: never touches the network or the vault', async () => {
    const brokenVault = new AuthError('storage-locked', 'locked')
    const { exitCode, ports } = await run(['status', '--json'], { file: fileWith(account()), brokenVault })
    expect([exitCode, ports.requests]).toEqual([0, []])
  })

  it('shows the accounts also when AIAUTH_ACCOUNT names none, and says so', async () => {
    const { exitCode, out } = await run(['status', '--json'], {
      file: fileWith(account()),
      variables: { AIAUTH_ACCOUNT: 'x' },
    })
    expect(exitCode).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ effective: { account: null, why: 'AIAUTH_ACCOUNT: no account named x' } })
  })

  it('exits 3 for an account that does not exist', async () => {
    expect((await run(['status', 'nope'], { file: fileWith(account()) })).exitCode).toBe(3)
  })
})

describe('aiauth token', () => {
  it('X4: prints the stored token and a newline, nothing else', async () => {
    const { exitCode, out, err } = await run(['token', 'work'], { file: fileWith(account()) }, withBundle)
    expect([exitCode, out, err]).toEqual([0, 'AT-1\n', ''])
  })

  it('finds the account by its provider, by AIAUTH_ACCOUNT, or without a word', async () => {
    const file = fileWith(account({ id: 'x', name: 'late', priority: 1 }), account())
    for (const [argv, variables] of [
      [['token', 'claude'], {}],
      [['token'], { AIAUTH_ACCOUNT: 'work' }],
      [['token'], {}],
    ] as const) {
      expect((await run([...argv], { file, variables }, withBundle)).out).toBe('AT-1\n')
    }
  })

  it('prints the contract’s JSON', async () => {
    const { out } = await run(['token', 'work', '--json'], { file: fileWith(account()) }, withBundle)
    expect(JSON.parse(out)).toEqual({
      token: 'AT-1',
      tokenType: 'Bearer',
      expiresAt: '2026-11-21T12:00:00.000Z',
      account: 'work',
      provider: 'claude',
    })
  })

  it('exits 4 when the token is over, or lasts less than was asked for, and nothing can renew it', async () => {
    const lasting = (expiresAt: string) => (ports: FakePorts) => {
      const tokens = { ...bundle().tokens, refreshToken: undefined, expiresAtMs: Date.parse(expiresAt) }
      ports.bundles.set(bundle().accountId, bundle({ tokens }))
    }
    const expired = await run(['token', 'work'], { file: fileWith(account()) }, lasting('2026-11-21T09:59:59Z'))
    expect([expired.exitCode, expired.out]).toEqual([4, ''])
    const argv = ['token', 'work', '--min-validity', '7201']
    const short = await run(argv, { file: fileWith(account()) }, lasting('2026-11-21T12:00:00Z'))
    expect([short.exitCode, short.out]).toEqual([4, ''])
  })

  it('K5: exits 7 when the secret is gone, and keeps the facts', async () => {
    const { exitCode, ports } = await run(['token', 'work'], { file: fileWith(account()) })
    expect(exitCode).toBe(7)
    expect(ports.current()?.accounts).toHaveLength(1)
  })
})

describe('aiauth logout', () => {
  const receipt = { headers: { 'request-id': 'r-1' }, body: '' }

  it('revokes the refresh token, then forgets secret and facts', async () => {
    const { exitCode, err, ports } = await run(
      ['logout', 'work'],
      { file: fileWith(account()), answers: [() => receipt] },
      withBundle,
    )
    expect(exitCode).toBe(0)
    expect(JSON.parse(ports.requests[0]?.body ?? '')).toMatchObject({ token: 'RT-1', token_type_hint: 'refresh_token' })
    expect(err).toContain('the provider has ended the grant')
    expect([ports.bundles.size, ports.current()?.accounts]).toEqual([0, []])
  })

  it.each([
    ['T31: without the receipt that Claude sends', () => ({ body: '' })],
    ['T31: when the provider refuses', () => ({ status: 400, body: '{"error":"unsupported_token_type"}' })],
    ['T31: when the provider is down', () => ({ status: 503, headers: { 'retry-after': '5' } })],
    ['T31: when the provider cannot be reached', () => { throw new AuthError('network', 'no route') }], // prettier-ignore
  ])('%s forgets the account and says plainly that it was not confirmed', async (_case, answer) => {
    const { exitCode, err, ports } = await run(
      ['logout', 'work'],
      { file: fileWith(account()), answers: [answer] },
      withBundle,
    )
    expect(exitCode).toBe(0)
    expect(err).toContain('did not confirm')
    expect(err).toContain('https://claude.ai/settings/claude-code')
    expect([ports.bundles.size, ports.current()?.accounts]).toEqual([0, []])
  })

  it('asks nobody with --local-only', async () => {
    const { ports, err } = await run(['logout', '--all', '--local-only'], { file: fileWith(account()) }, withBundle)
    expect([ports.requests, ports.bundles.size, ports.current()?.accounts]).toEqual([[], 0, []])
    expect(err).toContain('the provider was not told')
  })

  it('sends no token to a provider whose settings changed since the sign-in', async () => {
    const moved = { tokenEndpoint: 'https://as.example/t', revocationEndpoint: 'https://as.example/r' }
    const world = { file: fileWith(account()), config: { providers: { claude: moved } } }
    const { ports, err } = await run(['logout', 'work'], world, withBundle)
    expect(ports.requests).toEqual([])
    expect(err).toContain('did not confirm')
  })

  it('K3: forgets nothing when the keychain is locked', async () => {
    const brokenVault = new AuthError('storage-locked', 'the keychain is locked')
    const { exitCode, ports } = await run(['logout', 'work'], { file: fileWith(account()), brokenVault })
    expect([exitCode, ports.current()?.accounts.length]).toEqual([7, 1])
  })

  it('K5: can forget an account whose secret is gone, and does not claim that the grant has ended', async () => {
    const { exitCode, err, ports } = await run(['logout', 'work'], { file: fileWith(account()) })
    expect([exitCode, ports.current()?.accounts]).toEqual([0, []])
    expect(err).toContain('did not confirm')
  })

  it('K2: keeps an account whose keychain is not there, and says how to forget it all the same', async () => {
    const brokenVault = new AuthError('storage-unavailable', 'no keychain here', { hint: 'start one' })
    const world = { file: fileWith(account()), brokenVault }
    const kept = await run(['logout', 'work'], world)
    expect([kept.exitCode, kept.ports.current()?.accounts.length]).toEqual([7, 1])
    expect(kept.err).toContain('start one; to forget it here all the same: aiauth logout work --local-only')
    const forgotten = await run(['logout', 'work', '--local-only'], world)
    expect([forgotten.exitCode, forgotten.ports.current()?.accounts]).toEqual([0, []])
    expect(forgotten.err).toContain('its tokens may still be in the keychain (no keychain here)')
  })

  it('signs out of a provider that the settings no longer know, and says that it was not asked', async () => {
    const file = fileWith(account({ provider: 'acme', mode: 'default' }))
    const { exitCode, err, ports } = await run(['logout', 'work'], { file }, withBundle)
    expect([exitCode, ports.requests, ports.current()?.accounts]).toEqual([0, [], []])
    expect(err).toContain('acme did not confirm')
  })

  it('clears the default account when it goes', async () => {
    const file = { ...fileWith(account()), preferences: { ...newAuthFile('f').preferences, defaultAccount: 'work' } }
    const { ports } = await run(['logout', 'work', '--local-only'], { file })
    expect(ports.current()?.preferences.defaultAccount).toBeNull()
  })
})

describe('aiauth providers list', () => {
  it('shows who can be signed in to, also as JSON', async () => {
    expect((await run(['providers'])).out).toMatch(/^claude +Claude \(max, console, setup-token, api-key\)$/m)
    const { providers } = JSON.parse((await run(['providers', 'list', '--json'])).out) as { providers: object[] }
    expect(providers[1]).toMatchObject({
      id: 'openai',
      modes: ['codex', 'chatgpt', 'api-key'],
      builtIn: true,
      enabled: true,
      supportsPkce: true,
    })
  })

  it('shows the user’s own and what is switched off', async () => {
    const config = { providers: { acme: { clientId: 'x', issuer: 'https://as.example' }, openai: { enabled: false } } }
    const { out } = await run(['providers', 'list'], { config })
    expect(out).toMatch(/^acme +acme \(default\)$/m)
    expect(out).toMatch(/switched off/)
  })
})
