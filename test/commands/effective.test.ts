import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import type { Account, Preferences } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import { TOKEN } from '../../src/model/provider.ts'
import { MAY_SHADOW } from '../../src/model/shadow.ts'
import { allProviders } from '../../src/providers/registry.ts'
import { Secret } from '../../src/model/secret.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, type FakeWorld } from '../fakes/ports.ts'

const WORK = account()
const HOME = account({ id: 'b', name: 'home', priority: 1 })
const CHAT = account({ id: 'c', name: 'chat', provider: 'openai', mode: 'codex', priority: 2 })
const PATH = '/home/ada/project/.aiauth'

async function run(argv: string[], world: FakeWorld = {}, preferences: Partial<Preferences> = {}, onTerminal = false) {
  const empty = newAuthFile('f')
  const accounts: Account[] = [WORK, HOME, CHAT]
  const file = { ...empty, storage: 'keychain', accounts, preferences: { ...empty.preferences, ...preferences } }
  const ports = fakePorts({ file, ...world })
  for (const { id, name, provider } of accounts) {
    const tokens = { ...bundle().tokens, accessToken: new Secret(`AT-${name}`) }
    ports.bundles.set(id, bundle({ accountId: id, provider, tokens }))
  }
  if (onTerminal) Object.assign(ports.terminal, { outColumns: 200 })
  const exitCode = await runCli(argv, ports, { json: argv.includes('--json'), debug: false })
  return { exitCode, out: ports.stdout.join(''), err: ports.stderr.join(''), ports }
}

describe('a .aiauth file', () => {
  const preset = { name: 'home', path: PATH }

  it.each([['home'], ['openai']])(
    'that says %s decides where no account is named, and it is said once',
    async (name) => {
      const chosen = name === 'home' ? 'home' : 'chat'
      const world = { preset: { name, path: PATH } }
      const { out, err } = await run(['token'], world, { defaultAccount: 'work' })
      expect([out, err]).toEqual([`AT-${chosen}\n`, `aiauth: using ${chosen}, as ${PATH} says\n`])
      const { ports, err: said } = await run(['exec', '--', 'cmd'], world)
      expect(ports.programCalls[0]?.variables['AIAUTH_ACCOUNT']).toBe(chosen)
      expect(said).toBe(`aiauth: using ${chosen}, as ${PATH} says\n`)
      expect((await run(['env'], world)).err).toContain(`aiauth: using ${chosen}, as ${PATH} says\n`)
    },
  )

  it('has no say where an account is named, or AIAUTH_ACCOUNT is set', async () => {
    const odd = new AuthError('usage', `${PATH} must hold one name`)
    for (const one of [preset, odd]) {
      expect(await run(['token', 'work'], { preset: one })).toMatchObject({ out: 'AT-work\n', err: '' })
      const variables = { AIAUTH_ACCOUNT: 'chat' }
      expect(await run(['token'], { preset: one, variables })).toMatchObject({ out: 'AT-chat\n', err: '' })
    }
  })

  it('goes before the default account and the preferred provider', async () => {
    const { out } = await run(['token'], { preset }, { defaultAccount: 'work', preferredProvider: 'openai' })
    expect(out).toBe('AT-home\n')
  })

  it('is an error where it names nobody, and no other account is used', async () => {
    const unknown = await run(['token'], { preset: { name: 'theirs', path: PATH } }, { defaultAccount: 'work' })
    expect(unknown).toMatchObject({ exitCode: 3, out: '' })
    expect(unknown.err).toContain('no account named theirs')
    const odd = await run(['token'], { preset: new AuthError('usage', `${PATH} must hold one name`) })
    expect(odd).toMatchObject({ exitCode: 2, out: '', err: `aiauth: error: ${PATH} must hold one name\n` })
  })
})

describe('aiauth use', () => {
  const warning = (words: string) => `aiauth: warning: ${words}\n`

  it.each([
    [
      { variables: { AIAUTH_ACCOUNT: 'home' } },
      warning('AIAUTH_ACCOUNT goes before it here: home is used where none is named'),
    ],
    [
      { preset: { name: 'openai', path: PATH } },
      warning(`${PATH} goes before it here: chat is used where none is named`),
    ],
    [
      { variables: { AIAUTH_ACCOUNT: 'theirs' } },
      warning('nobody is used here where none is named: no account named theirs'),
    ],
    [
      { preset: new AuthError('usage', `${PATH} must hold one name`) },
      warning(`nobody is used here where none is named: ${PATH} must hold one name`),
    ],
    [{ variables: { AIAUTH_ACCOUNT: 'work' } }, ''],
    [{ preset: { name: 'claude', path: PATH } }, ''],
    [{}, ''],
  ] as [FakeWorld, string][])('warns of what goes before the new default account: %#', async (world, told) => {
    const { exitCode, err } = await run(['use', 'work'], world)
    expect([exitCode, err]).toEqual([0, `aiauth: work is the default account (there was none)\n${told}`])
  })
})

describe('aiauth status', () => {
  const effective = async (...args: Parameters<typeof run> extends [unknown, ...infer Rest] ? Rest : never) =>
    (JSON.parse((await run(['status', '--json'], ...args)).out) as { effective: unknown }).effective

  it.each([
    [{ preset: { name: 'home', path: PATH } }, {}, 'home', PATH],
    [{ preset: { name: 'home', path: PATH } }, { defaultAccount: 'work' }, 'home', `${PATH}, before the default work`],
    [
      { variables: { AIAUTH_ACCOUNT: 'chat' } },
      { defaultAccount: 'work' },
      'chat',
      'AIAUTH_ACCOUNT, before the default work',
    ],
    [{ preset: { name: 'theirs', path: PATH } }, {}, null, `${PATH}: no account named theirs`],
    [{ preset: new AuthError('usage', `${PATH} must hold one name`) }, {}, null, `${PATH} must hold one name`],
  ] as [FakeWorld, Partial<Preferences>, string | null, string][])(
    'tells in JSON who is used when none is named, and why: %#',
    async (world, preferences, name, why) => {
      expect(await effective(world, preferences)).toEqual({ account: name, why })
    },
  )

  it('tells it below the table on a terminal, and nowhere else', async () => {
    const shown = (await run(['status'], {}, { defaultAccount: 'home' }, true)).out.split('\n')
    expect(shown[2]).toMatch(/^\* {2}home /)
    expect(shown.slice(-2)).toEqual(['* used when none is named: the default account', ''])
    expect((await run(['status'], {}, { defaultAccount: 'home' })).out).not.toContain('used when none')
    expect((await run(['status', 'work'], {}, { defaultAccount: 'home' }, true)).out).not.toContain('used when none')
  })

  it('says so on stderr when a name that was given beforehand is of nobody', async () => {
    const { exitCode, err } = await run(['status'], { variables: { AIAUTH_ACCOUNT: 'theirs' } })
    const why = 'AIAUTH_ACCOUNT: no account named theirs'
    expect([exitCode, err]).toEqual([0, `aiauth: hint: nobody is used when none is named: ${why}\n`])
  })

  it('names every variable that stands in the way of an account, once, and no value', async () => {
    const variables = {
      ANTHROPIC_API_KEY: 'S3CRET',
      CLAUDE_CODE_OAUTH_TOKEN: 'S3CRET',
      OPENAI_API_KEY: 'S3CRET',
      OPENAI_BASE_URL: '',
      CLAUDE_CODE_ENTRYPOINT: 'cli',
    }
    const { exitCode, err } = await run(['status'], { variables })
    const line = (name: string, variable: string, harm: string) =>
      `aiauth: hint: ${name}: ${variable} is set: in programs that aiauth exec has not started, ${harm}; to be rid of it: unset ${variable}\n`
    expect([exitCode, err]).toEqual([
      0,
      line('work', 'CLAUDE_CODE_OAUTH_TOKEN', 'it would be used in place of this account') +
        line('work', 'ANTHROPIC_API_KEY', 'it would bill your API account') +
        line('chat', 'OPENAI_API_KEY', 'it would bill your API account'),
    ])
  })

  it('is silent about what exec and env have set, and about accounts that are switched off', async () => {
    const variables = { AIAUTH_TOKEN: 'AT-work', CLAUDE_CODE_OAUTH_TOKEN: 'AT-work', OPENAI_API_KEY: 'x' }
    const config = { providers: { openai: { enabled: false } } }
    expect((await run(['status'], { variables, config })).err).toBe('')
    const endpoint = 'https://gateway.example'
    const file = { ...newAuthFile('f'), storage: 'keychain', accounts: [{ ...WORK, endpoint }] }
    expect((await run(['status'], { file, variables: { ANTHROPIC_BASE_URL: endpoint } })).err).toBe('')
    expect((await run(['status'], { file, variables: { ANTHROPIC_BASE_URL: 'https://x' } })).err).toContain('somewhere')
  })

  it('looks for every variable that a recipe knows', () => {
    const recipes = allProviders({}).map(({ environment }) => environment)
    const names = recipes.flatMap(({ set, remove }) => [
      ...Object.keys(remove),
      ...Object.entries(set('x')).flatMap(([name, value]) => (value === TOKEN ? [name] : [])),
    ])
    expect(names.length).toBeGreaterThan(10)
    expect(names.filter((name) => !MAY_SHADOW.test(name))).toEqual([])
  })
})
