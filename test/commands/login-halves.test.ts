import { describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli.ts'
import { AuthError } from '../../src/model/errors.ts'
import { fakePorts, NOW_MS, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

const GRANT = { access_token: 'AT-LEAK', refresh_token: 'RT-LEAK', expires_in: 28_800, token_type: 'Bearer' }
const PROFILE = {
  account: { uuid: 'acc-1', email: 'ada@example.com' },
  organization: { organization_type: 'claude_pro' },
}
const JSON_TYPE = { 'content-type': 'application/json' }
const replies = [GRANT, PROFILE].map((body) => () => ({ headers: JSON_TYPE, body: JSON.stringify(body) }))
const ID = '00000000-0000-4000-8000-000000000001'

async function run(ports: FakePorts, ...argv: string[]) {
  const [out, err] = [ports.stdout.length, ports.stderr.length]
  const exitCode = await runCli(argv, ports, { json: argv.includes('--json'), debug: false })
  return { exitCode, out: ports.stdout.slice(out).join(''), err: ports.stderr.slice(err).join('') }
}

/** A sign-in that was begun: its id, and what the browser would end with. */
async function begun(world: FakeWorld = {}, ...more: string[]) {
  const ports = fakePorts({ answers: replies, ...world })
  const { exitCode, out, err } = await run(ports, 'login', 'claude', '--begin', '--accept-terms', ...more)
  expect([exitCode, err]).toEqual([0, expect.any(String)])
  const result = JSON.parse(out) as { session: string; url: string; expiresAt: string }
  const state = new URL(result.url).searchParams.get('state') ?? ''
  return { ports, err, ...result, state, answer: `C-1#${state}` }
}

const at = (ports: FakePorts, nowMs: number) => Object.assign(ports.clock, { nowMs: () => nowMs })

describe('aiauth login --begin', () => {
  it('prints session, address and end as JSON, and tells a person what to type next', async () => {
    const { session, url, expiresAt, err } = await begun()
    expect([session, expiresAt]).toEqual([ID, '2026-11-21T10:10:00.000Z'])
    const asked = new URL(url)
    expect(asked.origin + asked.pathname).toBe('https://claude.com/cai/oauth/authorize')
    expect(asked.searchParams.get('redirect_uri')).toBe('https://platform.claude.com/oauth/code/callback')
    expect(err).toContain(`aiauth login --complete ${ID} `)
  })

  it('sends a browser to an address on this machine where the provider has no page of its own', async () => {
    const ports = fakePorts()
    const { out, err } = await run(ports, 'login', 'openai', '--begin', '--accept-terms')
    const { url } = JSON.parse(out) as { url: string }
    expect(new URL(url).searchParams.get('redirect_uri')).toBe('http://127.0.0.1:1455/auth/callback')
    expect(err).toContain('a page that cannot be reached')
    expect(ports.openPorts.size).toBe(0)
  })

  it('keeps verifier and state sealed, their key in the vault, and neither in clear', async () => {
    const { ports, state } = await begun()
    const [stored = ''] = ports.signInFiles.values()
    expect(stored).not.toContain(state)
    expect(Object.keys(JSON.parse(stored) as object)).toEqual([
      'version',
      'storage',
      'createdAt',
      'expiresAt',
      'sealed',
    ])
    expect([...ports.keys.keys()]).toEqual([`sign-in/${ID}`])
    expect(ports.openPorts.size).toBe(0)
  })

  it('leaves nothing behind when the key cannot be kept', async () => {
    const ports = fakePorts({ brokenVault: new AuthError('storage-locked', 'the keychain is locked') })
    expect((await run(ports, 'login', 'claude', '--begin', '--accept-terms')).exitCode).toBe(7)
    expect(ports.signInFiles.size).toBe(0)
  })

  it.each([
    ['--port', '8080'],
    ['--timeout', '9m'],
    ['--browser', 'firefox'],
    ['--url-file', '/tmp/x'],
    ['--complete', ID],
    ['--abort', ID],
  ])('exits 2 with %s, which has no place in it', async (...more) => {
    const ports = fakePorts()
    const { exitCode, err } = await run(ports, 'login', 'claude', '--begin', '--accept-terms', ...more)
    expect([exitCode, ports.signInFiles.size]).toEqual([2, 0])
    expect(err).toMatch(/does not go with/)
  })

  it('takes --no-browser for what it does anyway', async () => {
    expect((await begun({}, '--no-browser')).session).toBe(ID)
  })

  it('exits 2 before anything is begun when the name is taken', async () => {
    const { ports, answer } = await begun()
    expect((await run(ports, 'login', '--complete', ID, answer)).exitCode).toBe(0)
    expect((await run(ports, 'login', 'claude', '--begin', '--accept-terms')).exitCode).toBe(2)
  })
})

describe('aiauth login --complete', () => {
  it.each([
    ['code#state', (state: string) => `C-1#${state}`],
    ['the code alone', () => 'C-1'],
    ['the whole address', (state: string) => `https://platform.claude.com/oauth/code/callback?code=C-1&state=${state}`],
    ['an address that was folded', (state: string) => `http://localhost:1/callback?code=C-\n1&state=${state}`],
  ])('signs in with %s, as login would', async (_case, answer) => {
    const { ports, state } = await begun({}, '--name', 'work', '--proxy', 'http://proxy.example:3128')
    const { exitCode, out, err } = await run(ports, 'login', '--complete', ID, answer(state), '--json')
    expect(exitCode).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ account: { name: 'work', provider: 'claude', mode: 'max', tier: 'pro' } })
    expect(err).toContain('signed in as ada@example.com')
    expect(out + err).not.toContain('LEAK')
    expect(JSON.parse(ports.requests[0]?.body ?? '')).toMatchObject({
      code: 'C-1',
      state,
      redirect_uri: 'https://platform.claude.com/oauth/code/callback',
      code_verifier: expect.stringMatching(/^[\w-]{43}$/) as string,
    })
    expect(ports.current()?.accounts[0]).toMatchObject({ name: 'work', proxy: 'http://proxy.example:3128' })
    expect(ports.proxies).toContain('http://proxy.example:3128')
    expect([...ports.keys.keys()]).toEqual([])
  })

  it.each([
    ['before the flags', (answer: string) => ['--complete', ID, answer, '--json']],
    ['behind them', (answer: string) => ['--json', `--complete=${ID}`, answer]],
    ['behind two dashes', (answer: string) => ['--complete', ID, '--', answer]],
    ['behind an id with blanks around it', (answer: string) => ['--complete', ` ${ID}\n`, answer]],
  ])('takes a code that begins with a dash %s', async (_case, words) => {
    for (const code of ['-C1', '-hC1', '-VC1']) {
      const { ports, state } = await begun()
      expect((await run(ports, 'login', ...words(`${code}#${state}`))).exitCode).toBe(0)
      expect(JSON.parse(ports.requests[0]?.body ?? '')).toMatchObject({ code })
    }
  })

  it('still knows a flag that is none of its own, and sends nothing', async () => {
    const { ports } = await begun()
    const { exitCode, err } = await run(ports, 'login', '--complete', ID, '--jsn')
    expect([exitCode, ports.requests.length]).toEqual([2, 0])
    expect(err).toContain("unknown option '--jsn'")
  })

  it.each([[['--complete', ID]], [['--complete', ID, '-']], [['claude', '--complete', ID]]])(
    'takes the answer from stdin where none is given: %j',
    async (words) => {
      const typed: string[] = []
      const { ports, answer } = await begun({ typed })
      typed.push(answer)
      expect((await run(ports, 'login', ...words)).exitCode).toBe(0)
    },
  )

  it.each([
    ['of another sign-in', 'C-1#wrong'],
    ['with a wrong state in an address', 'http://localhost:1/callback?code=C-1&state=wrong'],
    ['that is empty', ''],
  ])('L40: exits 2 for an answer %s, and the sign-in goes on waiting', async (_case, wrong) => {
    const { ports, answer } = await begun()
    const refused = await run(ports, 'login', '--complete', ID, wrong)
    expect([refused.exitCode, ports.requests.length]).toEqual([2, 0])
    expect(refused.err).toContain(`aiauth login --complete ${ID}`)
    if (wrong !== '') expect(refused.err).not.toContain(wrong)
    expect((await run(ports, 'login', '--complete', ID, answer)).exitCode).toBe(0)
  })

  it('keeps the tokens where the accounts here keep theirs by now', async () => {
    const { ports, answer } = await begun({ input: `sk-ant-api03-${'k'.repeat(40)}` })
    const other = await run(ports, 'login', 'claude', '--with-api-key', '--name', 'key', '--storage', 'plaintext')
    expect(other.exitCode).toBe(0)
    const { exitCode, out } = await run(ports, 'login', '--complete', ID, answer, '--json')
    expect([exitCode, JSON.parse(out)]).toMatchObject([0, { account: { name: 'claude', storage: 'plaintext' } }])
    expect(ports.keys.size).toBe(0)
  })

  it('L8: exits 4 for a no, sends nothing, and says that the sign-in goes on waiting', async () => {
    const { ports, state, answer } = await begun()
    const no = await run(ports, 'login', '--complete', ID, `?error=access_denied&state=${state}`)
    expect([no.exitCode, ports.requests.length]).toEqual([4, 0])
    expect(no.err).toContain(`still waits for its code; to drop it: aiauth login --abort ${ID}\n`)
    expect((await run(ports, 'login', '--complete', ID, answer)).exitCode).toBe(0)
  })

  it('L41: works once: the second one exits 3 and sends nothing', async () => {
    const { ports, answer } = await begun()
    expect((await run(ports, 'login', '--complete', ID, answer)).exitCode).toBe(0)
    const again = await run(ports, 'login', '--complete', ID, answer)
    expect([again.exitCode, ports.requests.length]).toEqual([3, 2])
    expect(again.err).toContain('was completed, or tried, before')
  })

  it('is used up by a code that the provider refuses', async () => {
    const refusal = () => ({ status: 400, headers: JSON_TYPE, body: '{"error":"invalid_grant"}' })
    const { ports, answer } = await begun({ answers: [refusal, ...replies] })
    const refused = await run(ports, 'login', '--complete', ID, answer)
    expect(refused.exitCode).toBe(6)
    expect(refused.err).toContain('this sign-in is used up')
    expect((await run(ports, 'login', '--complete', ID, answer)).exitCode).toBe(3)
    expect([...ports.keys.keys()]).toEqual([])
  })

  it('goes on waiting when the code has not left this machine', async () => {
    const unsent = () => {
      throw new AuthError('network', 'no way to claude', { notSent: true })
    }
    const { ports, answer } = await begun({ answers: [unsent, ...replies] })
    const failed = await run(ports, 'login', '--complete', ID, answer)
    expect([failed.exitCode, failed.err.includes('still waits')]).toEqual([6, true])
    expect((await run(ports, 'login', '--complete', ID, answer)).exitCode).toBe(0)
  })

  it('L41: is used up when it was cut off in the middle, and says so', async () => {
    const { ports, answer } = await begun()
    expect(ports.signIns.claim(ID)).toBe(true)
    const { exitCode, err } = await run(ports, 'login', '--complete', ID, answer)
    expect([exitCode, ports.requests.length]).toEqual([3, 0])
    expect(err).toContain('aiauth login <provider> --begin')
  })

  it.each([
    ['just in time', 599_999, 0],
    ['after ten minutes', 600_000, 3],
    ['after the clock was set a little', -59_000, 0],
    ['after the clock was put back', -61_000, 3],
  ])('L41: %s (%i ms later) exits %i', async (_case, laterMs, exitCode) => {
    const { ports, answer } = await begun()
    at(ports, NOW_MS + laterMs)
    expect((await run(ports, 'login', '--complete', ID, answer)).exitCode).toBe(exitCode)
    expect(ports.requests.length).toBe(exitCode === 0 ? 2 : 0)
  })

  it.each([
    ['no such id', '11111111-1111-4111-8111-111111111111'],
    ['a path', '../../auth'],
    ['nothing', ''],
    ['a name of JavaScript’s', '__proto__'],
  ])('exits 3 for %s', async (_case, id) => {
    const { ports, answer } = await begun()
    expect((await run(ports, 'login', '--complete', id, answer)).exitCode).toBe(3)
  })

  it.each<[string, (text: string) => string]>([
    ['of another id', (text) => text],
    ['with a later end', (text) => text.replace('10:10:00', '10:19:00')],
    ['with another storage', (text) => text.replace('keychain', 'plaintext')],
    ['with a storage that there is not', (text) => text.replace('keychain', 'floppy')],
    ['of a later version', (text) => text.replace('"version":1', '"version":2')],
    ['that is empty', () => ''],
    ['that is no JSON', () => '{"version":'],
    ['with a broken seal', (text) => text.replace(/"tag":"[^"]+"/, '"tag":"AAAAAAAAAAAAAAAAAAAAAA=="')],
  ])('L41: exits 3 for a file %s and sends nothing', async (what, change) => {
    const { ports, answer } = await begun()
    const other = '22222222-2222-4222-8222-222222222222'
    const id = what === 'of another id' ? other : ID
    ports.signInFiles.set(id, change(ports.signInFiles.get(ID) ?? ''))
    const key = ports.keys.get(`sign-in/${ID}`)
    if (key !== undefined) ports.keys.set(`sign-in/${id}`, key)
    const { exitCode } = await run(ports, 'login', '--complete', id, answer)
    expect([exitCode, ports.requests.length]).toEqual([3, 0])
  })

  it('L41: sends the code to nobody else when the settings have changed meanwhile', async () => {
    const { ports, answer } = await begun()
    const evil = { tokenEndpoint: 'https://evil.example/token', authorizationEndpoint: 'https://evil.example/a' }
    Object.assign(ports.settings, { read: () => ({ providers: { claude: evil } }) })
    const { exitCode, err } = await run(ports, 'login', '--complete', ID, answer)
    expect([exitCode, ports.requests.length]).toEqual([2, 0])
    expect(err).toContain('settings')
  })
})

describe('aiauth login --abort', () => {
  it('drops file and key; what is dropped cannot be completed or dropped again', async () => {
    const { ports, answer } = await begun()
    expect((await run(ports, 'login', '--abort', ID)).exitCode).toBe(0)
    expect([ports.signInFiles.size, ports.keys.size]).toEqual([0, 0])
    expect((await run(ports, 'login', '--complete', ID, answer)).exitCode).toBe(3)
    expect((await run(ports, 'login', '--abort', ID)).exitCode).toBe(3)
  })
})

describe('what is left of sign-ins', () => {
  it('goes with the next one that is begun, once its time is over', async () => {
    const { ports } = await begun()
    at(ports, NOW_MS + 600_000)
    expect((await run(ports, 'login', 'claude', '--begin', '--accept-terms')).exitCode).toBe(0)
    expect([...ports.signInFiles.keys()]).toEqual(['00000000-0000-4000-8000-000000000002'])
    expect([...ports.keys.keys()]).toEqual(['sign-in/00000000-0000-4000-8000-000000000002'])
  })
})
