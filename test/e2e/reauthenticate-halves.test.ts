import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { walk } from '../fakes/http-browser.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { run, temporaryHome } from './program.ts'
import { accountsIn, BROWSER, change, OF_THE_USER } from './reauthenticate-world.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_596, 14_597] })
})
afterAll(() => sandbox.close())

async function signedIn(...words: string[]): Promise<string> {
  const home = temporaryHome(sandbox.settings)
  expect((await run(['login', ...words], { home, env: { BROWSER } })).exitCode).toBe(0)
  change(home, OF_THE_USER)
  return home
}

/** A sign-in that was begun for the account `work`, and the address that a browser elsewhere ends on. */
async function begun(home: string, { person, more = [] }: { person?: string; more?: string[] } = {}) {
  const { exitCode, stdout, stderr } = await run(['reauthenticate', 'work', '--begin', ...more], { home })
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining('aiauth login --complete ')])
  const { session, url } = JSON.parse(stdout) as { session: string; url: string }
  const end = await walk(url, person === undefined ? {} : { person })
  const complete = () => run(['login', '--complete', session, '--json'], { home, input: `${end.url}\n` })
  return { session, asked: new URL(url).searchParams, complete }
}

const stateOf = (home: string) =>
  ['auth.json', 'vault.json'].map((name) => readFileSync(join(home, name), 'utf8')).join()

describe('aiauth reauthenticate --begin, built, in the sandbox', () => {
  it('signs the same account in again from another run, and keeps all that is known of it', async () => {
    const home = await signedIn('claude')
    change(home, { state: 'needs-login', stateReason: 'the grant has ended' })
    const [before] = accountsIn(home)
    const { asked, complete } = await begun(home)
    expect(asked.get('login_hint')).toBe('ada@example.com')
    const { exitCode, stdout, stderr } = await complete()
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('signed in as ada@example.com (account work')])
    expect(JSON.parse(stdout)).toMatchObject({ account: { id: before?.id, name: 'work', state: 'active' } })
    const [after, ...others] = accountsIn(home)
    expect([after, others]).toEqual([expect.objectContaining({ ...OF_THE_USER, id: before?.id }), []])
    expect(after?.history.length).toBe((before?.history.length ?? 0) + 1)
    expect((await run(['token', 'work'], { home })).exitCode).toBe(0)
    expect(stateOf(home)).not.toContain('sign-in/')
  })

  it('R22: refuses somebody else, changes nothing, and names what begins another', async () => {
    const home = await signedIn('claude')
    const { complete } = await begun(home, { person: 'ben' })
    const before = accountsIn(home)
    const { exitCode, stdout } = await complete()
    expect([exitCode, stdout]).toEqual([4, expect.stringContaining('aiauth reauthenticate work --begin')])
    expect(accountsIn(home)).toEqual(before)
  })

  it('takes somebody else over where it was begun so', async () => {
    const home = await signedIn('claude')
    const { asked, complete } = await begun(home, { person: 'ben', more: ['--allow-different-account'] })
    expect(asked.get('login_hint')).toBeNull()
    expect((await complete()).exitCode).toBe(0)
    expect(accountsIn(home)[0]).toMatchObject({ name: 'work', priority: 7, email: 'ben@example.com' })
  })

  it('ends with a new key where the mode holds one', async () => {
    const home = await signedIn('claude', '--mode', 'console')
    const old = await run(['token', 'work'], { home })
    const { complete } = await begun(home)
    const { exitCode, stderr } = await complete()
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('the key before it stays valid')])
    expect((await run(['token', 'work'], { home })).stdout).not.toBe(old.stdout)
  })

  it('spends no code for an account that was signed out meanwhile', async () => {
    const home = await signedIn('claude')
    const { complete } = await begun(home)
    expect((await run(['logout', 'work', '--local-only'], { home })).exitCode).toBe(0)
    const requests = sandbox.claude.events.length
    expect((await complete()).exitCode).toBe(3)
    expect(sandbox.claude.events.length).toBe(requests)
  })

  it.each([
    [['work', 'other'], '--begin takes one account at a time'],
    [['--all'], '--all does not go with --begin'],
    [['work', '--device'], '--device does not go with --begin'],
    [['work', '--port', '1500'], '--port does not go with --begin'],
    [[], 'which account?'],
  ])('exits 2 with %j and changes nothing', async (words, message) => {
    const home = await signedIn('claude')
    const before = stateOf(home)
    const { exitCode, stderr } = await run(['reauthenticate', '--begin', ...words], { home })
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)])
    expect(stateOf(home)).toBe(before)
  })

  it('exits 2 and says what to type where the secret is handed over and nobody signs in', async () => {
    const home = temporaryHome(sandbox.settings)
    const key = `sk-ant-api03-${'a'.repeat(40)}`
    expect((await run(['login', 'claude', '--with-api-key', '--name', 'work'], { home, input: key })).exitCode).toBe(0)
    const { exitCode, stderr } = await run(['reauthenticate', 'work', '--begin'], { home })
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('aiauth reauthenticate work < ')])
  })
})
