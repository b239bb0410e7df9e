import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import type { Account } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, type FakePorts, type FakeWorld } from '../fakes/ports.ts'
import { answers, breakVault, granted, inSeconds, refusedForGood, timeIn } from '../fakes/renewing.ts'

/** An account of Claude whose access token has `left` seconds. */
const claudeAccount = (name: string, left: number, change: Partial<Account> = {}) =>
  account({ id: `id-${name}`, name, expiresAt: timeIn(left), ...change })

async function refresh(
  argv: string[],
  accounts: Account[],
  world: FakeWorld = {},
  prepare: (ports: FakePorts) => void = () => undefined,
) {
  const ports = fakePorts({ file: { ...newAuthFile('f'), storage: 'keychain', accounts }, ...world })
  for (const { id, expiresAt, secret } of accounts) {
    const tokens = {
      ...bundle().tokens,
      refreshToken: secret.renewable ? new Secret(`RT-LEAK-${id}`) : undefined,
      expiresAtMs: expiresAt === null ? undefined : Date.parse(expiresAt),
    }
    ports.bundles.set(id, bundle({ accountId: id, tokens }))
  }
  prepare(ports)
  const exitCode = await runCli(['refresh', ...argv], ports, { json: argv.includes('--json'), debug: false })
  return { ports, exitCode, out: ports.stdout.join(''), err: ports.stderr.join('') }
}
const asked = (ports: FakePorts) =>
  ports.requests.map(({ body }) =>
    (JSON.parse(body ?? '') as { refresh_token: string }).refresh_token.replace('RT-LEAK-id-', ''),
  )
const manyGrants = Array.from({ length: 8 }, () => granted())
const NEVER = { ...account().secret, renewable: false }

describe('aiauth refresh', () => {
  it('R23: renews what has less than five minutes left, and says so in rows and a summary', async () => {
    const accounts = [claudeAccount('work', 299), claudeAccount('private', 301), claudeAccount('late', -60)]
    const { exitCode, out, err, ports } = await refresh([], accounts, { answers: manyGrants })
    expect(exitCode).toBe(0)
    expect(asked(ports)).toEqual(['work', 'late'])
    expect(out).toBe('work  renewed  lasts 8h  (0.0s)\nlate  renewed  lasts 8h  (0.0s)\n')
    expect(err).toBe('aiauth: 2 accounts in 0.0s: 2 renewed\n')
  })

  it.each([
    ['--within', ['--within', '10m'], ['soon']],
    ['--within, a day', ['--within', '1d'], ['soon', 'later']],
    ['names, however fresh they are', ['later', 'soon'], ['later', 'soon']],
    ['a name that is given twice', ['later', 'later'], ['later']],
    ['--all', ['--all'], ['soon', 'later', 'unknown']],
  ])('renews by %s', async (_case, argv, expected) => {
    const accounts = [
      claudeAccount('soon', 500),
      claudeAccount('later', 7200),
      claudeAccount('unknown', 0, { expiresAt: null }),
    ]
    const { exitCode, ports } = await refresh(argv, accounts, { answers: manyGrants })
    expect([exitCode, asked(ports)]).toEqual([0, expected])
  })

  it('takes refreshLeadSeconds of config.json where nothing is said', async () => {
    const accounts = [claudeAccount('work', 500)]
    const world = { answers: manyGrants, config: { refreshLeadSeconds: 600 } }
    expect(asked((await refresh([], accounts, world)).ports)).toEqual(['work'])
    expect(asked((await refresh(['--within', '1m'], accounts, world)).ports)).toEqual([])
  })

  it.each([-1, '600', 1e9, {}])('exits 2 for refreshLeadSeconds %j', async (refreshLeadSeconds) => {
    const { exitCode, err } = await refresh([], [claudeAccount('work', 10)], { config: { refreshLeadSeconds } })
    expect([exitCode, err]).toEqual([2, expect.stringContaining('refreshLeadSeconds must be a number of seconds')])
  })

  it.each([
    ['a name and --all', ['work', '--all']],
    ['a name and --within', ['work', '--within', '5m']],
    ['--all and --within', ['--all', '--within', '5m']],
    ['a duration that is none', ['--within', 'soon']],
    ['no lane', ['--concurrency', '0']],
    ['too many lanes', ['--concurrency', '65']],
    ['lanes that are none', ['--concurrency', '1.5']],
  ])('exits 2 for %s and renews nothing', async (_case, argv) => {
    const { exitCode, ports, err } = await refresh(argv, [claudeAccount('work', -1)])
    expect([exitCode, ports.requests]).toEqual([2, []])
    expect(err).toMatch(/^aiauth: error: [^\n]+\naiauth: hint: [^\n]+\n$/)
  })

  it('exits 3 for a name that nobody has, and renews none of the others', async () => {
    const { exitCode, ports, err } = await refresh(['work', 'wrok'], [claudeAccount('work', -1)])
    expect([exitCode, ports.requests]).toEqual([3, []])
    expect(err).toContain('did you mean work?')
  })

  it('tells what became of each, and why, and exits with the code of the first failure', async () => {
    const accounts = [claudeAccount('a', -1), claudeAccount('b', -2), claudeAccount('c', -3, { secret: NEVER })]
    const { exitCode, out, err } = await refresh(['--all'], accounts, { answers: [refusedForGood, granted()] })
    expect(exitCode).toBe(4)
    expect(out.split('\n').slice(0, 3)).toEqual([
      'a  failed   a: claude refused (invalid_grant, status 400)  (0.0s)',
      'b  renewed  lasts 8h  (0.0s)',
      'c  skipped  c has no way to be renewed  (0.0s)',
    ])
    expect(err).toContain('aiauth: 3 accounts in 0.0s: 1 renewed, 1 failed, 1 skipped\n')
    expect(err).toContain('aiauth: error: 1 of 3 were not renewed: a\n')
    expect(err).toContain('aiauth: hint: aiauth reauthenticate a\n')
    expect(out + err).not.toContain('LEAK')
  })

  it('says the reason itself where there was one account', async () => {
    const { exitCode, err } = await refresh(['work'], [claudeAccount('work', -1)], { answers: [refusedForGood] })
    expect(exitCode).toBe(4)
    expect(err).toContain('aiauth: error: work: claude refused (invalid_grant, status 400)\n')
  })

  it('prints the JSON of the contract, and its error only as exit code and on stderr', async () => {
    const accounts = [claudeAccount('a', -1), claudeAccount('b', 7200), claudeAccount('c', -3, { secret: NEVER })]
    const { exitCode, out, err } = await refresh(['--all', '--json'], accounts, {
      answers: [refusedForGood, granted()],
    })
    expect(exitCode).toBe(4)
    expect(JSON.parse(out)).toMatchObject({
      results: [
        { name: 'a', outcome: 'failed', code: 'sign-in-required', expiresAt: timeIn(-1), durationMs: 0 },
        { name: 'b', outcome: 'renewed', expiresAt: timeIn(28_800), durationMs: 0 },
        { name: 'c', outcome: 'skipped', code: 'sign-in-required', message: 'c has no way to be renewed' },
      ],
      summary: { total: 3, renewed: 1, fresh: 0, failed: 1, skipped: 1, durationMs: 0 },
    })
    expect(Object.keys((JSON.parse(out) as { results: object[] }).results[1] ?? {})).toEqual([
      'name',
      'outcome',
      'expiresAt',
      'durationMs',
    ])
    expect(err).toContain('aiauth: error: 1 of 3 were not renewed: a')
    expect(out + err).not.toContain('LEAK')
  })

  it('calls an account fresh that another process has renewed meanwhile', async () => {
    const { out } = await refresh([], [claudeAccount('work', 10)], {}, (ports) => {
      const tokens = { ...bundle().tokens, expiresAtMs: inSeconds(7200) }
      ports.bundles.set('id-work', bundle({ accountId: 'id-work', generation: 2, tokens }))
    })
    expect(out).toBe('work  fresh    lasts 2h  (0.0s)\n')
  })

  it('R13: calls it failed when the old token still works, and exits 6', async () => {
    const { exitCode, out } = await refresh(['work'], [claudeAccount('work', 3600)], { answers: [answers(502)] })
    expect(exitCode).toBe(6)
    expect(out).toBe('work  failed   claude is out of order (status 502)  (0.0s)\n')
  })

  it('R6, R14: skips an account that may not be tried yet, and exits 0', async () => {
    const resting = claudeAccount('work', 3600, { cooldownUntil: timeIn(60) })
    const { exitCode, out, ports } = await refresh(['work'], [resting])
    expect([exitCode, ports.requests]).toEqual([0, []])
    expect(out).toBe('work  skipped  claude is not asked again for 60 s  (0.0s)\n')
  })

  it('leaves accounts alone that wait for a sign-in, unless they are named', async () => {
    const spent = { ...account().secret, spent: ['nothing of it'] }
    const dead = claudeAccount('work', -1, { state: 'needs-login', stateReason: 'refused', secret: spent })
    expect((await refresh([], [dead])).err).toBe('aiauth: nothing ends soon\n')
    expect(asked((await refresh(['work'], [dead], { answers: [granted()] })).ports)).toEqual(['work'])
  })

  it('R9: calls it failed when the new tokens could not be put where they belong', async () => {
    const locked = new AuthError('storage-locked', 'the keychain is locked', { hint: 'unlock it' })
    const { exitCode, err } = await refresh(
      ['work'],
      [claudeAccount('work', -1)],
      { answers: [granted()] },
      (ports) => {
        breakVault(ports, 'write', locked)
      },
    )
    expect(exitCode).toBe(7)
    expect(err).toContain('aiauth: error: the new tokens of work stand in the journal only')
    expect(err).toContain('aiauth: hint: unlock it; then aiauth refresh work')
  })

  it('does not let one account keep the others from their turn', async () => {
    const { exitCode, ports, out } = await refresh(
      ['--all'],
      [claudeAccount('a', -1), claudeAccount('b', -1)],
      { answers: [granted()] },
      ({ bundles }) => bundles.delete('id-a'),
    )
    expect([exitCode, asked(ports)]).toEqual([7, ['b']])
    expect(out).toMatch(/^a {2}failed {3}the tokens of a are gone from the keychain .*\nb {2}renewed/)
  })

  it.each([
    [[], 'aiauth: nobody is signed in; aiauth login claude, or aiauth login openai\n'],
    [[claudeAccount('work', 7200)], 'aiauth: nothing ends soon\n'],
  ])('exits 0 when there is nothing to do', async (accounts, words) => {
    const { exitCode, out, err } = await refresh([], accounts)
    expect([exitCode, out, err]).toEqual([0, '', words])
  })

  it('prints the JSON of nothing', async () => {
    const { out } = await refresh(['--json'], [])
    expect(JSON.parse(out)).toEqual({
      results: [],
      summary: { total: 0, renewed: 0, fresh: 0, failed: 0, skipped: 0, durationMs: 0 },
    })
  })

  it('exits 130 after Ctrl-C', async () => {
    const { exitCode } = await refresh(['work'], [claudeAccount('work', -1)], {}, (ports) => {
      ports.interrupt(new AuthError('cancelled', 'cancelled'))
    })
    expect(exitCode).toBe(130)
  })

  it('shows what it is at', async () => {
    const told: string[] = []
    await refresh(['--all'], [claudeAccount('a', -1), claudeAccount('b', -1)], { answers: manyGrants }, (ports) => {
      const during: FakePorts['terminal']['during'] = (words, work) => {
        told.push(words)
        return work((more) => told.push(more))
      }
      Object.assign(ports.terminal, { during })
    })
    expect(told).toEqual(['renewing 2 accounts', 'renewing 2 accounts, 1 done', 'renewing 2 accounts, 2 done'])
  })
})
