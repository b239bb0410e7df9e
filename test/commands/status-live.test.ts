import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import type { Account } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import type { HttpReply, HttpRequest } from '../../src/model/ports.ts'
import { Secret } from '../../src/model/secret.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, NOW_MS, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

type Replies = Readonly<Record<string, Partial<HttpReply>>>
const PROFILE = { body: '{"account":{"uuid":"acc-1"}}' }
const USAGE = { body: '{"five_hour":{"utilization":12,"resets_at":"2026-11-21T12:05:00Z"}}' }
const DENIED = { status: 401, body: '{"error":{"type":"authentication_error","message":"no"}}' }
const DEAD = { status: 400, body: '{"error":"invalid_grant"}' }
const OUTAGE = { status: 503, body: '' }
const WORK = account({ state: 'created' })
const HOME = account({ id: 'b', name: 'home', state: 'created' })

/** Answers by the token that asks and by what is asked for, as often as it is asked. */
function worldWith(accounts: readonly Account[], replies: Replies, world: FakeWorld = {}): FakePorts {
  const answer = (request: HttpRequest) => {
    const who = accounts.find(({ id }) => request.headers['authorization'] === `Bearer AT-${id}`)
    return replies[`${who?.name ?? ''} ${request.purpose}`] ?? replies[request.purpose] ?? OUTAGE
  }
  const file = { ...newAuthFile('f'), storage: 'keychain', accounts }
  const ports = fakePorts({ file, answers: Array<typeof answer>(100).fill(answer), ...world })
  for (const { id } of accounts) {
    const tokens = { ...bundle().tokens, accessToken: new Secret(`AT-${id}`) }
    ports.bundles.set(id, bundle({ accountId: id, tokens }))
  }
  return ports
}

async function run(argv: string[], ports: FakePorts) {
  const exitCode = await runCli(['status', ...argv], ports, { json: argv.includes('--json'), debug: false })
  const purposes = ports.requests.map(({ purpose }) => purpose)
  return { exitCode, out: ports.stdout.join(''), err: ports.stderr.join(''), purposes }
}

/** Lets the watch look so often, doing this before each further look, and then interrupts it. */
function looks(ports: FakePorts, times: number, before: (look: number) => void = () => undefined): void {
  let look = 0
  const sleep = () => {
    look += 1
    before(look)
    return look < times ? Promise.resolve() : Promise.reject(new AuthError('cancelled', 'cancelled'))
  }
  Object.assign(ports.clock, { sleep })
}

describe('aiauth status --check', () => {
  it('makes a new sign-in active when the provider accepts it', async () => {
    const { exitCode, out, err, purposes } = await run(['--check'], worldWith([WORK], { profile: PROFILE }))
    expect([exitCode, err, purposes]).toEqual([0, '', ['profile']])
    expect(out).toMatch(/^\* {2}work .* active /m)
  })

  it('exits 4 after the table when one account is refused, and checks the others all the same', async () => {
    const ports = worldWith([WORK, HOME], { profile: PROFILE, 'work profile': DENIED, refresh: DEAD })
    const { exitCode, out, err } = await run(['--check'], ports)
    expect(exitCode).toBe(4)
    expect(out).toMatch(/ work .* needs-login /)
    expect(out).toMatch(/ home .* active /)
    expect(err).toContain('aiauth: error: work: claude refused (authentication_error: no, status 401)')
    expect(err).toMatch(/aiauth: hint: aiauth reauthenticate work\n$/)
  })

  it('exits 6 when a provider cannot be asked, warns, and leaves the state as it is', async () => {
    const { exitCode, out, err } = await run(['--check'], worldWith([WORK], { profile: OUTAGE }))
    expect(exitCode).toBe(6)
    expect(out).toMatch(/ work .* created /)
    expect(err).toContain('aiauth: warning: work was not checked: claude is out of order (status 503)\n')
    expect(err).toContain('aiauth: error: claude is out of order (status 503)\n')
  })

  it('exits 4 when an account needs a sign-in and another could not be asked, and names both', async () => {
    const ports = worldWith([WORK, HOME], { profile: OUTAGE, 'home profile': DENIED, refresh: DEAD })
    const { exitCode, err } = await run(['--check'], ports)
    expect(exitCode).toBe(4)
    expect(err).toContain('aiauth: error: 2 of 2 are not in order: work, home\n')
  })

  it('exits 7 when the keychain is locked', async () => {
    const brokenVault = new AuthError('storage-locked', 'the keychain is locked')
    const { exitCode, out } = await run(['--check'], worldWith([WORK], {}, { brokenVault }))
    expect([exitCode, out.includes('created')]).toEqual([7, true])
  })

  it('checks only the accounts that are named, each once', async () => {
    const { out, purposes } = await run(['home', 'home', '--check'], worldWith([WORK, HOME], { profile: PROFILE }))
    expect(purposes).toEqual(['profile'])
    expect(out).not.toContain('work')
    expect((await run(['nope', '--check'], worldWith([WORK], {}))).exitCode).toBe(3)
  })

  it('prints one JSON document and tells of a refusal on stderr', async () => {
    const ports = worldWith([WORK], { profile: DENIED, refresh: DEAD })
    const { exitCode, out, err } = await run(['--check', '--json'], ports)
    expect(exitCode).toBe(4)
    expect(JSON.parse(out)).toMatchObject({ schemaVersion: 1, accounts: [{ name: 'work', state: 'needs-login' }] })
    expect(err).toContain('aiauth: error: work: ')
    expect(out + err).not.toContain('AT-')
  })

  it('skips an account that was signed out meanwhile', async () => {
    const ports = worldWith([WORK, HOME], { profile: PROFILE })
    const send = ports.http.send.bind(ports.http)
    Object.assign(ports.http, {
      send: async (request: HttpRequest, signal: AbortSignal) => {
        await ports.authFile.update((file) => ({ ...file, accounts: file.accounts.filter(({ id }) => id === HOME.id) }))
        return send(request, signal)
      },
    })
    const { exitCode, out, err } = await run(['--check', '--usage'], ports)
    expect([exitCode, err]).toEqual([0, ''])
    expect(out).not.toContain('work')
    expect(ports.current()?.accounts).toMatchObject([{ name: 'home', state: 'active' }])
  })

  it('is quick for nobody', async () => {
    const { exitCode, out, err } = await run(['--check', '--usage'], fakePorts())
    expect([exitCode, out]).toEqual([0, ''])
    expect(err).toContain('nobody is signed in')
  })
})

describe('aiauth status --usage', () => {
  it('shows the table, then the windows of each account', async () => {
    const { exitCode, out, err } = await run(['--usage'], worldWith([WORK], { usage: USAGE }))
    expect([exitCode, err]).toEqual([0, ''])
    expect(out).toMatch(/^ {3}NAME[^\n]+\n\* {2}work [^\n]+ created [^\n]+\n\nwork {2}as of 0s ago\n/)
    expect(out).toMatch(/\n {2}5 hours {2}\[##-{18}\] {3}12% {2}resets in 2h 5m\n$/)
  })

  it('asks once in three minutes, and exits 0 with the last good answer when that fails', async () => {
    const ports = worldWith([WORK], { usage: USAGE })
    await run(['--usage'], ports)
    Object.assign(ports.clock, { nowMs: () => NOW_MS + 179_000 })
    expect((await run(['--usage'], ports)).purposes).toEqual(['usage'])
    Object.assign(ports.clock, { nowMs: () => NOW_MS + 180_000 })
    ports.http.send = () => Promise.resolve({ ...OUTAGE, headers: {} })
    const { exitCode, out } = await run(['--usage'], ports)
    expect(exitCode).toBe(0)
    expect(out).toContain('work  as of 3m ago: claude is out of order (status 503)\n  5 hours')
  })

  it('has the usage in the JSON of each account', async () => {
    const { out, err } = await run(['--usage', '--json'], worldWith([WORK], { usage: USAGE }))
    const window = { name: '5 hours', usedPercent: 12, resetsAt: '2026-11-21T12:05:00.000Z' }
    expect(JSON.parse(out)).toMatchObject({
      accounts: [{ usage: { checkedAt: '2026-11-21T10:00:00.000Z', windows: [window] } }],
    })
    expect(err).toBe('')
  })

  it('warns on stderr when the JSON cannot be new', async () => {
    const { exitCode, err } = await run(['--usage', '--json'], worldWith([WORK], { usage: OUTAGE }))
    expect([exitCode, err]).toEqual([0, 'aiauth: warning: usage of work: claude is out of order (status 503)\n'])
  })

  it('R11: asks nobody and renews nothing without a flag', async () => {
    const over = account({ expiresAt: '2026-11-21T09:00:00.000Z' })
    const { exitCode, purposes } = await run([], worldWith([over], { profile: PROFILE, usage: USAGE }))
    expect([exitCode, purposes]).toEqual([0, []])
  })
})

describe('aiauth status --watch', () => {
  it('prints the table again whenever the file has changed, a blank line between', async () => {
    const ports = worldWith([WORK], {})
    looks(ports, 4, (look) => {
      if (look === 2) void ports.authFile.update((file) => ({ ...file, accounts: [WORK, HOME] }))
    })
    const { exitCode, out, err, purposes } = await run(['--watch'], ports)
    expect(exitCode).toBe(130)
    const tables = out.split('\n\n')
    expect(tables.map((table) => table.split('\n').filter((line) => line !== '').length)).toEqual([2, 3])
    expect([err, purposes]).toEqual(['aiauth: error: cancelled\n', []])
  })

  it('prints one JSON document a line, and nothing else on stdout when it is stopped', async () => {
    const ports = worldWith([WORK], {})
    looks(ports, 3, (look) => {
      if (look === 1) void ports.authFile.update((file) => ({ ...file, accounts: [HOME] }))
    })
    const { exitCode, out } = await run(['--watch', '--json'], ports)
    const documents = out.trimEnd().split('\n').map((line) => JSON.parse(line) as { accounts: { name: string }[] }) // prettier-ignore
    expect(exitCode).toBe(130)
    expect(documents.map(({ accounts }) => accounts[0]?.name)).toEqual(['work', 'home'])
  })

  it('draws a terminal anew each time, and moves no cursor elsewhere', async () => {
    for (const [world, frames] of [
      [{ TERM: 'xterm' }, 3],
      [{ TERM: 'dumb' }, 0],
    ] as const) {
      const ports = worldWith([WORK], {}, { variables: world })
      Object.assign(ports.terminal, { outColumns: 120 })
      looks(ports, 3)
      const { out } = await run(['--watch'], ports)
      expect(out.split('\u001b[H\u001b[J')).toHaveLength(frames + 1)
    }
    const piped = worldWith([WORK], {})
    looks(piped, 3)
    expect((await run(['--watch'], piped)).out).not.toContain('\u001b')
  })

  it('checks at the start and after three minutes, asks for the usage as seldom, and keeps saying what it found', async () => {
    const ports = worldWith([WORK], { profile: OUTAGE, usage: USAGE })
    Object.assign(ports.terminal, { outColumns: 120 })
    let nowMs = NOW_MS
    Object.assign(ports.clock, { nowMs: () => nowMs })
    looks(ports, 38, () => (nowMs += 5000))
    const { exitCode, err, purposes } = await run(['--watch', '--check', '--usage'], ports)
    expect(exitCode).toBe(130)
    expect(purposes).toEqual(['profile', 'usage', 'profile', 'usage'])
    expect(err.match(/warning: work was not checked/g)).toHaveLength(38)
  })

  it('ends with the error of a file that cannot be read any more', async () => {
    const ports = worldWith([WORK], {})
    looks(ports, 9, () => Object.assign(ports.authFile, { read: () => { throw new AuthError('auth-file-invalid', 'damaged') } })) // prettier-ignore
    Object.assign(ports.authFile, { stamp: () => String(Math.random()) })
    expect((await run(['--watch'], ports)).exitCode).toBe(8)
  })
})
