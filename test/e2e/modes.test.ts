import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { accountOf, BROWSER, environmentOf } from './modes-world.ts'
import { filesIn, run, temporaryHome } from './program.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_551, 14_571] })
})
afterAll(() => sandbox.close())
beforeEach(() => {
  sandbox.claude.events.length = 0
})

describe('aiauth login claude --mode console, built, in the sandbox', () => {
  const login = ['login', 'claude', '--mode', 'console']

  it('ends with an API key of whoever signed in, and with no tokens anywhere', async () => {
    const home = temporaryHome(sandbox.settings)
    const { exitCode, stderr } = await run(login, { home, env: { BROWSER } })
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('signed in as ada@example.com') as string])
    expect(accountOf(home)).toMatchObject({
      mode: 'console',
      state: 'active',
      email: 'ada@example.com',
      tier: null,
      scopes: [],
      expiresAt: null,
      secret: { renewable: false },
    })
    const { stdout: key } = await run(['token'], { home })
    expect(key).toMatch(/^sk-ant-api03-\S+\n$/)
    expect(await environmentOf(home)).toMatchObject({ ANTHROPIC_API_KEY: key.trim(), AIAUTH_TOKEN: key.trim() })
    expect(sandbox.claude.events).toContainEqual({ kind: 'grant-revoked', by: 'revocation' })
    const { stderr: gone, exitCode: left } = await run(['logout', 'claude'], { home })
    expect([left, gone]).toEqual([0, expect.stringContaining('the key stays valid until it is deleted at') as string])
  })

  it('makes another key for the same person only', async () => {
    const home = temporaryHome(sandbox.settings)
    await run(login, { home, env: { BROWSER } })
    const { stdout: before } = await run(['token'], { home })
    const other = await run(['reauthenticate', 'claude'], { home, env: { BROWSER, SANDBOX_PERSON: 'ben' } })
    expect([other.exitCode, (await run(['token'], { home })).stdout]).toEqual([4, before])
    const again = await run(['reauthenticate', 'claude'], { home, env: { BROWSER } })
    expect([again.exitCode, again.stderr]).toEqual([
      0,
      expect.stringContaining('the key before it stays valid') as string,
    ])
    expect((await run(['token'], { home })).stdout).not.toBe(before)
  })

  it.each([
    ['is refused', { status: 403, body: '{"error":{"type":"permission_error","message":"no"}}' }],
    ['is answered by nonsense', { status: 200, body: '{"raw_key":"sk leak"}' }],
    ['is out of order', { status: 503, body: 'leak' }],
  ])('keeps nothing here or there when the key %s', async (_case, reply) => {
    const home = temporaryHome(sandbox.settings)
    sandbox.claude.faults.key = () => ({ headers: { 'content-type': 'application/json' }, ...reply })
    try {
      const { exitCode, stdout, stderr } = await run(login, { home, env: { BROWSER } })
      expect([exitCode, stdout]).toEqual([6, ''])
      expect(stderr).not.toContain('leak')
      expect(Object.keys(filesIn(home))).not.toContain('auth.json')
      expect(sandbox.claude.events).toContainEqual({ kind: 'grant-revoked', by: 'revocation' })
    } finally {
      delete sandbox.claude.faults.key
    }
  })
})

describe('aiauth login --with-api-key, built', () => {
  it('keeps the key, gives it away as the account, and forgets it', async () => {
    const home = temporaryHome()
    const secret = 'sk-ant-api03-built'
    expect((await run(['login', 'claude', '--with-api-key'], { home, input: `${secret}\n` })).exitCode).toBe(0)
    expect(readFileSync(join(home, 'auth.json'), 'utf8')).not.toContain(secret)
    expect((await run(['token'], { home })).stdout).toBe(`${secret}\n`)
    expect(await environmentOf(home)).toMatchObject({ ANTHROPIC_API_KEY: secret })
    expect((await run(['logout', '--all'], { home })).exitCode).toBe(0)
    expect(readFileSync(join(home, 'vault.json'), 'utf8')).toContain('"items": {}')
  })

  it('exits 2 with nothing on stdin', async () => {
    const { exitCode, stdout } = await run(['login', 'claude', '--with-api-key', '--json'], { home: temporaryHome() })
    expect([exitCode, stdout]).toEqual([2, expect.stringContaining('no API key was given') as string])
  })
})
