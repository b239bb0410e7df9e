import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DEVICE_PATHS } from '../sandbox/device-side.ts'
import { inTurn, reset } from '../sandbox/faults.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { walk } from '../sandbox/walk.js'
import { filesIn, run, start, temporaryHome, type Running } from './program.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_553, 14_573] })
})
afterAll(() => sandbox.close())
afterEach(() => {
  delete sandbox.openai.faults.device
  delete sandbox.openai.faults.token
})

/** A provider of the user's own with RFC 8628, for whom the sandbox stands too. */
const settings = () => {
  const { origin } = sandbox.openai
  const acme = {
    clientId: 'app_acme',
    tokenEndpoint: `${origin}/oauth/token`,
    authorizationEndpoint: `${origin}/oauth/authorize`,
    revocationEndpoint: `${origin}/oauth/revoke`,
    deviceAuthorizationEndpoint: origin + DEVICE_PATHS.standard,
    scopes: ['openid', 'email', 'offline_access'],
  }
  const { providers } = sandbox.settings as { providers: object }
  return { providers: { ...providers, acme } }
}
const PROVIDERS = ['openai', 'acme']
const codeOf = async (program: Running) => (await program.sees(/enter this code there.*\n([0-9A-F]{8})$/m))[1] ?? ''
const enter = async (program: Running, options = {}) =>
  walk(`${sandbox.openai.origin}${DEVICE_PATHS.page}?user_code=${await codeOf(program)}`, options)

describe.each(PROVIDERS)('aiauth login %s --device, built, in the sandbox', (provider) => {
  const login = ['login', provider, '--device']

  it('signs in whoever enters the code, and the same person again', async () => {
    const home = temporaryHome(settings())
    const program = start([...login, '--json'], { home })
    await enter(program)
    const { exitCode, stdout, stderr } = await program.ended
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining(DEVICE_PATHS.page) as string])
    expect(JSON.parse(stdout)).toMatchObject({ account: { name: provider, email: 'ada@example.com' } })
    expect((await run(['refresh', provider], { home })).exitCode).toBe(0)
    const again = start(['reauthenticate', provider, '--device'], { home })
    await enter(again, { person: 'ben' })
    expect((await again.ended).exitCode).toBe(4)
    const same = start(['reauthenticate', provider, '--device'], { home })
    await enter(same)
    expect((await same.ended).exitCode).toBe(0)
  })

  it('T29: goes on through faults while the person enters the code', async () => {
    const gone = () => ({ status: 503, headers: {}, body: 'leak' })
    const page = () => ({ status: 200, headers: {}, body: '<html>leak' })
    const endpoint = provider === 'openai' ? 'device' : 'token'
    const home = temporaryHome(settings())
    const program = start(login, { home })
    await codeOf(program)
    sandbox.openai.faults[endpoint] = inTurn(reset, gone, page)
    await enter(program)
    const { exitCode, stderr } = await program.ended
    expect([exitCode, stderr.includes('leak')]).toEqual([0, false])
  })

  it('ends on Ctrl-C and on --timeout with nothing kept', async () => {
    const home = temporaryHome(settings())
    const program = start(login, { home })
    await codeOf(program)
    program.process.kill('SIGINT')
    const { exitCode, stdout } = await program.ended
    expect([exitCode, stdout]).toEqual([130, ''])
    expect((await run([...login, '--timeout', '1s'], { home })).exitCode).toBe(5)
    expect(Object.keys(filesIn(home))).not.toContain('auth.json')
  })
})

describe('aiauth login --device', () => {
  it('T29: exits 4 when the person says no', async () => {
    const program = start(['login', 'acme', '--device'], { home: temporaryHome(settings()) })
    await enter(program, { deny: true })
    const { exitCode, stderr } = await program.ended
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining('denied') as string])
  })

  it('says what to type where the provider has no such sign-in, or has it switched off', async () => {
    const home = temporaryHome(settings())
    const none = await run(['login', 'claude', '--device'], { home })
    expect([none.exitCode, none.stderr]).toEqual([
      2,
      expect.stringContaining('aiauth login claude --no-browser, and open the address on any device') as string,
    ])
    sandbox.openai.faults.device = () => ({ status: 404, headers: {}, body: '' })
    const off = await run(['login', 'openai', '--device'], { home })
    expect([off.exitCode, off.stderr]).toEqual([6, expect.stringContaining('leave --device out') as string])
  })

  it('finds the endpoint by discovery', async () => {
    const { createServer } = await import('node:http')
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const own = `http://${request.headers.host ?? ''}`
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({
          issuer: own,
          authorization_endpoint: `${own}/a`,
          token_endpoint: `${sandbox.openai.origin}/oauth/token`,
          device_authorization_endpoint: sandbox.openai.origin + DEVICE_PATHS.standard,
        }),
      )
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const acme = { clientId: 'app_acme', issuer: `http://127.0.0.1:${port}`, scopes: ['openid'] }
    const home = temporaryHome({ providers: { acme } })
    try {
      const program = start(['login', 'acme', '--device', '--timeout', '1s'], { home })
      expect(await codeOf(program)).toMatch(/^[0-9A-F]{8}$/)
      expect((await program.ended).exitCode).toBe(5)
      expect(asked).toEqual(['/.well-known/openid-configuration'])
    } finally {
      server.close()
    }
    expect(readFileSync(join(home, 'config.json'), 'utf8')).toContain('acme')
  })
})
