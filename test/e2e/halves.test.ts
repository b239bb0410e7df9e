import { readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { walk } from '../fakes/http-browser.ts'
import { whyNoSecretService } from '../real/secret-service.ts'
import { hang } from '../sandbox/faults.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { itemsOf, keyring } from './keyring-world.ts'
import { filesIn, run, start, temporaryHome, type Ended } from './program.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_586, 14_587] })
})
afterAll(() => sandbox.close())

interface Begun {
  readonly session: string
  readonly url: string
  readonly expiresAt: string
}

async function begin(home: string, ...more: string[]): Promise<Begun> {
  const { exitCode, stdout, stderr } = await run(['login', 'claude', '--begin', ...more], { home })
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining('aiauth login --complete ')])
  return JSON.parse(stdout) as Begun
}

/** What the page shows to the person. */
async function shown(url: string): Promise<string> {
  const { page } = await walk(url)
  return /<code>([^<]+)<\/code>/.exec(page)?.[1]?.replace('&#35;', '#') ?? ''
}
/** Runs the program until its token request has arrived, which is never answered, and ends it by this signal. */
async function endedWhileAsking(home: string, argv: readonly string[], signal: NodeJS.Signals): Promise<Ended> {
  const arrived = new Promise<void>((resolve) => {
    sandbox.claude.faults.token = () => {
      resolve()
      return hang()
    }
  })
  try {
    const program = start(argv, { home })
    await arrived
    program.process.kill(signal)
    return await program.ended
  } finally {
    delete sandbox.claude.faults.token
  }
}

const tokenRequests = () =>
  sandbox.claude.events.filter((event) => event.kind === 'request' && event.endpoint === 'token')

describe('aiauth login in two halves, built, in the sandbox', () => {
  it('X3, X8: signs in with the code that the page shows, over stdin, and leaves no secret and no file behind', async () => {
    const home = temporaryHome(sandbox.settings)
    const { session, url, expiresAt } = await begin(home)
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(590_000)
    expect(filesIn(home)).toEqual({
      'config.json': '600',
      sessions: '700',
      [`sessions/${session}.json`]: '600',
      'vault.json': '600',
    })
    const state = new URL(url).searchParams.get('state') ?? 'none'
    expect(readFileSync(join(home, 'sessions', `${session}.json`), 'utf8')).not.toContain(state)
    const done = await run(['login', '--complete', session, '--json'], { home, input: await shown(url) })
    expect(done.exitCode).toBe(0)
    expect(JSON.parse(done.stdout)).toMatchObject({ account: { name: 'claude', state: 'active', tier: 'max_20x' } })
    expect((await run(['token'], { home })).stdout).toMatch(/^sk-ant-oat01-\S+\n$/)
    expect(readFileSync(join(home, 'vault.json'), 'utf8')).not.toContain('sign-in/')
    expect(done.stdout + done.stderr).not.toMatch(/sk-ant-o|[\u0000-\u0009\u000b-\u001f]/)
  })

  it('ends at an address of this machine where the provider has no page: the address itself is the answer', async () => {
    const home = temporaryHome(sandbox.settings)
    const begun = await run(['login', 'openai', '--begin', '--name', 'work'], { home })
    expect(begun.stderr).toContain('a page that cannot be reached')
    const { session, url } = JSON.parse(begun.stdout) as Begun
    const address = await lastAddress(url)
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:14586\/auth\/callback\?/)
    const done = await run(['login', '--complete', session, address], { home })
    expect([done.exitCode, done.stdout]).toEqual([0, ''])
    expect(done.stderr).toContain('account work')
  })

  it('becomes a client of its own with the whole address, for a code alone does not say which', async () => {
    const home = temporaryHome(sandbox.settings)
    const begun = await run(['login', 'openai', '--mode', 'chatgpt', '--begin'], { home })
    const { session, url } = JSON.parse(begun.stdout) as Begun
    expect(new URL(url).searchParams.get('agent_name_hint')).toBe('aiauth')
    const address = await lastAddress(url)
    const code = new URL(address).searchParams.get('code') ?? ''
    const refused = await run(['login', '--complete', session, code], { home })
    expect([refused.exitCode, refused.stderr.includes('paste the whole address')]).toEqual([2, true])
    const done = await run(['login', '--complete', session, address, '--json'], { home })
    expect(done.exitCode).toBe(0)
    expect(JSON.parse(done.stdout)).toMatchObject({ account: { mode: 'chatgpt', accountId: 'ada' } })
    expect(readFileSync(join(home, 'config.json'), 'utf8')).toContain('"clientId": "oaiapp_')
    expect((await run(['refresh', 'openai'], { home })).exitCode).toBe(0)
  })

  it('T23: keeps nothing where the ID token is not that of the sign-in that was begun', async () => {
    const home = temporaryHome(sandbox.settings)
    const begun = await run(['login', 'openai', '--mode', 'chatgpt', '--begin'], { home })
    const { session, url } = JSON.parse(begun.stdout) as Begun
    const other = new URL(url)
    other.searchParams.set('nonce', 'of-another-sign-in')
    const done = await run(['login', '--complete', session, await lastAddress(other.href)], { home })
    expect([done.exitCode, done.stderr.includes('its nonce does not fit')]).toEqual([6, true])
    expect(readdirSync(home)).not.toContain('auth.json')
    expect(readFileSync(join(home, 'config.json'), 'utf8')).not.toContain('oaiapp_')
  })

  it('ends with an API key where the mode holds one', async () => {
    const home = temporaryHome(sandbox.settings)
    const { session, url } = await begin(home, '--mode', 'console')
    expect((await run(['login', '--complete', session], { home, input: await shown(url) })).exitCode).toBe(0)
    expect((await run(['token'], { home })).stdout).toMatch(/^sk-ant-api03-\S+\n$/)
  })

  it('exits 2 where the secret is handed over and nobody signs in', async () => {
    const home = temporaryHome(sandbox.settings)
    for (const flags of [['--mode', 'setup-token'], ['--mode', 'api-key'], ['--with-api-key']]) {
      const { exitCode, stdout } = await run(['login', 'claude', '--begin', ...flags], { home })
      expect([exitCode, stdout]).toEqual([2, ''])
    }
    expect(Object.keys(filesIn(home))).toEqual(['config.json'])
  })

  it('takes an address that a terminal has folded into lines', async () => {
    const home = temporaryHome(sandbox.settings)
    const { session, url } = await begin(home)
    const folded = (await shown(url)).replace(/(.{20})/g, '$1\n')
    expect((await run(['login', '--complete', session], { home, input: folded })).exitCode).toBe(0)
  })

  it('L41: is completed once when two are at it at the same time', async () => {
    const home = temporaryHome(sandbox.settings)
    const { session, url } = await begin(home)
    const answer = await shown(url)
    const before = tokenRequests().length
    const ended = await Promise.all([1, 2, 3].map(() => run(['login', '--complete', session, answer], { home })))
    expect(ended.map(({ exitCode }) => exitCode).sort()).toEqual([0, 3, 3])
    expect(tokenRequests().length - before).toBe(1)
  })

  it('L41: one that is killed while it asks is used up, and another sign-in works', async () => {
    const home = temporaryHome(sandbox.settings)
    const { session, url } = await begin(home)
    const answer = await shown(url)
    await endedWhileAsking(home, ['login', '--complete', session, answer], 'SIGKILL')
    const again = await run(['login', '--complete', session, answer], { home })
    expect([again.exitCode, again.stderr.includes('completed, or tried, before')]).toEqual([3, true])
    const next = await begin(home)
    expect((await run(['login', '--complete', next.session, await shown(next.url)], { home })).exitCode).toBe(0)
  })

  it('L41: leaves nothing for ever of a write that was killed, and nothing of another’s that goes on', async () => {
    const home = temporaryHome(sandbox.settings)
    const { session, url } = await begin(home)
    const [torn, written] = ['1', '2'].map((digit) => `.${session}.json.${digit.repeat(16)}.tmp`) as [string, string]
    for (const name of [torn, written]) writeFileSync(join(home, 'sessions', name), 'sealed')
    const elevenMinutesAgo = Date.now() / 1000 - 660
    utimesSync(join(home, 'sessions', torn), elevenMinutesAgo, elevenMinutesAgo)
    expect((await run(['login', '--complete', session, await shown(url)], { home })).exitCode).toBe(0)
    expect(readdirSync(join(home, 'sessions')).sort()).toEqual([written, `${session}.used`])
  })

  it('L37, L41: Ctrl-C while it asks exits 130, keeps nothing and uses the sign-in up', async () => {
    const home = temporaryHome(sandbox.settings)
    const { session, url } = await begin(home)
    const answer = await shown(url)
    const { exitCode, stderr } = await endedWhileAsking(home, ['login', '--complete', session, answer], 'SIGINT')
    expect([exitCode, stderr]).toEqual([130, expect.stringContaining('used up')])
    expect(readdirSync(home)).not.toContain('auth.json')
    expect((await run(['login', '--complete', session, answer], { home })).exitCode).toBe(3)
  })

  it('L17, L41: takes no answer of another sign-in that was begun', async () => {
    const home = temporaryHome(sandbox.settings)
    const [one, two] = [await begin(home), await begin(home, '--name', 'other')]
    const answer = await shown(two.url)
    const refused = await run(['login', '--complete', one.session, answer], { home })
    expect([refused.exitCode, refused.stderr.includes('another sign-in')]).toEqual([2, true])
    expect((await run(['login', '--complete', two.session, answer], { home })).exitCode).toBe(0)
  })

  it('X2: exits 3 for what is no session, also for a path, and cleans what it repeats', async () => {
    const home = temporaryHome(sandbox.settings)
    writeFileSync(join(home, 'auth.json.json'), '{}')
    for (const id of ['../auth.json', '\u001b[2J', 'x'.repeat(5000)]) {
      const { exitCode, stdout, stderr } = await run(['login', '--complete', id, 'C-1'], { home })
      expect([exitCode, stdout]).toEqual([3, ''])
      expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
    }
    expect(readdirSync(home).sort()).toEqual(['auth.json.json', 'config.json'])
  })
})

describe.skipIf(whyNoSecretService() !== undefined)('aiauth login in two halves, with a real keyring', () => {
  it('keeps its key there until it is completed or dropped, and no longer', async () => {
    const home = temporaryHome(sandbox.settings)
    const { service, env } = await keyring()
    const items = () => itemsOf(service).map(({ account }) => account)
    const begun = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const { stdout } = await run(['login', 'claude', '--begin', '--name', name], { home, env })
        return JSON.parse(stdout) as Begun
      }),
    )
    const [one, two] = begun as [Begun, Begun]
    expect(items().sort()).toEqual(begun.map(({ session }) => session).sort())
    expect((await run(['login', '--complete', one.session], { home, env, input: await shown(one.url) })).exitCode).toBe(
      0,
    )
    expect((await run(['login', '--abort', two.session], { home, env })).exitCode).toBe(0)
    const { accounts } = JSON.parse(readFileSync(join(home, 'auth.json'), 'utf8')) as { accounts: { id: string }[] }
    expect(items()).toEqual(accounts.map(({ id }) => id))
  })
})

describe('aiauth login where nobody can paste', () => {
  it('tells a coding agent how to go on, hands the address over in a file and removes it', async () => {
    const home = temporaryHome(sandbox.settings)
    const file = join(home, 'url')
    const env = { CLAUDECODE: '1', SSH_CONNECTION: '192.0.2.9 50000 192.0.2.7 22' }
    const program = start(['login', 'claude', '--url-file', file, '--qr'], { home, env })
    await program.sees(/aiauth login claude --begin\n/)
    const url = readFileSync(file, 'utf8').trim()
    expect(filesIn(home)['url']).toBe('600')
    await walk(url)
    const { exitCode, stdout, stderr } = await program.ended
    expect([exitCode, stdout]).toEqual([0, ''])
    expect(stderr.split('\n').filter((line) => line.startsWith('http'))).toEqual([url])
    expect(stderr).toContain('this is a remote terminal; open this address')
    expect(stderr).toContain('no QR code is shown')
    expect(readdirSync(home)).not.toContain('url')
  })

  it('removes that file on Ctrl-C too', async () => {
    const home = temporaryHome(sandbox.settings)
    const program = start(['login', 'claude', '--no-browser', '--url-file', join(home, 'url')], { home })
    await program.sees(/^http\S+$/m)
    program.process.kill('SIGINT')
    expect((await program.ended).exitCode).toBe(130)
    expect(readdirSync(home)).not.toContain('url')
  })
})

/** Where the browser ends when nobody listens there. */
async function lastAddress(url: string): Promise<string> {
  let seen = ''
  const { port } = new URL(new URL(url).searchParams.get('redirect_uri') ?? '')
  const server = createServer((request, response) => {
    seen = `http://127.0.0.1:${port}${request.url ?? ''}`
    response.end('not here')
  })
  await new Promise<void>((resolve) => server.listen(Number(port), '127.0.0.1', resolve))
  try {
    await walk(url)
    return seen
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
