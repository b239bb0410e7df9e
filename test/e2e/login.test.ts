import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { walk } from '../fakes/http-browser.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { filesIn, ROOT, run, start, temporaryHome } from './program.ts'

const BROWSER = `"${process.execPath}" "${join(ROOT, 'test', 'sandbox', 'browser.js')}"`
const TOKEN = /sk-ant-o[ar]t01-\S{8}|eyJ[\w-]{20,}\.[\w-]+/
const VERIFIED = { claude: 'active', openai: 'created' } as const

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_550, 14_570] })
})
afterAll(() => sandbox.close())

const home = () => temporaryHome(sandbox.settings)
const accountsIn = (folder: string) =>
  (JSON.parse(readFileSync(join(folder, 'auth.json'), 'utf8')) as { accounts: Record<string, unknown>[] }).accounts

describe('aiauth login, built, in the sandbox', () => {
  it.each([
    ['claude', 'max', 'max_20x'],
    ['openai', 'codex', 'pro'],
  ] as const)('signs in to %s, shows it, prints a token that works and signs out', async (provider, mode, tier) => {
    const folder = home()
    const login = await run(['login', provider], { home: folder, env: { BROWSER } })
    expect(login).toMatchObject({ exitCode: 0, stdout: '' })
    expect(login.stderr).toContain(`tier ${tier}`)
    expect(login.stderr).not.toMatch(TOKEN)
    expect(filesIn(folder)).toEqual({ 'auth.json': '600', 'config.json': '600', 'vault.json': '600' })
    expect(
      readFileSync(join(folder, 'auth.json'), 'utf8') + readFileSync(join(folder, 'vault.json'), 'utf8'),
    ).not.toMatch(TOKEN)

    const status = await run(['status', '--json'], { home: folder })
    const { accounts } = JSON.parse(status.stdout) as { accounts: Record<string, unknown>[] }
    expect(accounts[0]).toMatchObject({
      name: provider,
      mode,
      tier,
      state: VERIFIED[provider],
      email: 'ada@example.com',
    })
    expect(accounts[0]?.['expiresInSeconds']).toBeGreaterThan(3000)

    const token = await run(['token', provider], { home: folder })
    expect(token).toMatchObject({ exitCode: 0, stderr: '' })
    expect(token.stdout).toMatch(/^\S+\n$/)

    const logout = await run(['logout', provider], { home: folder })
    expect(logout).toMatchObject({ exitCode: 0, stdout: '' })
    expect(logout.stderr).toContain('the provider has ended the grant')
    expect(accountsIn(folder)).toEqual([])
    expect(readFileSync(join(folder, 'vault.json'), 'utf8')).toContain('"items": {}')
  })

  it('L23: leaves neither code nor token in the address bar, and says who was signed in', async () => {
    const program = start(['login', 'claude', '--no-browser'], { home: home() })
    const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
    const page = await walk(url)
    expect(page.url).toMatch(/^http:\/\/localhost:\d+\/[a-z-]*$/)
    expect(page.status).toBe(200)
    expect(page.page).toContain('Claude')
    expect(page.page).not.toMatch(/<script|code=|state=/)
    expect((await program.ended).exitCode).toBe(0)
  })

  it('L8: exits 4 when the person says no in the browser, and keeps nothing', async () => {
    const folder = home()
    const program = start(['login', 'claude', '--no-browser'], { home: folder })
    const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
    await walk(url, { deny: true })
    const { exitCode, stderr } = await program.ended
    expect(exitCode).toBe(4)
    expect(stderr).toContain('denied')
    expect(Object.keys(filesIn(folder))).not.toContain('auth.json')
  })

  it('L36: exits 5 at the set time and frees the port', async () => {
    const program = start(['login', 'claude', '--no-browser', '--timeout', '1s'], { home: home() })
    const [, port = ''] = await program.sees(/localhost%3A(\d+)%2F/)
    const { exitCode, stderr } = await program.ended
    expect(exitCode).toBe(5)
    expect(stderr).toContain('--timeout')
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('L37: on %s frees the port, keeps nothing and exits %i; the next sign-in works', async (signal, code) => {
    const folder = home()
    const program = start(['login', 'claude', '--no-browser'], { home: folder })
    const [, port = ''] = await program.sees(/localhost%3A(\d+)%2F/)
    program.process.kill(signal)
    const { exitCode, stdout, stderr } = await program.ended
    expect([exitCode, stdout]).toEqual([code, ''])
    expect(stderr).toMatch(/aiauth: error: [^\n]+\n(aiauth: hint: [^\n]+\n)?$/)
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
    expect(Object.keys(filesIn(folder))).not.toContain('auth.json')
    expect((await run(['login', 'claude'], { home: folder, env: { BROWSER } })).exitCode).toBe(0)
  })

  it('X10: opens no inspector on SIGUSR1 while it waits', async () => {
    const program = start(['login', 'claude', '--no-browser'], { home: home() })
    const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
    program.process.kill('SIGUSR1')
    await walk(url)
    const { exitCode, stderr } = await program.ended
    expect([exitCode, /debugger/i.test(stderr)]).toEqual([0, false])
  })

  it('U9, U11, X3, X14: says everything on stderr in plain bytes, shows no token and leaves no file elsewhere', async () => {
    const folder = home()
    const temporary = temporaryHome()
    const env = { BROWSER, TMPDIR: temporary }
    const said = []
    for (const argv of [['login', 'claude'], ['status'], ['status', '--json'], ['providers'], ['logout', 'claude']]) {
      const { stdout, stderr } = await run(argv, { home: folder, env })
      if (argv[0] === 'login') expect(stdout).toBe('')
      said.push(stdout, stderr)
    }
    expect(said.join('')).not.toMatch(TOKEN)

    expect(said.join('')).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
    expect(filesIn(temporary)).toEqual({})
  })

  it('L39: lets two sign-ins finish in either order, each with its own code', async () => {
    const folder = home()
    const programs = ['one', 'two'].map((name) =>
      start(['login', 'claude', '--no-browser', '--name', name], { home: folder }),
    )
    const urls = await Promise.all(programs.map(async (program) => (await program.sees(/^(https?:\S+)$/m))[1] ?? ''))
    for (const url of urls.reverse()) await walk(url)
    const ended = await Promise.all(programs.map((program) => program.ended))
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    expect(
      accountsIn(folder)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['one', 'two'])
  })

  it('L32: exits 9 and names both ports when they are taken; says how to go on', async () => {
    const squatters = [14_550, 14_570].map((port) => createServer().listen(port, '127.0.0.1'))
    try {
      await Promise.all(squatters.map((server) => once(server, 'listening')))
      const { exitCode, stderr } = await run(['login', 'openai', '--no-browser'], { home: home() })
      expect(exitCode).toBe(9)
      expect(stderr).toMatch(/14550[\s\S]*14570/)
      expect(stderr).toContain('without a port: aiauth login openai --device, or aiauth login openai --begin\n')
    } finally {
      for (const server of squatters) server.close()
    }
  })

  it('takes the second registered port when the first is taken', async () => {
    const squatter = createServer().listen(14_550, '127.0.0.1')
    try {
      await once(squatter, 'listening')
      const { exitCode, stderr } = await run(['login', 'openai'], { home: home(), env: { BROWSER } })
      expect([exitCode, stderr.includes('127.0.0.1%3A14570')]).toEqual([0, true])
    } finally {
      squatter.close()
    }
  })

  it('U6, U7: goes on when no browser can be opened, or when it hangs', async () => {
    for (const browser of ['/nonexistent/browser', 'sh -c "sleep 10" x']) {
      const program = start(['login', 'claude'], { home: home(), env: { BROWSER: browser } })
      const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
      if (browser.startsWith('/')) await program.sees(/no browser could be opened/)
      await walk(url)
      expect((await program.ended).exitCode).toBe(0)
    }
  })

  it('U10: opens no browser over SSH and prints the line that makes a tunnel', async () => {
    const env = { SSH_CONNECTION: '192.0.2.9 50000 192.0.2.7 22' }
    const program = start(['login', 'claude', '--timeout', '1s'], { home: home(), env })
    await program.sees(/^ssh -L (\d+):127\.0\.0\.1:\1 \S+@192\.0\.2\.7$/m)
    expect((await program.ended).stderr).not.toContain('opening your browser')
  })

  it('X6: traces the protocol with DEBUG=oauth:* and shows no secret in it', async () => {
    const folder = home()
    const { stderr } = await run(['login', 'claude'], {
      home: folder,
      env: { BROWSER, DEBUG: 'oauth:*', NODE_DEBUG: 'http,net' },
    })
    const { stdout: token } = await run(['token'], { home: folder })
    expect(stderr).toContain('oauth:http → token POST')
    expect(stderr).toContain('createConnection')
    // The address for the person holds a state, and no secret.
    const trace = stderr.replace(/^https?:\S+$/gm, '')
    expect(trace).not.toContain(token.trim())
    expect(trace).not.toMatch(TOKEN)
    expect(trace).not.toMatch(/code_verifier="?[\w-]{43}|[?&]code=[\w-]{10}/)
  })

  it('X8, X9: gives the browser no secret, neither in its words nor in its environment', async () => {
    const folder = home()
    const spy = join(folder, 'spy.sh')
    writeFileSync(
      spy,
      `#!/bin/sh\ntr '\\0' '\\n' < /proc/$$/cmdline > "${folder}/spied"; env >> "${folder}/spied"\nexec ${BROWSER} "$1"\n`,
      { mode: 0o700 },
    )
    const env = { BROWSER: spy, AIAUTH_STORAGE: 'passphrase', AIAUTH_PASSPHRASE: 'correct-horse' }
    const { exitCode } = await run(['login', 'claude'], { home: folder, env })
    expect(exitCode).toBe(0)
    const spied = readFileSync(join(folder, 'spied'), 'utf8')
    expect(spied).toContain('code_challenge=')
    expect(spied).not.toMatch(/correct-horse|code_verifier|AIAUTH_PASSPHRASE/)
  })

  it('keeps the tokens under a passphrase, and asks for it again', async () => {
    const folder = home()
    const env = { BROWSER, AIAUTH_STORAGE: 'passphrase', AIAUTH_PASSPHRASE: 'correct-horse' }
    expect((await run(['login', 'claude'], { home: folder, env })).exitCode).toBe(0)
    expect((await run(['token'], { home: folder, env })).stdout).toMatch(/^sk-ant-oat01-\S+\n$/)
    const wrong = await run(['token'], { home: folder, env: { ...env, AIAUTH_PASSPHRASE: 'wrong' } })
    expect([wrong.exitCode, wrong.stdout]).toEqual([7, ''])
    const none = await run(['token'], { home: folder, env: { AIAUTH_STORAGE: 'passphrase' } })
    expect([none.exitCode, none.stderr.includes('AIAUTH_PASSPHRASE_FILE')]).toEqual([7, true])
  })

  it('U12: discovers the endpoints of a provider of the user’s own, and refuses a wrong issuer', async () => {
    const { origin } = sandbox.chatgpt
    const acme = { clientId: 'acme-client', issuer: origin, scopes: ['openid'] }
    const wrong = { ...acme, issuer: origin.replace('127.0.0.1', 'localhost') }
    const folder = temporaryHome({ providers: { acme, wrong } })
    const program = start(['login', 'acme', '--no-browser', '--timeout', '1s'], { home: folder })
    const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
    expect(url.startsWith(origin)).toBe(true)
    await program.ended
    const refused = await run(['login', 'wrong'], { home: folder })
    expect([refused.exitCode, refused.stderr.includes('another issuer')]).toEqual([6, true])
  })
})

describe('a provider that misbehaves', () => {
  const answer = (status: number, body: string, headers: Record<string, string> = {}) => ({
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })

  it.each([
    ['T1: half a reply', answer(200, '{"access_token":"AT-LEAK')],
    ['T2: a challenge page', answer(403, '<html>AT-LEAK</html>', { 'content-type': 'text/html' })],
    ['T4: nothing', answer(400, '')],
    ['T5: a nested error', answer(401, '{"error":{"code":"x","message":"m"}}')],
    ['T7: a rate limit', answer(429, '{}', { 'retry-after': '2' })],
    ['T8: an outage', answer(503, 'AT-LEAK')],
    ['T14: a redirect', answer(307, '', { location: 'https://evil.example/' })],
    ['T17: a token for proofs of possession', answer(200, '{"access_token":"AT-LEAK","token_type":"DPoP"}')],
    ['T18: a token with a line break', answer(200, '{"access_token":"AT-LEAK\\r\\nX: y"}')],
  ])('%s: exits 6 with one line, shows nothing of it and keeps nothing', async (_case, reply) => {
    const folder = home()
    sandbox.claude.faults.token = () => reply
    try {
      const { exitCode, stdout, stderr } = await run(['login', 'claude'], { home: folder, env: { BROWSER } })
      expect([exitCode, stdout]).toEqual([6, ''])
      expect(stderr).toMatch(/aiauth: error: [^\n]+\n(aiauth: hint: [^\n]+\n)?$/)
      expect(stderr).not.toContain('LEAK')
      expect(Object.keys(filesIn(folder))).not.toContain('auth.json')
    } finally {
      delete sandbox.claude.faults.token
    }
  })
})
