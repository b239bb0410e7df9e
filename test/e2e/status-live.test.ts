import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { hang, inTurn, late, type Fault } from '../sandbox/faults.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import type { VendorServer } from '../sandbox/vendor-server.ts'
import { BIN, filesIn, ROOT, run, start, temporaryHome, type Running } from './program.ts'

const BROWSER = `"${process.execPath}" "${join(ROOT, 'test', 'sandbox', 'browser.js')}"`
const TOKEN = /sk-ant-o[ar]t01-\S{8}|eyJ[\w-]{20,}\.[\w-]+/
const WINDOWS = [
  { name: '5 hours', usedPercent: 12 },
  { name: '7 days', usedPercent: 34 },
]

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_650, 14_670] })
})
afterAll(() => sandbox.close())

/** A home with one account of each provider that is named, and the sandbox's events forgotten. */
async function signedIn(...providers: ('claude' | 'openai')[]): Promise<string> {
  const home = temporaryHome(sandbox.settings)
  for (const provider of providers) {
    const { exitCode, stderr } = await run(['login', provider], { home, env: { BROWSER } })
    expect([exitCode, exitCode === 0 ? '' : stderr]).toEqual([0, ''])
  }
  for (const vendor of [sandbox.claude, sandbox.openai]) vendor.events.splice(0)
  return home
}

const asked = (vendor: VendorServer) =>
  vendor.events.flatMap((event) => (event.kind === 'request' ? [event.grantType ?? event.endpoint] : []))

function fault(vendor: VendorServer, endpoint: 'profile' | 'usage' | 'token', happens: Fault): void {
  vendor.faults[endpoint] = happens
  onTestFinished(() => {
    Object.assign(vendor.faults, { [endpoint]: undefined })
  })
}

const answer = (status: number, headers: Record<string, string> = {}): Fault => {
  const body = status === 401 ? '{"error":{"type":"authentication_error","message":"no"}}' : ''
  return () => ({ status, headers: { 'content-type': 'application/json', ...headers }, body })
}

const account = (home: string) => {
  const file = JSON.parse(readFileSync(join(home, 'auth.json'), 'utf8')) as { accounts: Record<string, unknown>[] }
  return file.accounts[0] ?? {}
}

/** Everything on stdout so far, once these words stand in it. */
function printed(program: Running, words: string): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    program.process.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes(words)) resolve(text)
    })
  })
}

describe('aiauth status, asking, built, in the sandbox', () => {
  it('makes new sign-ins active and shows what both providers say is used', async () => {
    const home = await signedIn('claude', 'openai')
    const { exitCode, stdout, stderr } = await run(['status', '--check', '--usage', '--json'], { home })
    expect([exitCode, stderr]).toEqual([0, ''])
    const { accounts } = JSON.parse(stdout) as { accounts: Record<string, unknown>[] }
    expect(accounts).toMatchObject([
      { name: 'claude', state: 'active', usage: { windows: [...WINDOWS, { name: '7 days, sonnet' }] } },
      { name: 'openai', state: 'active', usage: { windows: WINDOWS } },
    ])
    expect([asked(sandbox.claude), asked(sandbox.openai)]).toEqual([['profile', 'usage'], ['usage']])
    const table = await run(['status', '--usage'], { home })
    expect(table.stdout).toMatch(/\nopenai {2}as of \d+s ago\n {2}5 hours {2}\[##-{18}\] {3}12% {2}resets in \d+d/)
    expect(asked(sandbox.claude)).toHaveLength(2)
    expect(stdout + table.stdout).not.toMatch(TOKEN)
    expect(Object.keys(filesIn(home)).filter((name) => name.endsWith('.lock'))).toEqual([])
  })

  it('asks for the usage once for eight processes at the same time', async () => {
    const home = await signedIn('claude')
    fault(sandbox.claude, 'usage', late(300))
    const ended = await Promise.all(Array.from({ length: 8 }, () => run(['status', '--usage', '--json'], { home })))
    expect(new Set(ended.map(({ exitCode, stderr }) => `${exitCode}${stderr}`))).toEqual(new Set(['0']))
    for (const { stdout } of ended)
      expect(JSON.parse(stdout)).toHaveProperty('accounts.0.usage.windows.0.usedPercent', 12)
    expect(asked(sandbox.claude)).toEqual(['usage'])
  })

  it('R25: renews once when a token is refused that should last, and asks again', async () => {
    const home = await signedIn('claude')
    fault(sandbox.claude, 'profile', inTurn(answer(401)))
    expect(await run(['status', '--check'], { home })).toMatchObject({
      exitCode: 0,
      stderr: `aiauth: warning: tokens are readable by anyone who can read ${home}/vault.json (storage plaintext)\n`,
    })
    expect(asked(sandbox.claude)).toEqual(['profile', 'refresh_token', 'profile'])
    expect(account(home)).toMatchObject({ state: 'active', secret: { generation: 2 } })
  })

  it('R25: renews once for many that are refused at the same time', async () => {
    const home = await signedIn('claude')
    let first: string | undefined
    fault(sandbox.claude, 'profile', ({ headers }, work) => {
      first ??= headers.authorization
      return headers.authorization === first ? answer(401)({} as never, work) : undefined
    })
    const ended = await Promise.all(Array.from({ length: 6 }, () => run(['status', '--check'], { home })))
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 0])
    expect(asked(sandbox.claude).filter((what) => what === 'refresh_token')).toHaveLength(1)
  })

  it('R25: exits 4 without a loop when the renewed token is refused too, and says why', async () => {
    const home = await signedIn('claude')
    fault(sandbox.claude, 'profile', answer(401))
    const { exitCode, stdout, stderr } = await run(['status', '--check'], { home })
    expect([exitCode, asked(sandbox.claude)]).toEqual([4, ['profile', 'refresh_token', 'profile']])
    expect(stdout).toMatch(/ claude .* error /)
    expect(stderr).toContain('aiauth: error: claude: claude refused (authentication_error: no, status 401)')
    expect(stderr).not.toMatch(TOKEN)
    expect((await run(['token'], { home })).exitCode).toBe(0)
  })

  it('T7: exits 6 at a rate limit, leaves the state alone, and does not ask for the usage again', async () => {
    const home = await signedIn('openai')
    fault(sandbox.openai, 'usage', answer(429, { 'retry-after': '600' }))
    for (let time = 0; time < 2; time++) {
      const { exitCode, stdout } = await run(['status', '--usage'], { home })
      expect(exitCode).toBe(0)
      expect(stdout).toContain('openai  unknown: openai asks us to slow down (status 429, for 600 s)')
    }
    expect(asked(sandbox.openai)).toEqual(['usage'])
    const checked = await run(['status', '--check'], { home })
    expect([checked.exitCode, account(home)['state']]).toEqual([6, 'created'])
  })

  it.each([['--check'], ['--usage']])('T11, L37: ends %s on Ctrl-C while the answer does not come', async (flag) => {
    const home = await signedIn('claude')
    const endpoint = flag === '--check' ? 'profile' : 'usage'
    fault(sandbox.claude, endpoint, hang)
    const before = account(home)
    const program = start(['status', flag], { home })
    while (asked(sandbox.claude).length === 0) await sleep(20)
    program.process.kill('SIGINT')
    expect(await program.ended).toMatchObject({ exitCode: 130, stdout: '', stderr: 'aiauth: error: cancelled\n' })
    expect(account(home)).toEqual(before)
    Object.assign(sandbox.claude.faults, { [endpoint]: undefined })
    expect((await run(['status', flag], { home })).exitCode).toBe(0)
  })

  it('brings nothing back of an account that is signed out while it is asked about', async () => {
    const home = await signedIn('claude')
    fault(sandbox.claude, 'profile', late(800))
    const program = start(['status', '--check', '--usage'], { home })
    while (asked(sandbox.claude).length === 0) await sleep(20)
    expect((await run(['logout', 'claude', '--local-only'], { home })).exitCode).toBe(0)
    const { exitCode, stdout, stderr } = await program.ended
    expect([exitCode, stdout]).toEqual([0, ''])
    expect(stderr).toContain('nobody is signed in')
    expect(account(home)).toEqual({})
  })

  it('R11: renews and asks nothing without a flag, not even for a token that is over', async () => {
    const home = await signedIn('claude')
    const path = join(home, 'auth.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"expiresAt": "\d{4}/, '"expiresAt": "2020'))
    for (const argv of [['status'], ['status', '--json']]) {
      const { exitCode, stdout } = await run(argv, { home })
      expect([exitCode, stdout.includes('expired')]).toEqual([0, true])
    }
    expect(asked(sandbox.claude)).toEqual([])
    expect(readdirSync(home).sort()).toEqual(['auth.json', 'config.json', 'vault.json'])
  })
})

describe('aiauth status --watch, built', () => {
  it('prints a JSON document a line as facts change, and ends with 130 on Ctrl-C', async () => {
    const home = await signedIn('claude')
    const program = start(['status', '--watch', '--json'], { home })
    await printed(program, '\n')
    await run(['status', '--check'], { home })
    await printed(program, '\n')
    program.process.kill('SIGINT')
    const { exitCode, stdout, stderr } = await program.ended
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect([exitCode, stderr]).toEqual([130, 'aiauth: error: cancelled\n'])
    expect(documents).toMatchObject([{ accounts: [{ name: 'claude' }] }, { accounts: [{ name: 'claude' }] }])
    expect(asked(sandbox.claude)).toEqual(['profile'])
  })

  it.skipIf(spawnSync('script', ['--version']).error !== undefined && process.env['CI'] === undefined)(
    'draws a terminal anew and leaves it as it was',
    async () => {
      const home = await signedIn('claude')
      const path = join(home, 'watch.sh')
      const watch = `"${process.execPath}" "${BIN}" status --watch --usage --no-color`
      writeFileSync(path, `stty cols 100; ${watch} & sleep 1; kill -INT $!; wait $!; echo "ended with $?"`)
      const child = spawn('script', ['-qec', `bash "${path}"`, '/dev/null'], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: process.env['PATH'], HOME: home, AIAUTH_HOME: home, TERM: 'xterm' },
      })
      const screen = await text(child.stdout)
      expect(screen.startsWith('\u001b[H\u001b[J   NAME ')).toBe(true)
      expect(screen).toContain('[######--------------]   34%')
      expect(screen).toMatch(/aiauth: error: cancelled\r\nended with 130\r\n$/)
      // No escape sequence beside the one that clears: no hidden cursor, no other screen, no colour.
      expect(screen.replaceAll('\u001b[H\u001b[J', '')).not.toContain('\u001b')
    },
  )
})
