import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { walk } from '../fakes/http-browser.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { run, start, temporaryHome } from './program.ts'
import { accountsIn, BROWSER, change, OF_THE_USER, type Facts } from './reauthenticate-world.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_554, 14_574] })
})
afterAll(() => sandbox.close())

async function signedIn(provider: string, config: object = sandbox.settings): Promise<string> {
  const home = temporaryHome(config)
  const { exitCode } = await run(['login', provider], { home, env: { BROWSER } })
  expect(exitCode).toBe(0)
  change(home, OF_THE_USER)
  return home
}

describe('aiauth --reauthenticate, built, in the sandbox', () => {
  it.each(['claude', 'openai'])('changes the tokens of %s and keeps all else that is known', async (provider) => {
    const home = await signedIn(provider)
    const [before] = accountsIn(home)
    const old = await run(['token', 'work'], { home })
    const again = await run(['--reauthenticate', 'work'], { home, env: { BROWSER } })
    expect(again).toMatchObject({ exitCode: 0, stdout: '' })
    expect(again.stderr).toContain('signed in as ada@example.com (account work')
    const [after] = accountsIn(home)
    const CHANGED = ['secret', 'expiresAt', 'refreshExpiresAt', 'updatedAt', 'history', 'lastUsedAt', 'state']
    const lasting = (facts: Facts | undefined) =>
      Object.fromEntries(Object.entries(facts ?? {}).filter(([name]) => !CHANGED.includes(name)))
    expect(lasting(after)).toEqual(lasting(before))
    expect(after).toMatchObject(OF_THE_USER)
    expect(after?.history.slice(0, before?.history.length)).toEqual(before?.history)
    expect(after?.history.at(-1)?.event).toBe('signed-in')
    const token = await run(['token', 'work'], { home })
    expect(token.exitCode).toBe(0)
    expect(token.stdout).not.toBe(old.stdout)
  })

  it('tells the provider whom it expects, and takes the name behind an equals sign too', async () => {
    const home = await signedIn('claude')
    const program = start(['--json', '--reauthenticate=work', '--no-browser'], { home })
    const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
    expect(new URL(url).searchParams.get('login_hint')).toBe('ada@example.com')
    await walk(url)
    const { exitCode, stdout } = await program.ended
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ results: [{ name: 'work', outcome: 'signed-in' }] })
  })

  it('R22: refuses somebody else before anything is written, and takes him over only when told to', async () => {
    const home = await signedIn('claude')
    change(home, { accountId: 'somebody-else', email: 'old@example.com' })
    const before = readFileSync(join(home, 'auth.json'), 'utf8')
    const vault = readFileSync(join(home, 'vault.json'), 'utf8')
    const refused = await run(['reauthenticate', 'work'], { home, env: { BROWSER } })
    expect(refused.exitCode).toBe(4)
    expect(refused.stderr).toContain('work was not changed: the sign-in was for ada@example.com, another account')
    expect(refused.stderr).toContain('--allow-different-account')
    expect([readFileSync(join(home, 'auth.json'), 'utf8'), readFileSync(join(home, 'vault.json'), 'utf8')]).toEqual([
      before,
      vault,
    ])
    const taken = await run(['reauthenticate', 'work', '--allow-different-account'], { home, env: { BROWSER } })
    expect(taken.exitCode).toBe(0)
    expect(accountsIn(home)[0]).toMatchObject({ email: 'ada@example.com', priority: 7 })
  })

  it('brings back an account that needs it and whose tokens are gone', async () => {
    const home = await signedIn('claude')
    change(home, { state: 'needs-login', stateReason: 'the grant has ended' })
    const vault = JSON.parse(readFileSync(join(home, 'vault.json'), 'utf8')) as object
    writeFileSync(join(home, 'vault.json'), JSON.stringify({ ...vault, items: {} }))
    expect((await run(['token', 'work'], { home })).exitCode).toBe(7)
    expect((await run(['reauthenticate', '--expired'], { home, env: { BROWSER } })).exitCode).toBe(0)
    expect(accountsIn(home)[0]).toMatchObject({ state: 'active', stateReason: null })
    expect((await run(['token', 'work'], { home })).exitCode).toBe(0)
    const nobody = await run(['reauthenticate', '--expired'], { home, env: { BROWSER } })
    expect(nobody).toMatchObject({ exitCode: 0, stderr: 'aiauth: no account needs a new sign-in\n' })
  })

  it('goes on with the next account after one that failed, and ends with its code', async () => {
    const home = await signedIn('claude')
    expect((await run(['login', 'openai'], { home, env: { BROWSER } })).exitCode).toBe(0)
    const file = JSON.parse(readFileSync(join(home, 'auth.json'), 'utf8')) as { accounts: Facts[] }
    const accounts = file.accounts.map((one, index) => (index === 0 ? { ...one, accountId: 'somebody-else' } : one))
    writeFileSync(join(home, 'auth.json'), JSON.stringify({ ...file, accounts }))
    const { exitCode, stdout, stderr } = await run(['reauthenticate', '--all'], { home, env: { BROWSER } })
    expect(exitCode).toBe(4)
    expect(stdout).toMatch(/^work +failed +work was not changed.*\nopenai +signed-in\n$/)
    expect(stderr).toContain('aiauth: openai (2 of 2)')
  })

  it('tells the servers of notify, and says which could not be told', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
      response.end('{"success":true}')
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const there = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const home = await signedIn('claude', { ...sandbox.settings, notify: [there, 'http://127.0.0.1:9'] })
    const { exitCode, stderr } = await run(['reauthenticate', 'work'], { home, env: { BROWSER } })
    expect(exitCode).toBe(0)
    const [account] = accountsIn(home)
    expect(asked.at(-1)).toBe(`POST /api/accounts/${account?.id ?? ''}/reload`)
    expect(stderr).toMatch(/told 1 of 2 servers to reload; not: http:\/\/127\.0\.0\.1:9 \(/)
  })

  it.each([
    ['no list', 'http://127.0.0.1:9', 'no server was told to reload: config.json: notify must be a list of addresses'],
    [
      'an address that nothing is sent to',
      ['http://gateway.example'],
      'told 0 of 1 servers to reload; not: http://gateway',
    ],
  ])('is a sign-in all the same where notify is %s', async (_case, notify, warning) => {
    const home = await signedIn('claude', { ...sandbox.settings, notify })
    const { exitCode, stdout, stderr } = await run(['reauthenticate', 'work', '--json'], { home, env: { BROWSER } })
    expect([exitCode, JSON.parse(stdout)]).toEqual([0, { results: [{ name: 'work', outcome: 'signed-in' }] }])
    expect(stderr).toContain(`warning: ${warning}`)
  })

  it('is a sign-in all the same when Ctrl-C ends the wait for such a server, and exits 130', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    await once(server, 'listening')
    const home = await signedIn('claude')
    const notify = [`http://127.0.0.1:${(server.address() as AddressInfo).port}`]
    writeFileSync(join(home, 'config.json'), JSON.stringify({ ...sandbox.settings, notify }))
    const program = start(['reauthenticate', 'work', '--json'], { home, env: { BROWSER } })
    await once(server, 'request')
    program.process.kill('SIGINT')
    const { exitCode, stdout } = await program.ended
    expect([exitCode, JSON.parse(stdout)]).toEqual([130, { results: [{ name: 'work', outcome: 'signed-in' }] }])
  })

  it('L8: names the same command once more after a no', async () => {
    const home = await signedIn('claude')
    const { exitCode, stderr } = await run(['reauthenticate', 'work'], { home, env: { BROWSER, SANDBOX_DENY: '1' } })
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining('hint: aiauth reauthenticate work\n')])
  })

  it.each([[['reauthenticate']], [['reauthenticate', 'work', '--all']], [['--reauthenticate']]])(
    'wants to know which account: %j',
    async (argv) => {
      const { exitCode, stderr } = await run(argv, { home: temporaryHome() })
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining('aiauth reauthenticate <name>')])
    },
  )
})
