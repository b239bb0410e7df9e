import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import type { Account, Preferences } from '../../src/model/account.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

const WORK = account()
const HOME = account({ id: 'b', name: 'home', priority: 1 })
const CHAT = account({ id: 'c', name: 'chat', provider: 'openai', mode: 'codex', priority: 2 })
const UPDATED = { updatedAt: '2026-11-21T10:00:00.000Z' }

function portsWith(accounts: readonly Account[], world: FakeWorld = {}, preferences: Partial<Preferences> = {}) {
  const empty = newAuthFile('f')
  const file = { ...empty, storage: 'keychain', accounts, preferences: { ...empty.preferences, ...preferences } }
  const ports = fakePorts({ file, ...world })
  for (const { id, provider } of accounts) ports.bundles.set(id, bundle({ accountId: id, provider }))
  return ports
}
const readOnly = (ports: FakePorts) => {
  Object.assign(ports.authFile, { update: () => Promise.reject(new Error('written')) })
  return ports
}
async function run(argv: string[], ports: FakePorts) {
  const [before, said] = [ports.stdout.length, ports.stderr.length]
  const exitCode = await runCli(argv, ports, { json: argv.includes('--json'), debug: false })
  return { exitCode, out: ports.stdout.slice(before).join(''), err: ports.stderr.slice(said).join('') }
}
const lines = (...all: string[]) => all.map((line) => `aiauth: ${line}\n`).join('')

describe('aiauth list', () => {
  it('prints a line an account, its name first, and marks the default and what is switched off', async () => {
    const ports = portsWith([WORK, HOME, { ...CHAT, enabled: false }], {}, { defaultAccount: 'b' })
    const { exitCode, out, err } = await run(['list'], ports)
    expect([exitCode, err]).toEqual([0, ''])
    expect(out).toBe('work  claude/max\nhome  claude/max, default\nchat  openai/codex, disabled\n')
  })

  it('prints with --json what status prints of the accounts', async () => {
    const ports = portsWith([WORK, HOME], {}, { defaultAccount: 'b' })
    const parsed = async (argv: string[]) => JSON.parse((await run(argv, ports)).out) as { accounts: object[] }
    const listed = await parsed(['list', '--json'])
    expect(listed).toEqual({ schemaVersion: 1, accounts: (await parsed(['status', '--json'])).accounts })
    expect(listed.accounts).toMatchObject([{ isDefault: false }, { isDefault: true }])
  })

  it('says that nobody is signed in', async () => {
    expect(await run(['list'], fakePorts())).toEqual({
      exitCode: 0,
      out: '',
      err: lines('nobody is signed in; aiauth login claude, or aiauth login openai'),
    })
    expect(JSON.parse((await run(['list', '--json'], fakePorts())).out)).toEqual({ schemaVersion: 1, accounts: [] })
  })

  it('X2: shows nothing of an escape sequence that stands in the file', async () => {
    const { out } = await run(['list'], portsWith([account({ name: 'a\u001b[2Jb', mode: '\u001b]52;c;x\u0007m' })]))
    expect(out).not.toContain('\u001b')
  })
})

describe('aiauth use', () => {
  it.each([
    [{}, 'home is the default account (there was none)'],
    [{ defaultAccount: WORK.id }, 'home is the default account (it was work)'],
    [{ defaultAccount: 'work' }, 'home is the default account (it was work)'],
  ])('makes an account the default and says what it was: %j', async (preferences, said) => {
    const ports = portsWith([WORK, HOME], {}, preferences)
    expect(await run(['use', 'home'], ports)).toEqual({ exitCode: 0, out: '', err: lines(said) })
    expect((await run(['token'], ports)).exitCode).toBe(0)
    expect((await run(['list'], ports)).out).toContain('home  claude/max, default\n')
    expect(ports.current()?.accounts).toEqual([WORK, HOME])
  })

  it('--none clears it', async () => {
    const ports = portsWith([WORK, HOME], {}, { defaultAccount: 'b' })
    const { out, err } = await run(['use', '--none', '--json'], ports)
    expect(err).toBe(lines('there is no default account (it was home)'))
    expect(JSON.parse(out)).toEqual({ default: null, previous: 'home' })
    expect(ports.current()?.preferences.defaultAccount).toBeNull()
  })

  it.each([
    [['use', 'home'], { defaultAccount: 'b' }, 'home is the default account, as it was'],
    [['use', '--none'], {}, 'there is no default account, as it was'],
  ])('writes nothing when it is so already: %j', async (argv, preferences, said) => {
    const ports = readOnly(portsWith([WORK, HOME], {}, preferences))
    expect(await run(argv, ports)).toEqual({ exitCode: 0, out: '', err: lines(said) })
  })

  it('warns where the account is switched off, for then another is used', async () => {
    const { exitCode, err } = await run(['use', 'work'], portsWith([{ ...WORK, enabled: false }, HOME]))
    expect(exitCode).toBe(0)
    expect(err).toContain('warning: work is switched off, so another is used until it is switched on: aiauth set work')
  })

  it.each([
    [['use'], 2, 'which account?'],
    [['use', 'work', '--none'], 2, 'not both'],
    [['use', 'wrok'], 3, 'no account named wrok'],
    [['use', 'claude'], 3, 'no account named claude'],
  ])('refuses %j and changes nothing', async (argv, exitCode, words) => {
    const refused = await run(argv, readOnly(portsWith([WORK])))
    expect(refused.exitCode).toBe(exitCode)
    expect(refused.err).toContain(words)
  })
})

describe('aiauth rename', () => {
  it('changes the name and nothing else, and the default account stays the default', async () => {
    for (const defaultAccount of [WORK.id, 'work']) {
      const ports = portsWith([WORK, HOME], {}, { defaultAccount })
      const said = { exitCode: 0, out: '', err: lines('work is named team now') }
      expect(await run(['rename', 'work', 'team'], ports)).toEqual(said)
      expect(ports.current()?.accounts).toEqual([{ ...WORK, name: 'team', ...UPDATED }, HOME])
      expect((await run(['list'], ports)).out).toContain('team  claude/max, default\n')
      expect((await run(['token', 'team'], ports)).out).toBe('AT-1\n')
    }
  })

  it('may change the case or the marks of its own name', async () => {
    const ports = portsWith([WORK])
    expect((await run(['rename', 'work', 'Work'], ports)).exitCode).toBe(0)
    expect((await run(['rename', 'Work', 'w-ork', '--json'], ports)).out).toContain('"name": "w-ork"')
  })

  it('writes nothing when it is its name already', async () => {
    const ports = readOnly(portsWith([WORK]))
    expect(await run(['rename', 'work', 'work'], ports)).toMatchObject({ err: lines('work is its name already') })
  })

  it.each([
    [['rename', 'work', 'home'], 2, 'an account named home exists'],
    [['rename', 'work', 'HOME'], 2, 'an account named home exists'],
    [['rename', 'work', 'h0me'], 2, 'h0me is easily taken for the account home'],
    [['rename', 'work', 'ho-me'], 2, 'ho-me is easily taken for the account home'],
    [['rename', 'work', 'openai'], 2, 'openai is the name of a provider, and the account is of claude'],
    [['rename', 'work', '0pen-AI'], 2, '0pen-AI is easily taken for the name of a provider'],
    [['rename', 'nope', 'x'], 3, 'no account named nope'],
    [['rename', 'work'], 2, 'missing required argument'],
  ])('refuses %j and changes nothing', async (argv, exitCode, words) => {
    const ports = portsWith([WORK, HOME])
    const refused = await run(argv, ports)
    expect([refused.exitCode, ports.current()?.accounts]).toEqual([exitCode, [WORK, HOME]])
    expect(refused.err).toContain(words)
  })

  it.each(['', '-x', '.hidden', 'a b', 'a/b', 'ä', 'a\u001b[2J', 'a\nb', 'x'.repeat(65), '../x', '$(id)'])(
    'X2: refuses the name %j',
    async (name) => {
      const refused = await run(['rename', 'work', '--', name], readOnly(portsWith([WORK])))
      expect(refused.exitCode).toBe(2)
      expect(refused.err).not.toContain('\u001b')
    },
  )

  it('may give an account the id of its own provider', async () => {
    expect((await run(['rename', 'work', 'claude'], portsWith([WORK]))).exitCode).toBe(0)
  })
})

describe('aiauth login --name', () => {
  it.each([
    ['w0rk', 'w0rk is easily taken for the account work', 'aiauth login claude --name <another name>'],
    ['WORK', 'an account named work exists', '<another name>, or aiauth --reauthenticate work'],
    ['openai', 'openai is the name of a provider, and the account is of claude', '--name <another name>'],
    ['acme', 'acme is the name of a provider, and the account is of claude', '--name <another name>'],
  ])('refuses %s before the browser opens', async (name, fault, hint) => {
    const config = { providers: { acme: { clientId: 'x', issuer: 'https://as.example' } } }
    const ports = portsWith([WORK], { config })
    const { exitCode, err } = await run(['login', 'claude', '--accept-terms', '--name', name], ports)
    expect([exitCode, ports.requests, [...ports.openPorts]]).toEqual([2, [], []])
    expect(err).toContain(fault)
    expect(err).toContain(hint)
  })
})

describe('aiauth remove', () => {
  it('forgets the account here, asks no provider, and says where its grant goes on', async () => {
    const ports = portsWith([WORK, HOME], {}, { defaultAccount: 'work' })
    expect(await run(['remove', 'work'], ports)).toEqual({
      exitCode: 0,
      out: '',
      err: lines(
        'work is forgotten here',
        'hint: the grant of work lives on at claude; end it at https://claude.ai/settings/claude-code',
      ),
    })
    expect([ports.requests, ports.current()?.accounts, [...ports.bundles.keys()]]).toEqual([[], [HOME], ['b']])
    expect(ports.current()?.preferences.defaultAccount).toBeNull()
  })

  it('tells each of several in JSON', async () => {
    const key = account({ id: 'd', name: 'key', provider: 'openai', mode: 'api-key' })
    const linked = { ...CHAT, linkedTo: { tool: 'codex', path: '/home/ada/.codex/auth.json' } }
    const { out } = await run(['remove', 'key', 'chat', 'key', '--json'], portsWith([WORK, key, linked]))
    const page = 'https://platform.openai.com/api-keys'
    expect(JSON.parse(out)).toEqual({
      results: [
        { name: 'key', outcome: 'removed', message: `the key of key stays valid until it is deleted at ${page}` },
        { name: 'chat', outcome: 'removed', message: 'codex shares its grant and goes on with it' },
      ],
    })
  })

  it.each([
    ['n', 130, [WORK]],
    ['', 130, [WORK]],
    ['yes', 0, []],
  ])('asks on a terminal and takes %j as it is', async (answer, exitCode, left) => {
    const ports = portsWith([WORK], { interactive: true, typed: [answer] })
    const asked = await run(['remove', 'work'], ports)
    expect([asked.exitCode, ports.current()?.accounts]).toEqual([exitCode, left])
    expect(asked.err).toContain('forget work here, tokens and all? [y/N] ')
  })

  it('asks nothing with --yes', async () => {
    const ports = portsWith([WORK], { interactive: true })
    expect((await run(['remove', 'work', '--yes'], ports)).err).not.toContain('?')
    expect(ports.current()?.accounts).toEqual([])
  })

  it('forgets none where one of the names is wrong', async () => {
    const ports = portsWith([WORK])
    expect((await run(['remove', 'work', 'nope'], ports)).exitCode).toBe(3)
    expect(ports.current()?.accounts).toEqual([WORK])
  })

  it('works with settings that cannot be used', async () => {
    const { exitCode, err } = await run(['remove', 'work'], portsWith([WORK], { config: { providers: 5 } }))
    expect([exitCode, err]).toEqual([
      0,
      lines('work is forgotten here', 'hint: the grant of work lives on at claude; end it in your settings there'),
    ])
  })
})

describe('aiauth set', () => {
  const set = async (pairs: string[], one: Account = WORK) => {
    const ports = portsWith([one])
    const done = await run(['set', one.name, ...pairs], ports)
    return { ...done, account: ports.current()?.accounts[0] }
  }

  it.each([
    ['priority=7', { priority: 7 }],
    ['priority=-3', { priority: -3 }],
    ['endpoint=https://gateway.example/v1', { endpoint: 'https://gateway.example/v1' }],
    ['endpoint=http://127.0.0.1:4000', { endpoint: 'http://127.0.0.1:4000' }],
    ['notes= the seat of Ada & Bo=2 ', { notes: 'the seat of Ada & Bo=2' }],
    [`notes=${'ü'.repeat(500)}`, { notes: 'ü'.repeat(500) }],
    ['proxy=proxy.corp:3128', { proxy: 'http://proxy.corp:3128' }],
  ])('%s is kept with the account', async (pair, change) => {
    const done = await set([pair])
    expect([done.exitCode, done.account]).toEqual([0, { ...WORK, ...change, ...UPDATED }])
  })

  it.each([
    ['priority=', { priority: 4 }],
    ['endpoint=', { endpoint: 'https://gateway.example' }],
    ['notes=', { notes: 'x' }],
    ['proxy=', { proxy: 'http://proxy.corp:3128' }],
  ])('%s clears it', async (pair, change) => {
    expect((await set([pair], { ...WORK, ...change })).account).toEqual({ ...WORK, ...UPDATED })
  })

  it('sets several at once, or none where one is wrong', async () => {
    const both = await set(['priority=1', 'notes=x', 'enabled=off'])
    expect(both.account).toEqual({ ...WORK, priority: 1, notes: 'x', enabled: false, ...UPDATED })
    expect(both.err).toBe(lines('work: priority=1, notes=x, enabled=off'))
    const neither = await set(['priority=1', 'notes=x', 'proxy=socks5://h:1'])
    expect([neither.exitCode, neither.account]).toEqual([2, WORK])
  })

  it.each([
    ['priority=1.5', 'priority must be a whole number'],
    ['priority=1e3', 'priority must be a whole number'],
    ['priority=9999999', 'priority must be a whole number'],
    ['endpoint=http://gateway.example', 'endpoint must be an https address (http only on loopback)'],
    ['endpoint=https://ada:pw@gateway.example', 'endpoint must be'],
    ['endpoint=javascript:alert(1)', 'endpoint must be'],
    ['endpoint=https://x/$(id)', 'endpoint must be'],
    [`notes=${'x'.repeat(501)}`, 'notes must be a text on one line, at most 500 characters'],
    ['notes=a\nb', 'notes must be'],
    ['notes=\u001b[2J', 'notes must be'],
    ['notes=a\u202eb', 'notes must be'],
    ['proxy=http://ada:S3CRET@proxy.corp', 'proxy must not hold a user or a password'],
    ['proxy=socks5://proxy.corp:1080', 'proxy is a SOCKS proxy'],
    ['name=other', 'name=other sets nothing that is known'],
  ])('X2, T27: refuses %j and changes nothing', async (pair, words) => {
    const refused = await set([pair])
    expect([refused.exitCode, refused.account, refused.out]).toEqual([2, WORK, ''])
    expect(refused.err).toContain(words)
    expect(refused.err).not.toMatch(/S3CRET|\u001b|\u202e/)
  })

  it('names an endpoint to the programs that exec and env speak to', async () => {
    const endpoint = 'https://gateway.example/' + 'a'.repeat(300)
    const variables = { ANTHROPIC_BASE_URL: 'https://stray.example', SHELL: '/bin/bash' }
    const ports = portsWith(
      [
        { ...WORK, endpoint },
        { ...CHAT, endpoint },
      ],
      { variables },
    )
    const { out, err } = await run(['env', 'work', '--json'], ports)
    const { set: given, unset } = JSON.parse(out) as { set: Record<string, string>; unset: string[] }
    expect([given['ANTHROPIC_BASE_URL'], err]).toEqual([endpoint, ''])
    expect(unset).toContain('ANTHROPIC_API_KEY')
    expect(unset).not.toContain('ANTHROPIC_BASE_URL')
    await run(['exec', 'chat', '--', 'codex'], ports)
    expect(ports.programCalls[0]?.variables['OPENAI_BASE_URL']).toBe(endpoint)
  })

  it('gives no token to a program whose endpoint is none', async () => {
    const ports = portsWith([{ ...WORK, endpoint: 'gateway' }])
    const { exitCode, out, err } = await run(['env', 'work'], ports)
    expect([exitCode, out]).toEqual([2, ''])
    expect(err).toContain('the endpoint of work is no https address')
  })
})
