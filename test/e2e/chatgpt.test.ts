import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { walk } from '../sandbox/walk.js'
import { altered } from '../sandbox/faults.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { accountOf, BROWSER, environmentOf } from './modes-world.ts'
import { filesIn, run, start, temporaryHome } from './program.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_552, 14_572] })
})
afterAll(() => sandbox.close())
beforeEach(() => {
  sandbox.chatgpt.events.length = 0
})

describe('aiauth login openai --mode chatgpt, built, in the sandbox', () => {
  const login = ['login', 'openai', '--mode', 'chatgpt']
  const RESOURCE = 'https://api.openai.com/v1'
  const settingsIn = (home: string) => JSON.parse(readFileSync(join(home, 'config.json'), 'utf8')) as Settings
  interface Settings {
    installationId: string
    providers: { openai: { modes: { chatgpt: { clientId?: string } } } }
  }
  const clientIn = (home: string) => settingsIn(home).providers.openai.modes.chatgpt.clientId
  const signedIn = async (person = 'ada') => {
    const home = temporaryHome(sandbox.settings)
    const { exitCode, stderr } = await run(login, { home, env: { BROWSER, SANDBOX_PERSON: person } })
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining(`signed in as ${person}@example.com`) as string])
    return home
  }

  it('becomes a client of its own, and uses that id for all that follows', async () => {
    const home = await signedIn()
    const clientId = clientIn(home)
    expect(clientId).toMatch(/^oaiapp_\w+$/)
    expect(accountOf(home)).toMatchObject({ mode: 'chatgpt', accountId: 'ada', tier: null, stateReason: null })
    const status = await run(['status'], { home })
    expect(status.stdout).toMatch(/openai\/chatgpt +ada@example.com +n\/a +created/)
    expect((await environmentOf(home))['OPENAI_API_KEY']).toBeUndefined()
    const refresh = await run(['refresh', 'openai'], { home })
    expect([refresh.exitCode, refresh.stdout]).toEqual([0, expect.stringMatching(/^openai +renewed/) as string])
    const logout = await run(['logout', 'openai'], { home })
    expect(logout.stderr).toContain('the provider has ended the grant')
    expect(sandbox.chatgpt.events.filter(({ kind }) => kind === 'refused')).toEqual([])

    const program = start([...login, '--no-browser'], { home })
    const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
    const query = new URL(url).searchParams
    expect(query.get('client_id')).toBe(clientId)
    expect(query.has('agent_name_hint')).toBe(false)
    await walk(url)
    expect((await program.ended).exitCode).toBe(0)
    expect(clientIn(home)).toBe(clientId)
  })

  it('introduces itself the first time, by an id that stays', async () => {
    const home = temporaryHome(sandbox.settings)
    const urls = []
    for (let time = 0; time < 2; time++) {
      const program = start([...login, '--no-browser', '--timeout', '1s'], { home })
      const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
      urls.push(new URL(url).searchParams)
      expect((await program.ended).exitCode).toBe(5)
    }
    const [one, other] = urls
    const installation = `urn:uuid:${settingsIn(home).installationId}`
    expect(Object.fromEntries(one ?? [])).toMatchObject({
      client_id: 'dynamic_agent_client',
      agent_name_hint: 'aiauth',
      ext_agent_host_id: installation,
      resource: RESOURCE,
      scope: 'openid profile email offline_access resource.invoke chatgpt.tokens.use.direct',
      code_challenge_method: 'S256',
    })
    expect(one?.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/auth\/callback$/)
    expect(other?.get('ext_agent_host_id')).toBe(installation)
    expect(one?.get('nonce')).not.toBe(other?.get('nonce'))
    expect(clientIn(home)).toBeUndefined()
  })

  it('becomes another client when the vendor has forgotten the first one, by what it says to type', async () => {
    const home = await signedIn()
    const first = clientIn(home)
    const silent = await run([...login, '--name', 'two', '--no-browser', '--timeout', '1s'], { home })
    const command = /client is not known: aiauth (config unset \S+), and sign in again/.exec(silent.stderr)?.[1] ?? ''
    expect([silent.exitCode, command]).toEqual([5, 'config unset providers.openai.modes.chatgpt.clientId'])
    expect((await run(command.split(' '), { home })).exitCode).toBe(0)
    expect((await run([...login, '--name', 'two'], { home, env: { BROWSER } })).exitCode).toBe(0)
    expect(clientIn(home)).toMatch(/^oaiapp_/)
    expect(clientIn(home)).not.toBe(first)
    expect((await run(['refresh', '--all'], { home })).exitCode).toBe(0)
  })

  it('T28: refuses somebody else at the next sign-in, and keeps the account as it was', async () => {
    const home = await signedIn()
    const before = accountOf(home)
    const other = await run(['reauthenticate', 'openai'], { home, env: { BROWSER, SANDBOX_PERSON: 'ben' } })
    expect([other.exitCode, other.stderr]).toEqual([4, expect.stringContaining('another account') as string])
    expect(accountOf(home)).toEqual(before)
    const same = await run(['reauthenticate', 'openai'], { home, env: { BROWSER } })
    expect(same.exitCode).toBe(0)
  })

  it('goes on with accounts of two ids that were given out at the same time', async () => {
    const home = await signedIn()
    const path = join(home, 'config.json')
    const lost = settingsIn(home)
    lost.providers.openai.modes.chatgpt.clientId = 'oaiapp_another'
    writeFileSync(path, JSON.stringify(lost))
    expect((await run(['refresh', 'openai'], { home })).exitCode).toBe(0)
    expect((await run(['logout', 'openai'], { home })).stderr).toContain('the provider has ended the grant')
  })

  it.each([
    ['not granted', (scope: string) => scope.replace(' chatgpt.tokens.use.direct', '')],
    ['not spoken of', () => undefined],
  ])('signs in with a warning when the use of the plan is %s, and asks once more', async (_case, scope) => {
    const home = temporaryHome(sandbox.settings)
    sandbox.chatgpt.faults.token = altered((answer) => ({ ...answer, scope: scope(String(answer['scope'])) }))
    try {
      const { exitCode, stderr } = await run(login, { home, env: { BROWSER } })
      expect([exitCode, stderr]).toEqual([
        0,
        expect.stringContaining('use of the ChatGPT plan was not granted') as string,
      ])
      expect(accountOf(home)?.['stateReason']).toContain('was not granted')
      expect((await run(['refresh', 'openai'], { home })).exitCode).toBe(0)
      expect(accountOf(home)?.['stateReason']).toContain('was not granted')
      expect((await run(['why', 'openai'], { home })).stdout).toContain('was not granted')
    } finally {
      delete sandbox.chatgpt.faults.token
    }
    const program = start(['reauthenticate', 'openai', '--no-browser'], { home })
    const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
    expect(new URL(url).searchParams.get('prompt')).toBe('consent')
    await walk(url)
    expect((await program.ended).exitCode).toBe(0)
    expect(accountOf(home)?.['stateReason']).toBeNull()
  })

  it('T23: keeps nothing of a sign-in whose ID token is that of another one', async () => {
    const home = await signedIn()
    const before = accountOf(home)
    const seen: unknown[] = []
    sandbox.chatgpt.faults.token = altered((answer) => {
      seen.push(answer['id_token'])
      return { ...answer, id_token: seen[0] }
    })
    try {
      expect((await run(['reauthenticate', 'openai'], { home, env: { BROWSER } })).exitCode).toBe(0)
      const middle = accountOf(home)
      const replayed = await run(['reauthenticate', 'openai'], { home, env: { BROWSER } })
      expect([replayed.exitCode, replayed.stderr]).toEqual([
        6,
        expect.stringContaining('its nonce does not fit') as string,
      ])
      expect([accountOf(home), middle === before]).toEqual([middle, false])
      const elsewhere = temporaryHome(sandbox.settings)
      const foreign = await run(login, { home: elsewhere, env: { BROWSER } })
      expect([foreign.exitCode, foreign.stderr]).toEqual([6, expect.stringContaining('its aud does not fit') as string])
      expect([Object.keys(filesIn(elsewhere)).includes('auth.json'), clientIn(elsewhere)]).toEqual([false, undefined])
    } finally {
      delete sandbox.chatgpt.faults.token
    }
  })
})
