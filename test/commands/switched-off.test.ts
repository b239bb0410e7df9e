import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import type { Account, Preferences } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, type FakePorts, type FakeWorld } from '../fakes/ports.ts'
import { granted, timeIn } from '../fakes/renewing.ts'

const WORK = account()
const HOME = account({ id: 'b', name: 'home', priority: 1 })
const CHAT = account({ id: 'c', name: 'chat', provider: 'openai', mode: 'codex', priority: 2 })
const off = (one: Account): Account => ({ ...one, enabled: false })
const NO_CLAUDE = { providers: { claude: { enabled: false } } }
const NO_OPENAI = { providers: { openai: { enabled: false } } }
const BOTH = { providers: { claude: { enabled: false }, openai: { enabled: false } } }

function portsWith(accounts: readonly Account[], world: FakeWorld = {}, preferences: Partial<Preferences> = {}) {
  const empty = newAuthFile('f')
  const file = { ...empty, storage: 'keychain', accounts, preferences: { ...empty.preferences, ...preferences } }
  const ports = fakePorts({ file, ...world })
  for (const { id, name, provider, expiresAt } of accounts) {
    const expiresAtMs = Date.parse(expiresAt ?? '')
    const tokens = { ...bundle().tokens, accessToken: new Secret(`AT-${name}`), expiresAtMs }
    ports.bundles.set(id, bundle({ accountId: id, provider, tokens }))
  }
  return ports
}
async function run(argv: string[], ports: FakePorts) {
  const [before, said] = [ports.stdout.length, ports.stderr.length]
  const exitCode = await runCli(argv, ports, { json: argv.includes('--json'), debug: false })
  return { exitCode, out: ports.stdout.slice(before).join(''), err: ports.stderr.slice(said).join('') }
}
const refusal = (what: string, command: string) => ({
  exitCode: 2,
  out: '',
  err: `aiauth: error: ${what} is switched off\naiauth: hint: aiauth ${command}\n`,
})

describe('aiauth set', () => {
  it.each(['false', 'no', 'off', 'OFF'])('enabled=%s switches the account off', async (value) => {
    const ports = portsWith([WORK, HOME])
    const { exitCode, out, err } = await run(['set', 'work', `enabled=${value}`], ports)
    expect([exitCode, out, err]).toEqual([0, '', `aiauth: work: enabled=${value}\n`])
    const updatedAt = '2026-11-21T10:00:00.000Z'
    expect(ports.current()?.accounts).toEqual([{ ...WORK, enabled: false, updatedAt }, HOME])
  })

  it.each(['true', 'yes', 'on'])('enabled=%s leaves no trace of it', async (value) => {
    const ports = portsWith([off(WORK)])
    expect((await run(['set', 'work', `enabled=${value}`], ports)).exitCode).toBe(0)
    expect(Object.keys(ports.current()?.accounts[0] ?? {})).toEqual(Object.keys(WORK))
  })

  it.each([
    [WORK, 'enabled=yes'],
    [off(WORK), 'enabled=no'],
  ])('writes nothing when it is so already', async (one, pair) => {
    const ports = portsWith([one])
    Object.assign(ports.authFile, { update: () => Promise.reject(new Error('written')) })
    expect(await run(['set', 'work', pair], ports)).toMatchObject({
      exitCode: 0,
      err: `aiauth: work: ${pair}, as it was\n`,
    })
  })

  it('prints the account as JSON, with its provider’s switch taken into account', async () => {
    const shown = async (config: object) => {
      const { out } = await run(['set', 'work', 'enabled=on', '--json'], portsWith([off(WORK)], { config }))
      return JSON.parse(out) as object
    }
    expect(await shown({})).toMatchObject({ account: { name: 'work', enabled: true, state: 'active' } })
    expect(await shown(NO_CLAUDE)).toMatchObject({ account: { name: 'work', enabled: false } })
  })

  it.each([
    [['set', 'work', 'color=red'], 2, 'color=red sets nothing that is known'],
    [['set', 'work', '__proto__=1'], 2, '__proto__=1 sets nothing that is known'],
    [['set', 'work', 'enabled'], 2, 'enabled sets nothing that is known'],
    [['set', 'work', 'enabled=maybe'], 2, 'enabled must be true or false'],
    [['set', 'work', 'enabled='], 2, 'enabled must be true or false'],
    [['set', 'work', 'enabled=no', 'x=y'], 2, 'x=y sets nothing that is known'],
    [['set', 'work'], 2, 'missing required argument'],
    [['set', 'wrok', 'enabled=no'], 3, 'no account named wrok'],
  ])('refuses %j and changes nothing', async (argv, exitCode, words) => {
    const ports = portsWith([WORK])
    const refused = await run(argv, ports)
    expect([refused.exitCode, ports.current()?.accounts]).toEqual([exitCode, [WORK]])
    expect(refused.err).toContain(words)
    if (words.includes('enabled must')) {
      expect(refused.err).toContain('aiauth: hint: enabled=<true or false>\n')
    }
  })
})

describe('aiauth providers disable and enable', () => {
  it('switch a provider off and on again, with all its modes', async () => {
    const ports = portsWith([CHAT], { config: { providers: { openai: { modes: { codex: { enabled: true } } } } } })
    expect((await run(['providers', 'disable', 'openai'], ports)).err).toBe(
      'aiauth: the provider openai is switched off\n',
    )
    expect((await run(['providers', 'list'], ports)).out).toMatch(/^openai .*; switched off\)$/m)
    expect(await run(['token', 'chat'], ports)).toEqual(refusal('the provider openai', 'providers enable openai'))
    const { out } = await run(['providers', 'enable', 'openai', '--json'], ports)
    expect(JSON.parse(out)).toEqual({ provider: { id: 'openai', enabled: true } })
    expect((await run(['token', 'chat'], ports)).out).toBe('AT-chat\n')
  })

  it.each([
    ['disable', NO_OPENAI, 'aiauth: the provider openai is already switched off\n'],
    ['enable', {}, 'aiauth: the provider openai is already switched on\n'],
  ])('%s changes nothing when it is so already', async (verb, config, err) => {
    const ports = portsWith([], { config })
    Object.assign(ports.settings, { setEnabled: () => Promise.reject(new Error('written')) })
    expect(await run(['providers', verb, 'openai'], ports)).toEqual({ exitCode: 0, out: '', err })
  })

  it('exit 3 for a provider that nobody knows, and name the nearest', async () => {
    const { exitCode, err } = await run(['providers', 'disable', 'opnai'], portsWith([]))
    expect(exitCode).toBe(3)
    expect(err).toContain('aiauth: hint: did you mean openai? aiauth providers disable openai\n')
  })

  it('work for a provider of the user’s own', async () => {
    const acme = { clientId: 'x', issuer: 'https://as.example' }
    const ports = portsWith([], { config: { providers: { acme } } })
    await run(['providers', 'disable', 'acme'], ports)
    expect(ports.settings.read()).toMatchObject({ providers: { acme: { ...acme, enabled: false } } })
  })

  it('keep a sign-in away with a word about how to switch it on', async () => {
    const ports = portsWith([], { config: NO_CLAUDE })
    expect(await run(['login', 'claude'], ports)).toEqual(refusal('the provider claude', 'providers enable claude'))
  })
})

describe('aiauth token, exec and env', () => {
  it.each([
    ['the effective account', [off(WORK), HOME], {}, [], 'home'],
    ['the default account', [off(WORK), HOME], { defaultAccount: 'work' }, [], 'home'],
    ['the first of a provider', [off(WORK), HOME], {}, ['claude'], 'home'],
    ['the account that bears the provider’s name', [off({ ...WORK, name: 'claude' }), HOME], {}, ['claude'], 'home'],
    ['the preferred provider', [WORK, off(CHAT)], { preferredProvider: 'openai' }, [], 'work'],
    ['the first without fall-back', [off(WORK), HOME], { fallbackEnabled: false }, ['claude'], 'home'],
  ])('pass over %s when it is switched off', async (_case, accounts, preferences, argv, chosen) => {
    expect(await run(['token', ...argv], portsWith(accounts, {}, preferences))).toEqual({
      exitCode: 0,
      out: `AT-${chosen}\n`,
      err: '',
    })
  })

  it('pass over the accounts of a provider that is switched off', async () => {
    expect((await run(['token'], portsWith([WORK, CHAT], { config: NO_CLAUDE }))).out).toBe('AT-chat\n')
  })

  it('never fall back to an account that is switched off', async () => {
    const ports = portsWith([WORK, off(HOME)])
    ports.bundles.delete(WORK.id)
    expect(await run(['token', 'claude'], ports)).toMatchObject({ exitCode: 7, out: '' })
  })

  it.each([
    ['a name', ['work'], [off(WORK), HOME], {}, refusal('work', 'set work enabled=true')],
    ['a name', ['work'], [WORK, CHAT], NO_CLAUDE, refusal('the provider claude', 'providers enable claude')],
    ['a provider', ['claude'], [off(WORK), off(HOME)], {}, refusal('work', 'set work enabled=true')],
    ['a provider', ['claude'], [WORK, CHAT], NO_CLAUDE, refusal('the provider claude', 'providers enable claude')],
    ['nothing', [], [off(WORK)], {}, refusal('work', 'set work enabled=true')],
    ['nothing', [], [WORK, CHAT], BOTH, refusal('the provider claude', 'providers enable claude')],
  ])('refuse %s where all that is meant is switched off: %j', async (_case, argv, accounts, config, expected) => {
    expect(await run(['token', ...argv], portsWith(accounts, { config }))).toEqual(expected)
    expect(await run(['env', ...argv], portsWith(accounts, { config }))).toEqual(expected)
    expect(await run(['exec', ...argv, '--', 'cmd'], portsWith(accounts, { config }))).toEqual(expected)
  })

  it.each(['work', 'claude'])('refuse AIAUTH_ACCOUNT=%s when it is switched off', async (AIAUTH_ACCOUNT) => {
    const ports = portsWith([off(WORK), CHAT], { variables: { AIAUTH_ACCOUNT } })
    expect(await run(['token'], ports)).toEqual(refusal('work', 'set work enabled=true'))
  })
})

describe('aiauth refresh', () => {
  const late = (one: Account) => ({ ...one, expiresAt: timeIn(60) })

  it('does not list what is switched off', async () => {
    const ports = portsWith([off(late(WORK)), late(HOME)], { answers: [granted()] })
    const { exitCode, out } = await run(['refresh', '--json'], ports)
    expect([exitCode, ports.requests.length]).toEqual([0, 1])
    expect((JSON.parse(out) as { results: object[] }).results).toMatchObject([{ name: 'home', outcome: 'renewed' }])
  })

  it.each([[['--all']], [['work', 'chat', 'home']]])('skips it for %j, with the reason', async (argv) => {
    const ports = portsWith([off(WORK), CHAT, HOME], { config: NO_OPENAI, answers: [granted()] })
    const { exitCode, out, err } = await run(['refresh', ...argv], ports)
    expect([exitCode, ports.requests.length]).toEqual([0, 1])
    expect(out).toContain('work  skipped  work is switched off  (0.0s)\n')
    expect(out).toContain('chat  skipped  the provider openai is switched off  (0.0s)\n')
    expect(err).toContain('3 accounts in 0.0s: 1 renewed, 2 skipped')
  })
})

describe('aiauth status', () => {
  it('shows what is switched off as disabled, and gives no advice for it', async () => {
    const { out, err } = await run(['status'], portsWith([off({ ...WORK, state: 'needs-login' }), HOME]))
    expect(out).toMatch(/^ {3}work .* disabled /m)
    expect(out).toMatch(/^\* {2}home .* active /m)
    expect(err).toBe('')
  })

  it('says so in JSON beside the state', async () => {
    const { out } = await run(['status', '--json'], portsWith([off(WORK), HOME, CHAT], { config: NO_OPENAI }))
    expect(JSON.parse(out)).toMatchObject({
      accounts: [
        { name: 'work', enabled: false, state: 'active' },
        { name: 'home', enabled: true, state: 'active' },
        { name: 'chat', enabled: false, state: 'active' },
      ],
      effective: { account: 'home' },
    })
  })

  it.each([
    [{}, 'work is switched off'],
    [{ AIAUTH_ACCOUNT: 'work' }, 'AIAUTH_ACCOUNT: work is switched off'],
  ])('has no effective account where all are off, and says why: %j', async (variables, why) => {
    const { exitCode, out } = await run(['status', '--json'], portsWith([off(WORK)], { variables }))
    expect(exitCode).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ effective: { account: null, why } })
  })

  it.each([['--check'], ['--usage'], ['work', '--check', '--usage']])(
    'asks nobody about it with %s',
    async (...argv) => {
      const ports = portsWith([off({ ...WORK, state: 'needs-login' })])
      expect(await run(['status', ...argv], ports)).toMatchObject({ exitCode: 0, err: '' })
      expect(ports.requests).toEqual([])
    },
  )

  it('shows the accounts although config.json is damaged, and says that it is', async () => {
    const ports = portsWith([WORK])
    const read = () => {
      throw new AuthError('auth-file-invalid', 'config.json cannot be read: is not valid JSON')
    }
    Object.assign(ports.settings, { read })
    const { exitCode, out, err } = await run(['status'], ports)
    expect([exitCode, err]).toEqual([0, 'aiauth: warning: config.json cannot be read: is not valid JSON\n'])
    expect(out).toMatch(/^\* {2}work .* active /m)
  })
})

describe('aiauth why', () => {
  it('says first that the account is switched off, and what to type', async () => {
    const { out } = await run(['why', 'work'], portsWith([off(WORK)]))
    expect(out.split('\n').slice(0, 2)).toEqual([
      'work is switched off, so it is neither used nor renewed; to use it again: aiauth set work enabled=true',
      'work is active',
    ])
  })
})

describe('aiauth logout', () => {
  it('signs out of what is switched off, and tells the provider', async () => {
    const answers = [() => ({ headers: { 'request-id': 'r-1' } })]
    const ports = portsWith([off(WORK)], { config: NO_CLAUDE, answers })
    expect((await run(['logout', 'work'], ports)).err).toContain('the provider has ended the grant')
    expect([ports.requests.length, ports.current()?.accounts]).toEqual([1, []])
  })
})
