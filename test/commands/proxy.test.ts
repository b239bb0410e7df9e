import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, type FakeWorld } from '../fakes/ports.ts'

const GRANT = { access_token: 'AT-1', refresh_token: 'RT-1', expires_in: 28_800, token_type: 'Bearer' }
const SIGN_IN: FakeWorld = {
  answers: [
    () => ({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(GRANT) }),
    () => ({ body: '{}' }),
  ],
  browse: (url) => `code=C&state=${url.searchParams.get('state') ?? ''}`,
}

async function run(argv: string[], world: FakeWorld) {
  const ports = fakePorts(world)
  ports.bundles.set(bundle().accountId, bundle())
  const exitCode = await runCli(argv, ports, { json: false, debug: false })
  return { ports, exitCode, err: ports.stderr.join('') }
}
const login = (...flags: string[]) => run(['login', 'claude', '--accept-terms', ...flags], SIGN_IN)
const fileWith = (proxy: string | null) => ({
  ...newAuthFile('f'),
  storage: 'keychain',
  accounts: [account({ proxy })],
})

describe('aiauth login --proxy', () => {
  it('T27: signs in by way of the proxy and keeps it with the account', async () => {
    const { ports, exitCode } = await login('--proxy', 'proxy.corp:3128')
    expect(exitCode).toBe(0)
    expect(ports.proxies).toEqual(['http://proxy.corp:3128'])
    expect(ports.current()?.accounts[0]?.proxy).toBe('http://proxy.corp:3128')
  })

  it('keeps no proxy without the flag, whatever config.json says', async () => {
    const world = { ...SIGN_IN, config: { proxy: 'http://ada:pw@all.corp:8080' } }
    const { ports } = await run(['login', 'claude', '--accept-terms'], world)
    expect(ports.proxies).toEqual(['http://ada:pw@all.corp:8080/'])
    expect(ports.current()?.accounts[0]?.proxy).toBeNull()
  })

  it('keeps an empty one: this account needs none', async () => {
    const { ports } = await login('--proxy', '')
    expect([ports.proxies, ports.current()?.accounts[0]?.proxy]).toEqual([[''], ''])
  })

  it.each([
    ['http://ada:S3CRET@proxy.corp:3128', '--proxy must not hold a user or a password'],
    ['http://ada@proxy.corp:3128', '--proxy must not hold a user or a password'],
    ['socks5://ada:S3CRET@proxy.corp:1080', '--proxy is a SOCKS proxy, and only HTTP proxies are supported'],
    ['ftp://ada:S3CRET@proxy.corp', '--proxy is not the address of a proxy'],
    ['no proxy', '--proxy is not the address of a proxy'],
  ])('X7, T27: exits 2 for %s, repeats nothing of it and asks nobody', async (proxy, message) => {
    const { ports, exitCode, err } = await login('--proxy', proxy)
    expect([exitCode, ports.requests]).toEqual([2, []])
    expect(err).toMatch(/^aiauth: error: [^\n]+\naiauth: hint: [^\n]+\n$/)
    expect(err).toContain(message)
    expect(err).not.toMatch(/S3CRET|ada/)
  })
})

describe('aiauth logout', () => {
  const answers = [() => ({ headers: { 'request-id': 'r-1' } })]

  it.each([
    ["the account's proxy", 'http://own.corp:3128', 'http://own.corp:3128'],
    ['that of config.json', null, 'http://all.corp:8080/'],
  ])('T27: revokes by way of %s', async (_case, proxy, expected) => {
    const world = { file: fileWith(proxy), config: { proxy: 'http://all.corp:8080' }, answers }
    const { ports, exitCode } = await run(['logout', 'work'], world)
    expect([exitCode, ports.requests.length, ports.proxies]).toEqual([0, 1, [expected]])
  })

  it('forgets an account whose proxy is of no use, and says why the provider was not told', async () => {
    const { ports, exitCode, err } = await run(['logout', 'work'], { file: fileWith('socks5://p:1'), answers })
    expect([exitCode, ports.requests, ports.current()?.accounts]).toEqual([0, [], []])
    expect(err).toContain("the account's proxy in auth.json is a SOCKS proxy")
  })
})
