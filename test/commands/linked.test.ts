import { describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli.ts'
import type { Intent } from '../../src/model/journal.ts'
import { Secret } from '../../src/model/secret.ts'
import { fingerprint } from '../../src/vault/fingerprint.ts'
import { sealAnswer } from '../../src/vault/write-ahead.ts'
import { account } from '../fakes/account.ts'
import {
  accessToken,
  claudeFile,
  claudeWorld,
  CLAUDE_PATH,
  codexFile,
  codexTokensIn,
  codexWorld,
  CODEX_PATH,
  openaiGrants,
} from '../fakes/linked.ts'
import type { FakePorts } from '../fakes/ports.ts'
import { inSeconds, timeIn } from '../fakes/renewing.ts'

const cli = (ports: FakePorts, ...argv: string[]) =>
  runCli(argv, ports, { json: argv.includes('--json'), debug: false })
const CODEX_KEEPS = 'not revoked: codex uses the same grant; codex logout ends it'
const CLAUDE_KEEPS = 'not revoked: claude-code uses the same grant; claude auth logout ends it'
const inCodex = (ports: FakePorts) => codexTokensIn(ports.foreign.get(CODEX_PATH)).refresh
const codex = (refresh = 'RT-1') => ({ foreign: { [CODEX_PATH]: codexFile({ refresh }) } })

describe('aiauth logout, of an account that shares its grant', () => {
  it.each([
    ['codex', () => codexWorld(3600, codex()), CODEX_KEEPS],
    ['claude-code', () => claudeWorld(3600, { foreign: { [CLAUDE_PATH]: claudeFile() } }), CLAUDE_KEEPS],
  ])('G8: forgets it here, revokes nothing and says so: %s', async (_tool, world, message) => {
    const ports = world()
    const before = new Map(ports.foreign)
    expect(await cli(ports, 'logout', 'work', '--json')).toBe(0)
    expect(JSON.parse(ports.stdout.join(''))).toEqual({
      results: [{ name: 'work', outcome: 'signed-out', revocation: 'not-asked', message }],
    })
    expect(ports.stderr.join('')).toBe(`aiauth: signed out of work here; ${message}\n`)
    expect([ports.requests, ports.bundles.size, ports.current()?.accounts]).toEqual([[], 0, []])
    expect(ports.foreign).toEqual(before)
  })

  it.each([[], ['--local-only']])(
    'G8, G4: leaves Codex with the newest tokens, not with spent ones %s',
    async (...flags) => {
      const secret = { ...account().secret, spent: [fingerprint(new Secret('RT-0'))] }
      const ports = codexWorld(3600, codex('RT-0'), { secret })
      expect(await cli(ports, 'logout', 'work', ...flags)).toBe(0)
      expect(inCodex(ports)).toBe('RT-1')
    },
  )

  it('G8, G3: says that Codex may be left with old tokens when its file cannot be read', async () => {
    const ports = codexWorld(3600, { foreign: { [CODEX_PATH]: '{' } })
    expect(await cli(ports, 'logout', 'work')).toBe(0)
    expect(ports.stderr.join('')).toContain('codex may have to sign in again, it could not be left with the newest')
    expect(ports.foreign.get(CODEX_PATH)).toBe('{')
  })

  it('G8, G5, R7: finishes a renewal that was cut off, so that Codex has what it brought', async () => {
    const ports = codexWorld(-40, codex())
    const spends = fingerprint(new Secret('RT-1'))
    const intent: Intent = { accountId: account().id, generation: 2, spends, at: timeIn(-60), program: 'x', pid: 7 }
    const answer = new Secret(JSON.stringify({ body: openaiGrants(2)().body, receivedAtMs: inSeconds(-50) }))
    ports.records.set(account().id, { intent, answer: sealAnswer(intent, answer, new Secret('RT-1')) })
    expect(await cli(ports, 'logout', 'work', '--local-only')).toBe(0)
    expect([inCodex(ports), ports.bundles.size, ports.records.size]).toEqual(['RT-2', 0, 0])
  })
})

describe('aiauth why and status, of an account that shares its grant', () => {
  it('G1: tells that the tokens came from Codex', async () => {
    const renewed = codexFile({ refresh: 'RT-2', access: accessToken(2, 3600) })
    const ports = codexWorld(-40, { foreign: { [CODEX_PATH]: renewed } })
    expect(await cli(ports, 'token', 'work')).toBe(0)
    expect(await cli(ports, 'why', 'work')).toBe(0)
    expect(ports.stdout.join('')).toMatch(/\ntaken over from codex at \d\d:\d\d \(token [0-9a-f]{12}\)\n/)
  })

  it('G7: calls a token that Claude Code is to renew expired, with and without a refresh token', async () => {
    for (const renewable of [true, false]) {
      const ports = claudeWorld(-40, {}, { secret: { ...account().secret, renewable } })
      expect(await cli(ports, 'status', '--json')).toBe(0)
      const reason = 'the token is over, and claude-code is to renew it'
      expect(JSON.parse(ports.stdout.join(''))).toMatchObject({ accounts: [{ state: 'expired', stateReason: reason }] })
    }
  })
})
