import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import type { Account } from '../../src/model/account.ts'
import { account } from '../fakes/account.ts'
import { fakePorts, type FakePorts } from '../fakes/ports.ts'
import { ask, failure, granted, refusedForGood, timeIn, worldWith } from '../fakes/renewing.ts'

async function why(argv: string[], ports: FakePorts) {
  const exitCode = await runCli(['why', ...argv], ports, { json: argv.includes('--json'), debug: false })
  return { exitCode, out: ports.stdout.join(''), err: ports.stderr.join('') }
}
const worldOf = (change: Partial<Account>) =>
  fakePorts({ file: { ...newAuthFile('f'), storage: 'keychain', accounts: [account(change)] } })

describe('aiauth why', () => {
  it('R12: tells of a refusal in the words that were shown then', async () => {
    const ports = worldWith(-1, { answers: [refusedForGood] })
    await failure(ask(ports))
    const { exitCode, out } = await why(['work'], ports)
    expect(exitCode).toBe(0)
    expect(out).toContain('work is needs-login: claude refused (invalid_grant, status 400)\n')
    expect(out).toContain('refused for good when codex (pid 4711) asked,')
    expect(ports.requests.length).toBe(1)
  })

  it('tells who renewed, and who was given the token since', async () => {
    const ports = worldWith(-1, { answers: [granted()] })
    await ask(ports)
    ports.uses.note({ accountId: account().id, at: timeIn(5), program: 'claude', pid: 7 })
    const lines = (await why(['work'], ports)).out.split('\n')
    expect(lines[0]).toBe('work is active')
    expect(lines[1]).toMatch(/^its token lasts 8h more, renewed at \d\d:\d\d$/)
    expect(lines.slice(3, 5)).toMatchObject([
      expect.stringMatching(/^handed out to claude \(pid 7\) at \d\d:\d\d$/),
      expect.stringMatching(
        /^renewed by codex \(pid 4711\) at \d\d:\d\d, our copy was spent then \(token [0-9a-f]{12}\)$/,
      ),
    ])
  })

  it('asks neither the network nor the vault', async () => {
    const ports = worldOf({})
    Object.assign(ports.vaults, { vault: () => { throw new Error('asked') } }) // prettier-ignore
    expect((await why(['work'], ports)).exitCode).toBe(0)
    expect(ports.requests).toEqual([])
  })

  it('prints the same as JSON', async () => {
    const history = [{ at: timeIn(-60), event: 'renewed', program: 'codex', pid: 4711 }]
    const { out } = await why(['work', '--json'], worldOf({ history, cooldownUntil: timeIn(60) }))
    expect(JSON.parse(out)).toEqual({
      account: 'work',
      enabled: true,
      state: 'active',
      stateReason: null,
      cooldownUntil: timeIn(60),
      history,
    })
  })

  it('exits 3 for nobody, with what was meant', async () => {
    const { exitCode, err } = await why(['wrok'], worldOf({}))
    expect([exitCode, err]).toEqual([3, expect.stringContaining('did you mean work?')])
  })

  it('exits 2 without a name', async () => expect((await why([], worldOf({}))).exitCode).toBe(2))

  it('X1, X2, F7: shows a hostile or damaged history as clean lines, and fails for none', async () => {
    const evil = 'a\u001b]52;c;aGk=\u0007\u001b[2J\u202e\nb'
    const history = [
      null,
      5,
      [],
      {},
      { event: 'renewed' },
      { event: 'renewed', at: 'soon' },
      { event: { a: 1 }, at: timeIn(0) },
      { event: '__proto__', at: timeIn(0) },
      { event: 'toString', at: timeIn(0) },
      { event: evil, at: timeIn(0), program: evil, pid: evil, count: evil, reason: evil, fingerprint: evil, spent: {} },
      { event: 'failed', at: timeIn(0), program: {}, pid: -1, count: 1e400, reason: 5 },
    ] as unknown as Account['history']
    const hostile = { history, stateReason: evil, state: 'error' as const, provider: 'claude' }
    const { exitCode, out } = await why(['work'], worldOf(hostile))
    expect(exitCode).toBe(0)
    expect(out).toMatch(/^[\n\x20-\x7e]*$/)
    expect(out).not.toMatch(/NaN|undefined|object Object|aGk=/)
    expect(out).toMatch(/\n__proto__ at /)
    const json = await why(['work', '--json'], worldOf(hostile))
    expect(json.out).not.toContain('\u001b')
  })
})
