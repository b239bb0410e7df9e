import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { formatAuthFile, newAuthFile, parseAuthFile } from '../../src/auth-file/format.ts'
import type { Account } from '../../src/model/account.ts'
import { Secret } from '../../src/model/secret.ts'
import { claude } from '../../src/providers/claude.ts'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { account, bundle } from '../fakes/account.ts'
import { claudeClient, type ClaudeClient } from '../sandbox/claude-client.ts'
import { altered, grantedThenReset, inTurn, late, reset, type Fault } from '../sandbox/faults.ts'
import { get, listenForCallback, type Callback } from '../sandbox/raw-client.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import type { VendorServer } from '../sandbox/vendor-server.ts'
import { filesIn, ROOT, run, temporaryHome, type Ended } from './program.ts'

const BROWSER = `"${process.execPath}" "${join(ROOT, 'test', 'sandbox', 'browser.js')}"`
const OVER = -60

let sandbox: Sandbox
let callback: Callback
let client: ClaudeClient
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_750, 14_770] })
  callback = await listenForCallback()
  client = claudeClient(sandbox.claude.origin, callback)
})
afterAll(async () => {
  callback.close()
  await sandbox.close()
})

const authFile = (home: string) => parseAuthFile(readFileSync(join(home, 'auth.json'), 'utf8'))
const facts = (home: string) => authFile(home).accounts[0] ?? account()
const held = async (home: string) => {
  const tokens = (await sealedVaultOnDisk(home, undefined).read(facts(home).id))?.tokens
  return { access: tokens?.accessToken.reveal() ?? '', refresh: tokens?.refreshToken?.reveal() ?? '' }
}
const refreshes = ({ events }: VendorServer) =>
  events.filter((event) => event.kind === 'request' && event.grantType === 'refresh_token').length

/** A home with an account of Claude, `work`, by a sign-in of this very test; its access token has `left` seconds. */
async function signedIn(left: number): Promise<string> {
  const { status, body } = await client.signIn()
  expect(status).toBe(200)
  sandbox.claude.events.splice(0)
  const home = temporaryHome(sandbox.settings)
  const [id, store, expiresAtMs] = [randomUUID(), 'plaintext', Date.now() + left * 1000]
  const who = { accountId: sandbox.claude.people[0]?.claude.accountUuid ?? '', email: 'ada@example.com' }
  const secret = { store, generation: 1, renewable: true }
  const accounts = [account({ id, ...who, secret, expiresAt: new Date(expiresAtMs).toISOString() })]
  writeFileSync(join(home, 'auth.json'), formatAuthFile({ ...newAuthFile('f'), storage: store, accounts }), {
    mode: 0o600,
  })
  const tokens = {
    ...bundle().tokens,
    accessToken: new Secret(String(body['access_token'])),
    refreshToken: new Secret(String(body['refresh_token'])),
    scopes: String(body['scope']).split(' '),
    expiresAtMs,
  }
  const tokenEndpoint = `${sandbox.claude.origin}/v1/oauth/token`
  await sealedVaultOnDisk(home, undefined).write(
    bundle({ accountId: id, tokenEndpoint, clientId: claude.clientId, tokens }),
  )
  return home
}

/** Lets time pass for the account: its access token has `left` seconds from now, and no cool-down is left. */
async function setLeft(home: string, left: number): Promise<void> {
  const expiresAtMs = Date.now() + left * 1000
  const file = authFile(home)
  const accounts = file.accounts.map((known): Account => ({
    ...known,
    expiresAt: new Date(expiresAtMs).toISOString(),
    cooldownUntil: null,
  }))
  writeFileSync(join(home, 'auth.json'), formatAuthFile({ ...file, accounts }), { mode: 0o600 })
  const vault = sealedVaultOnDisk(home, undefined)
  const stored = await vault.read(facts(home).id)
  if (stored !== undefined) await vault.write({ ...stored, tokens: { ...stored.tokens, expiresAtMs } })
}

/** What happens to renewals of Claude; sign-ins go well. */
function fault(happens: Fault): void {
  const vendor = sandbox.claude
  vendor.faults.token = (request, work) =>
    request.fields.get('grant_type') === 'refresh_token' ? happens(request, work) : undefined
  onTestFinished(() => {
    delete vendor.faults.token
  })
}
/** Asks for a wait, so that nothing is tried again. */
const replies = (status: number, body: unknown = '', headers: Record<string, string> = {}): Fault => {
  const content = typeof body === 'string' ? body : JSON.stringify(body)
  return () => ({
    status,
    headers: { 'content-type': 'application/json', 'retry-after': '120', ...headers },
    body: content,
  })
}

/** Every file below the home, as text. */
const contents = (home: string) =>
  readdirSync(home, { recursive: true, encoding: 'utf8' })
    .map((name) => join(home, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n')

describe('a renewal, built, in the sandbox', () => {
  it.each([
    ['claude', '/api/oauth/profile', 28_800],
    ['openai', '/backend-api/wham/usage', 864_000],
  ] as const)('R1: signs in to %s, renews what is over, and prints a token that works', async (id, resource, lasts) => {
    const [home, vendor] = [temporaryHome(sandbox.settings), sandbox[id]]
    expect((await run(['login', id], { home, env: { BROWSER } })).exitCode).toBe(0)
    vendor.events.splice(0)
    await setLeft(home, OVER)
    const before = await held(home)

    const { exitCode, stdout, stderr } = await run(['token', id], { home })
    expect([exitCode, stderr]).toEqual([0, ''])
    expect((await get(vendor.origin + resource, stdout.trim())).status).not.toBe(401)
    const after = await held(home)
    expect([stdout, after.refresh === before.refresh]).toEqual([`${after.access}\n`, false])
    expect(facts(home)).toMatchObject({ state: 'active', email: 'ada@example.com', secret: { generation: 2 } })
    expect((Date.parse(facts(home).expiresAt ?? '') - Date.now()) / 1000).toBeGreaterThan(lasts - 60)
    expect(filesIn(home)).toMatchObject({ 'auth.json': '600', 'vault.json': '600', journal: '700' })
    expect(readdirSync(join(home, 'journal'))).toEqual([])

    expect((await run(['token', id], { home })).stdout).toBe(stdout)
    expect(refreshes(vendor)).toBe(1)
    const again = await run(['refresh', id, '--json'], { home })
    expect(JSON.parse(again.stdout)).toMatchObject({ results: [{ name: id, outcome: 'renewed' }] })
    expect(refreshes(vendor)).toBe(2)
    expect(vendor.events.map(({ kind }) => kind)).not.toContain('refused')
  })

  it('serves what lasts for --min-validity, and renews what does not', async () => {
    const home = await signedIn(100)
    const old = (await held(home)).access
    expect((await run(['token', '--min-validity', '90'], { home })).stdout).toBe(`${old}\n`)
    expect((await run(['token'], { home })).stdout).toBe(`${old}\n`)
    expect(refreshes(sandbox.claude)).toBe(0)
    const { stdout } = await run(['token', '--min-validity', '110', '--json'], { home })
    expect(JSON.parse(stdout)).toMatchObject({ tokenType: 'Bearer', account: 'work', provider: 'claude' })
    expect((JSON.parse(stdout) as { token: string }).token).toBe((await held(home)).access)
    expect(refreshes(sandbox.claude)).toBe(1)
  })

  it('T11: waits for an answer that is late', async () => {
    const home = await signedIn(OVER)
    fault(late(1500))
    expect((await run(['token'], { home })).exitCode).toBe(0)
  })

  it.each([
    ['T23: an ID token that is nonsense', { id_token: 'x' }],
    ['T22: the scope as a list', { scope: ['user:profile'] }],
    ['T16: a lifetime that is a word', { expires_in: 'soon' }],
    ['T15: no lifetime', { expires_in: undefined }],
    ['T17: no type', { token_type: undefined }],
    ['T20: prototype pollution', JSON.parse('{"__proto__":{"a":1},"constructor":1}') as object],
    ['an error that is empty', { error: '' }],
  ])('keeps a grant whose answer has %s, and renews with it again', async (_case, change) => {
    const home = await signedIn(OVER)
    fault(altered((answer) => ({ ...answer, ...change })))
    expect((await run(['token'], { home })).exitCode).toBe(0)
    delete sandbox.claude.faults.token
    expect((await run(['refresh', 'work'], { home })).exitCode).toBe(0)
    expect(sandbox.claude.events.map(({ kind }) => kind)).not.toContain('grant-revoked')
  })

  it.each([
    ['T17: a token type that is of no use', { token_type: 'mac' }],
    ['T18: an access token with an escape sequence', { access_token: 'a\u001b[2J' }],
  ])('keeps the refresh token of an answer with %s, so that the next renewal works', async (_case, change) => {
    const home = await signedIn(OVER)
    fault(inTurn(altered((answer) => ({ ...answer, ...change }))))
    const first = await run(['token'], { home })
    expect([first.exitCode, first.stdout]).toEqual([6, ''])
    expect(first.stderr).not.toContain('\u001b')
    await setLeft(home, OVER)
    expect((await run(['token'], { home })).exitCode).toBe(0)
    expect(sandbox.claude.events.map(({ kind }) => kind)).not.toContain('grant-revoked')
  })
})

describe('a renewal that fails, built, in the sandbox', () => {
  it.each([
    ['T9: a connection that is cut', reset, 6, 'network'],
    ['T8: an outage', replies(503, '<html>LEAK'), 6, 'provider-unavailable'],
    ['T1: half a reply', replies(200, '{"access_token":"LEAK","tok'), 6, 'provider-rejected'],
    ['T2: a page', replies(403, '<html>LEAK', { 'content-type': 'text/html' }), 6, 'provider-rejected'],
    ['T14: a redirect', replies(307, '', { location: 'https://evil.example/LEAK' }), 6, 'provider-rejected'],
    ['T13: a reply without an end', replies(200, 'x'.repeat(2_000_000)), 6, 'provider-unavailable'],
    ['T4: an empty error', replies(400), 6, 'provider-rejected'],
    ['R12: a final refusal', replies(400, { error: 'invalid_grant' }), 4, 'sign-in-required'],
    ['R22: another account', altered((answer) => ({ ...answer, account: { uuid: 'x' } })), 6, 'provider-rejected'],
  ] as [string, Fault, number, string][])(
    'says so as text and as JSON, with the same exit code, and nothing of the reply: %s',
    async (_case, happens, exitCode, code) => {
      fault(happens)
      const [home, other] = [await signedIn(OVER), await signedIn(OVER)]
      const [inWords, asJson] = await Promise.all([
        run(['token', 'work'], { home }),
        run(['token', 'work', '--json'], { home: other }),
      ])
      expect([inWords.exitCode, inWords.stdout]).toEqual([exitCode, ''])
      expect(inWords.stderr).toMatch(/^aiauth: error: [^\n]+\n(aiauth: hint: [^\n]+\n)?$/)
      expect([asJson.exitCode, asJson.stderr]).toEqual([exitCode, ''])
      expect(JSON.parse(asJson.stdout)).toMatchObject({ error: { code, message: expect.any(String) as string } })
      expect(inWords.stderr + asJson.stdout + contents(home)).not.toContain('LEAK')
    },
  )

  it('R13: prints the old token with a warning and exits 0 while it lives', async () => {
    const home = await signedIn(40)
    fault(replies(429))
    const old = (await held(home)).access
    for (const words of ['claude asks us to slow down (status 429, for 120 s)', 'claude is not asked again for']) {
      const { exitCode, stdout, stderr } = await run(['token', 'work'], { home })
      expect([exitCode, stdout]).toEqual([0, `${old}\n`])
      expect(stderr).toMatch(/^aiauth: warning: work was not renewed, its old token still works: [^\n]+\n$/)
      expect(stderr).toContain(words)
    }
    expect(refreshes(sandbox.claude)).toBe(1)
  })

  it('T7: exits 6 with the time to wait when the old token is over, and asks nobody before', async () => {
    const home = await signedIn(OVER)
    fault(replies(429))
    const first = await run(['token', 'work'], { home })
    expect([first.exitCode, first.stderr]).toEqual([6, expect.stringContaining('status 429, for 120 s')])
    const second = await run(['token', 'work'], { home })
    expect([second.exitCode, second.stderr]).toEqual([6, expect.stringMatching(/hint: try again in 1[12]\d s\n$/)])
    expect(refreshes(sandbox.claude)).toBe(1)
    const until = (Date.parse(facts(home).cooldownUntil ?? '') - Date.now()) / 1000
    expect(until).toBeGreaterThan(100)
  })

  it('R6: uses the old token to its end after an answer was lost, and tells the story when the grant is dead', async () => {
    const home = await signedIn(40)
    fault(inTurn(grantedThenReset))
    const old = (await held(home)).access
    for (let asked = 0; asked < 3; asked++) {
      expect(await run(['token', 'work'], { home })).toMatchObject({ exitCode: 0, stdout: `${old}\n` })
    }
    const forced = await run(['refresh', 'work'], { home })
    expect([forced.exitCode, forced.stdout]).toEqual([0, expect.stringContaining('work  skipped')])
    expect(refreshes(sandbox.claude)).toBe(1)
    expect((await get(`${sandbox.claude.origin}/api/oauth/profile`, old)).status).toBe(200)

    await setLeft(home, OVER)
    const end = await run(['token', 'work'], { home })
    expect(end.exitCode).toBe(4)
    expect(end.stderr).toMatch(/the answer to the renewal of \d{4}-\S+Z was lost before it arrived/)
    expect(facts(home)).toMatchObject({ state: 'needs-login' })
    expect((await run(['why', 'work'], { home })).stdout).toContain('was lost before it arrived')
    await run(['token', 'work'], { home })
    expect(refreshes(sandbox.claude)).toBe(2)
  })

  it('R6: does not end a living token by forcing its renewal while the answers are lost', async () => {
    const home = await signedIn(3600)
    fault(inTurn(grantedThenReset))
    const old = (await held(home)).access
    expect((await run(['refresh', 'work'], { home })).exitCode).toBe(6)
    expect((await get(`${sandbox.claude.origin}/api/oauth/profile`, old)).status).toBe(200)
    expect(refreshes(sandbox.claude)).toBe(1)
  })

  it('R6: goes on with the old grant when the server knew nothing of the lost request', async () => {
    const home = await signedIn(OVER)
    fault(inTurn(reset))
    const { exitCode, stdout } = await run(['token', 'work'], { home })
    expect([exitCode, stdout]).toEqual([0, `${(await held(home)).access}\n`])
    expect(readdirSync(join(home, 'journal'))).toEqual([])
  })

  it('R2: says at the next renewal that the grant is over when an answer has lost its new refresh token', async () => {
    const home = await signedIn(OVER)
    fault(inTurn(altered(({ refresh_token: _, ...answer }) => answer)))
    expect((await run(['token', 'work'], { home })).exitCode).toBe(0)
    expect((await run(['refresh', 'work'], { home })).exitCode).toBe(4)
  })
})

/** The whole program on a command line that the launcher takes itself. */
async function wholeProgram(argv: readonly string[], home: string): Promise<Omit<Ended, 'signal'>> {
  const code = `require(${JSON.stringify(join(ROOT, 'dist', 'main.cjs'))}).main(${JSON.stringify(argv)})`
  const env = { PATH: process.env['PATH'], HOME: home, AIAUTH_HOME: home, AIAUTH_STORAGE: 'plaintext' }
  const child = spawn(process.execPath, ['-e', code], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  return { exitCode, stdout, stderr }
}

describe('the short way to a renewed token', () => {
  it.each([
    ['a grant', undefined, OVER, 0],
    ['an outage while the old token lives', replies(500), 40, 0],
    ['a rate limit', replies(429), OVER, 6],
    ['a final refusal', replies(400, { error: 'invalid_grant' }), OVER, 4],
    ['an answer without an access token', altered(({ access_token: _, ...answer }) => answer), OVER, 6],
  ] as [string, Fault | undefined, number, number][])(
    'gives the same words, files and exit code as the whole program: %s',
    async (_case, happens, left, exitCode) => {
      for (const argv of [
        ['token', 'work'],
        ['token', '--json'],
      ]) {
        if (happens !== undefined) fault(happens)
        const [one, other] = [await signedIn(left), await signedIn(left)]
        const short = await run(argv, { home: one })
        const whole = await wholeProgram(argv, other)
        expect(short.exitCode).toBe(exitCode)
        const alike = async ({ exitCode: code, stdout, stderr }: Omit<Ended, 'signal'>, home: string) => ({
          code,
          out: stdout.replaceAll((await held(home)).access, '<token>').replace(/\d{4}-\d\d-\S+Z/, '<time>'),
          err: stderr,
          files: Object.values(filesIn(home)),
          history: facts(home).history.map(({ event, reason }) => [event, reason]),
        })
        expect(await alike(short, one)).toEqual(await alike(whole, other))
      }
    },
  )
})

describe('the secrets of a renewal', () => {
  it.each([
    ['a grant', undefined, OVER],
    ['a lost answer', grantedThenReset, 40],
    ['a final refusal', replies(400, { error: 'invalid_grant' }), OVER],
    ['an answer for another account', altered((answer) => ({ ...answer, account: { uuid: 'x' } })), OVER],
  ] as [string, Fault | undefined, number][])(
    'X3, X6, X14: stand in no output but that of token, and in clear in no file: %s',
    async (_case, happens, left) => {
      const home = await signedIn(left)
      const before = await held(home)
      const granted: string[] = []
      const noting = altered((answer) => {
        granted.push(String(answer['access_token']), String(answer['refresh_token']))
        return answer
      })
      fault(async (request, work) => (await happens?.(request, work)) ?? noting(request, work))
      const env = { DEBUG: '*', NODE_DEBUG: 'http,net,fs' }
      const outputs = [
        await run(['refresh', 'work', '--debug'], { home, env }),
        await run(['token', 'work'], { home, env }),
        await run(['why', 'work', '--json'], { home, env }),
        await run(['status', '--json'], { home, env }),
      ]
      expect(outputs[0]?.stderr).toMatch(/oauth:http → refresh POST http:\/\/127\.0\.0\.1:\d+\/v1\/oauth\/token /)
      expect(outputs[0]?.stderr).toContain('grant_type="refresh_token" refresh_token=[secret]')
      const [refresh, token, ...others] = outputs
      const told = [refresh, ...others].map((ended) => (ended?.stdout ?? '') + (ended?.stderr ?? '')).join('\n')
      const everything = told + (token?.stderr ?? '') + contents(home)
      const after = await held(home)
      for (const secret of [...Object.values(before), ...Object.values(after), ...granted]) {
        expect(secret.length).toBeGreaterThan(20)
        expect(everything.includes(secret)).toBe(false)
        expect(everything.includes(secret.slice(-12))).toBe(false)
      }
    },
  )
})
