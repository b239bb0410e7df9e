import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { certificate } from '../system/certificate.ts'
import { connectProxy } from '../system/connect-proxy.ts'
import { run, start, temporaryHome } from './program.ts'

// No resolver knows this name, so there is no other way to it than the proxy.
const ISSUER = 'https://vendor.example'
const METADATA = { issuer: ISSUER, authorization_endpoint: `${ISSUER}/authorize`, token_endpoint: `${ISSUER}/token` }
const ACME = {
  clientId: 'aiauth',
  issuer: ISSUER,
  tokenEndpoint: `${ISSUER}/token`,
  profileEndpoint: `${ISSUER}/userinfo`,
  revocationEndpoint: `${ISSUER}/revoke`,
}
const ANSWERS: Readonly<Record<string, object>> = {
  '/.well-known/openid-configuration': METADATA,
  '/token': { access_token: 'AT-1', refresh_token: 'RT-1', token_type: 'bearer', expires_in: 3600 },
  '/userinfo': { sub: 'acc-1', email: 'ada@example.com' },
  '/revoke': {},
}

const vendor = certificate('vendor.example')
const requests: string[] = []
const server = createServer(vendor, ({ url = '' }, response) => {
  requests.push(url)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(ANSWERS[url]))
})
beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
afterAll(() => void server.close())

const corporateProxy = (user?: string) =>
  connectProxy({ target: (server.address() as AddressInfo).port, ...(user !== undefined && { user }) })
const home = (config: object = {}) => temporaryHome({ ...config, providers: { acme: ACME } })

/** Signs in as the browser would: the callback comes on loopback, by no proxy. */
async function login(folder: string, flags: string[], env: Record<string, string>) {
  const program = start(['login', 'acme', '--no-browser', ...flags], { home: folder, env })
  const [address] = await program.sees(/^https:\/\/vendor\.example\/authorize\S+$/m)
  const asked = new URL(address).searchParams
  await fetch(`${asked.get('redirect_uri') ?? ''}?code=C&state=${asked.get('state') ?? ''}`)
  return program.ended
}

const trust = { NODE_EXTRA_CA_CERTS: vendor.file }
const accountIn = (folder: string) =>
  (JSON.parse(readFileSync(join(folder, 'auth.json'), 'utf8')) as { accounts: object[] }).accounts[0]

describe('aiauth behind a proxy, built', () => {
  it('T27, X6: signs in, renews and signs out by the proxy of the environment, and shows its password nowhere', async () => {
    const [folder, proxy] = [home(), await corporateProxy('ada:S3CRET')]
    const env = {
      ...trust,
      HTTPS_PROXY: `http://ada:S3CRET@127.0.0.1:${proxy.port}`,
      DEBUG: 'oauth:*',
      NODE_DEBUG: 'http',
    }
    requests.length = 0
    const signedIn = await login(folder, [], env)
    expect(signedIn).toMatchObject({ exitCode: 0, stdout: '' })
    expect(signedIn.stderr).toContain('signed in as ada@example.com')
    expect(signedIn.stderr).toContain(`via the proxy 127.0.0.1:${proxy.port}`)
    expect(accountIn(folder)).toMatchObject({ proxy: null })
    const renewed = await run(['refresh', 'acme'], { home: folder, env })
    expect(renewed.exitCode).toBe(0)
    const signedOut = await run(['logout', 'acme'], { home: folder, env })
    expect(signedOut.exitCode).toBe(0)
    const [discovery, token, profile, revocation] = Object.keys(ANSWERS)
    expect(requests).toEqual([discovery, token, profile, token, revocation])
    expect(proxy.asked).toEqual(Array(5).fill('vendor.example:443'))
    const told = signedIn.stderr + renewed.stderr + signedOut.stderr
    for (const secret of ['ada:S3CRET', Buffer.from('ada:S3CRET').toString('base64')])
      expect(told).not.toContain(secret)
  })

  it('T27: keeps the proxy of --proxy with the account and goes by it from then on', async () => {
    const [folder, proxy, other] = [home(), await corporateProxy(), await corporateProxy()]
    const address = `http://127.0.0.1:${proxy.port}`
    const env = { ...trust, HTTPS_PROXY: `http://127.0.0.1:${other.port}` }
    expect(await login(folder, ['--proxy', address], env)).toMatchObject({ exitCode: 0 })
    expect(accountIn(folder)).toMatchObject({ proxy: address })
    expect((await run(['logout', 'acme'], { home: folder, env })).exitCode).toBe(0)
    expect([proxy.asked.length, other.asked]).toEqual([4, []])
  })

  it('T27: goes by that of config.json, and exits 6 with its name when it refuses', async () => {
    const proxy = await corporateProxy('ada:S3CRET')
    const folder = home({ proxy: `http://ada:WR0NG@127.0.0.1:${proxy.port}` })
    const { exitCode, stderr } = await run(['login', 'acme', '--no-browser'], { home: folder, env: trust })
    expect(exitCode).toBe(6)
    expect(stderr).toContain(
      `the proxy 127.0.0.1:${proxy.port} refused the connection to vendor.example:443 (status 407)`,
    )
    expect(stderr).not.toMatch(/WR0NG|S3CRET/)
  })
})
