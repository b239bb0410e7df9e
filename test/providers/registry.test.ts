import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isSafeAddress } from '../../src/model/endpoint.ts'
import { record } from '../../src/model/untrusted.ts'
import { beginAuthorization } from '../../src/oauth/authorization.ts'
import { claude } from '../../src/providers/claude.ts'
import { openai } from '../../src/providers/openai.ts'
import { allProviders, getProvider, isAtVendor } from '../../src/providers/registry.ts'
import { VERSION } from '../../src/providers/user-agent.ts'

const BUILT_IN = allProviders({})
const SIGNED_IN_TO = BUILT_IN.filter(({ redirect }) => redirect !== undefined)
const withConfig = (providers: unknown) => record({ providers })
const refusal = (providers: unknown, id = 'claude') => {
  try {
    getProvider(withConfig(providers), id)
  } catch (error) {
    return error
  }
  return undefined
}

describe('the built-in providers', () => {
  it.each(SIGNED_IN_TO)('$id/$mode has https endpoints, a loopback redirect and each scope once', (provider) => {
    const endpoints = Object.entries(provider).filter(
      ([name, value]) => name.endsWith('Endpoint') && value !== undefined,
    )
    expect(endpoints.length).toBeGreaterThan(2)
    for (const [, address] of endpoints) expect(address).toMatch(/^https:\/\/[a-z.]+\.com\//)
    for (const [, address] of endpoints) expect(isSafeAddress(String(address))).toBe(true)
    expect(['localhost', '127.0.0.1']).toContain(provider.redirect?.host)
    expect(new Set(provider.scopes).size).toBe(provider.scopes.length)
    expect(isAtVendor(provider)).toBe(true)
    expect(provider.userAgent).toBe(`aiauth/${VERSION}`)
  })

  it('know keys and setup tokens as modes that nobody signs in to and no server hears of', () => {
    const handedOver = BUILT_IN.filter(({ redirect }) => redirect === undefined)
    const modes = handedOver.map(({ id, mode }) => `${id}/${mode}`)
    expect(modes).toEqual(['claude/setup-token', 'claude/api-key', 'openai/api-key'])
    for (const row of handedOver) {
      expect(Object.entries(row).filter(([name, value]) => name.endsWith('Endpoint') && value)).toEqual([])
      expect([row.terms, row.handedOver === undefined]).toEqual([undefined, false])
    }
    expect(getProvider({}, 'openai').mode).toBe('codex')
    expect(getProvider({}, 'claude').mode).toBe('max')
  })

  it('never let an API key reach an address that was meant for tokens', () => {
    const moved = { tokenEndpoint: 'https://as.example/t', usageEndpoint: 'https://as.example/u', clientId: 'x' }
    for (const openai of [moved, { modes: { 'api-key': { ...moved, issuer: 'https://as.example' } } }]) {
      expect(getProvider(withConfig({ openai }), 'openai', 'api-key')).toEqual(getProvider({}, 'openai', 'api-key'))
    }
  })

  it('are named once each', () => {
    expect(new Set(BUILT_IN.map(({ id, mode }) => `${id}/${mode}`)).size).toBe(BUILT_IN.length)
  })

  it('carry the version of the package', () => {
    const manifest = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')
    expect(VERSION).toBe((JSON.parse(manifest) as { version: string }).version)
  })
})

describe('the authorization address', () => {
  const parametersOf = async (provider: typeof claude, redirectUri: string) => {
    const { url } = await beginAuthorization(provider, redirectUri)
    return { url, parameters: Object.fromEntries(new URL(url).searchParams) }
  }

  it('U1, U5: is Claude Code 2.1’s, parameter by parameter, for claude', async () => {
    const { url, parameters } = await parametersOf(claude, 'http://localhost:41795/callback')
    expect(url.split('?')[0]).toBe('https://claude.com/cai/oauth/authorize')
    expect(parameters).toEqual({
      code: 'true',
      client_id: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
      response_type: 'code',
      redirect_uri: 'http://localhost:41795/callback',
      scope: 'user:profile user:inference user:sessions:claude_code user:mcp_servers user:file_upload',
      code_challenge: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as string,
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as string,
    })
    expect(url).not.toContain('+')
    expect(url).toContain('user%3Aprofile%20user%3Ainference')
  })

  it('U1, U15: is Codex 0.169’s with our own originator for openai', async () => {
    const { url, parameters } = await parametersOf(openai, 'http://127.0.0.1:1455/auth/callback')
    expect(url.split('?')[0]).toBe('https://auth.openai.com/oauth/authorize')
    expect(parameters).toEqual({
      response_type: 'code',
      client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
      redirect_uri: 'http://127.0.0.1:1455/auth/callback',
      scope: 'openid profile email offline_access api.connectors.read api.connectors.invoke',
      code_challenge: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as string,
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as string,
      id_token_add_organizations: 'true',
      codex_cli_simplified_flow: 'true',
      originator: 'aiauth',
    })
  })
})

describe('who signed in', () => {
  const nothing = { tokenResponse: {}, claims: {}, profile: {} }
  const organization = (fields: object) => ({ ...nothing, profile: { organization: fields } })

  it.each([
    [{ organization_type: 'claude_max', rate_limit_tier: 'default_claude_max_20x' }, 'max_20x'],
    [{ organization_type: 'claude_max', rate_limit_tier: 'default_claude_max_5x' }, 'max_5x'],
    [{ organization_type: 'claude_max', rate_limit_tier: 'something_new' }, 'max'],
    [{ organization_type: 'claude_pro', rate_limit_tier: 'default_claude_ai' }, 'pro'],
    [{ organization_type: 'claude_team' }, 'team'],
    [{ organization_type: 'a_plan_of_2027' }, 'a_plan_of_2027'],
    [{}, undefined],
  ])('%j at Claude is the tier %s', (fields, tier) => expect(claude.identify(organization(fields)).tier).toBe(tier))

  it('is taken from the token response where Claude has no profile for us', () => {
    const tokenResponse = { account: { uuid: 'u', email_address: 'a@b.c' }, organization: { uuid: 'o', name: 'O' } }
    expect(claude.identify({ ...nothing, tokenResponse })).toEqual({
      email: 'a@b.c',
      accountId: 'u',
      tier: undefined,
      organizations: [{ id: 'o', name: 'O' }],
    })
  })

  it.each(['plus', 'pro', 'self_serve_business_prolite', 'a plan of 2027'])(
    'keeps OpenAI’s plan %s as it is spelt',
    (plan) => {
      const claims = {
        email: 'a@b.c',
        'https://api.openai.com/auth': { chatgpt_account_id: 'w', chatgpt_plan_type: plan },
      }
      expect(openai.identify({ ...nothing, claims })).toMatchObject({ email: 'a@b.c', accountId: 'w', tier: plan })
    },
  )

  it('X1: is cleaned, whatever a provider sends', () => {
    const claims = { email: 'a\u001b]0;x\u0007@b.c', 'https://api.openai.com/auth': 'nonsense' }
    expect(openai.identify({ ...nothing, claims })).toMatchObject({ email: 'a@b.c', tier: undefined })
  })
})

describe('config.json: providers', () => {
  it('moves an endpoint, for all modes or for one', () => {
    const forAll = { tokenEndpoint: 'http://127.0.0.1:9/token', modes: { max: { clientId: 'mine' } } }
    expect(getProvider(withConfig({ claude: forAll }), 'claude')).toMatchObject({
      tokenEndpoint: 'http://127.0.0.1:9/token',
      authorizationEndpoint: claude.authorizationEndpoint,
      clientId: 'mine',
    })
  })

  it('never lets a token of another party reach the vendor’s endpoints', () => {
    const moved = getProvider(withConfig({ claude: { tokenEndpoint: 'https://as.example/token' } }), 'claude')
    expect(moved).toMatchObject({ profileEndpoint: undefined, usageEndpoint: undefined, revocationEndpoint: undefined })
    expect(isAtVendor(moved)).toBe(false)
    const within = getProvider(
      withConfig({ claude: { tokenEndpoint: 'https://api.anthropic.com/v1/oauth/token' } }),
      'claude',
    )
    expect(within.profileEndpoint).toBe(claude.profileEndpoint)
  })

  it('takes all endpoints from a new issuer', () => {
    const moved = getProvider(withConfig({ openai: { issuer: 'http://127.0.0.1:9' } }), 'openai')
    expect(moved).toMatchObject({
      authorizationEndpoint: undefined,
      tokenEndpoint: undefined,
      issuer: 'http://127.0.0.1:9',
    })
  })

  it('adds a provider of the user’s own', () => {
    const own = {
      clientId: 'x',
      issuer: 'https://as.example',
      scopes: ['openid'],
      redirect: { host: 'localhost', ports: [0], path: '/cb' },
    }
    expect(getProvider(withConfig({ acme: own }), 'acme')).toMatchObject({
      id: 'acme',
      mode: 'default',
      builtIn: false,
      terms: undefined,
    })
  })

  it.each([
    ['U4: a hostile address', { claude: { authorizationEndpoint: 'a:$(calc.exe)?x' } }, 'authorizationEndpoint'],
    ['U13: a plain address elsewhere', { claude: { tokenEndpoint: 'http://evil.example/token' } }, 'tokenEndpoint'],
    ['U13: a built-in client id', { claude: {}, mine: { clientId: claude.clientId } }, 'clientId belongs'],
    ['a parameter of the protocol', { claude: { authorizationParameters: { state: 'x' } } }, 'authorizationParameters'],
    [
      'a redirect that leaves this machine',
      { claude: { redirect: { host: '0.0.0.0', ports: [0], path: '/' } } },
      'redirect',
    ],
    ['S5: code in place of data', { claude: { scopes: '${process.env}' } }, 'scopes'],
    ['no record at all', 'nonsense', 'providers must be a record'],
    ['another type', { claude: { enabled: 'yes' } }, 'enabled'],
  ])('refuses %s by naming the field', (_case, providers: unknown, words) => {
    expect(refusal(providers)).toMatchObject({ code: 'usage', message: expect.stringContaining(words) as string })
  })

  it('knows a provider, a mode and a switched-off one from each other', () => {
    expect(refusal({}, 'cluade')).toMatchObject({
      code: 'account-not-found',
      hint: expect.stringContaining('claude') as string,
    })
    expect(refusal({ claude: { enabled: false } })).toMatchObject({
      code: 'usage',
      message: 'the provider claude is switched off',
      hint: 'aiauth providers enable claude',
    })
    expect(() => getProvider({}, 'claude', 'nope')).toThrow(/no mode named nope/)
    expect(refusal({}, '__proto__')).toMatchObject({ code: 'account-not-found' })
  })
})
