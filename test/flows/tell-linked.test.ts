import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import type { Intent } from '../../src/model/journal.ts'
import { Secret } from '../../src/model/secret.ts'
import { readCodexAuth } from '../../src/native-tools/codex.ts'
import { withRenewedTokens } from '../../src/native-tools/codex-text.ts'
import { fingerprint } from '../../src/vault/fingerprint.ts'
import { sealAnswer } from '../../src/vault/write-ahead.ts'
import { account, bundle } from '../fakes/account.ts'
import {
  accessToken,
  codexFile,
  codexTokensIn,
  codexWorld,
  CODEX_PATH,
  idToken,
  openaiGrants,
  type CodexFile,
} from '../fakes/linked.ts'
import { NOW_MS, type FakePorts } from '../fakes/ports.ts'
import { answers, ask, breakVault, facts, failure, held, inSeconds, putTokens, timeIn } from '../fakes/renewing.ts'

const mark = (token: string) => fingerprint(new Secret(token))
const holding = (file: CodexFile) => ({ [CODEX_PATH]: codexFile(file) })
const inFile = (ports: FakePorts) => codexTokensIn(ports.foreign.get(CODEX_PATH))
const TOLD = { access: accessToken(2, 28_800), refresh: 'RT-2', lastRefresh: '2026-11-21T10:00:00.000000000Z' }
const READ_ONLY = new AuthError('storage-unavailable', 'auth.json is write-protected', { hint: 'chmod u+w auth.json' })

/** What is kept of an answer that came a minute ago. */
const INTENT: Intent = {
  accountId: account().id,
  generation: 2,
  spends: mark('RT-1'),
  at: timeIn(-60),
  program: 'claude',
  pid: 7,
}
const leave = (ports: FakePorts, intent = INTENT) => {
  const answer = new Secret(JSON.stringify({ body: openaiGrants(2)().body, receivedAtMs: inSeconds(-50) }))
  ports.records.set(account().id, { intent, answer: sealAnswer(intent, answer, new Secret('RT-1')) })
}

describe('freshToken, with new tokens of a grant that Codex shares', () => {
  it('G4: writes them into Codex’s file as Codex would, with all else as it was', async () => {
    const among = { oauth_provenance: { issuer: 'https://auth.openai.com', client_id: 'app_EMoamEEZ73f0CkXaXp7hrann' } }
    const foreign = holding({ lastRefresh: timeIn(-9000), among, top: { later: { n: 1e21 } } })
    const ports = codexWorld(-40, { foreign, answers: [openaiGrants(2, { id_token: idToken('pro') })] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', warnings: [] })
    const before = readCodexAuth(foreign[CODEX_PATH])
    const tokens = {
      accessToken: new Secret(accessToken(2, 28_800)),
      refreshToken: new Secret('RT-2'),
      idToken: new Secret(idToken('pro')),
    }
    expect(ports.foreign.get(CODEX_PATH)).toBe(withRenewedTokens(before, tokens, NOW_MS).reveal())
    expect(inFile(ports)).toEqual(TOLD)
  })

  it('G4: writes a file that lags behind, whose token we have spent before', async () => {
    const secret = { ...account().secret, spent: [mark('RT-0')] }
    const ports = codexWorld(-40, { foreign: holding({ refresh: 'RT-0' }), answers: [openaiGrants(2)] }, { secret })
    await ask(ports)
    expect(inFile(ports)).toEqual(TOLD)
  })

  it('G4: writes a file that holds older tokens which we have never had', async () => {
    const foreign = holding({ refresh: 'RT-0', access: accessToken(0, -600) })
    const ports = codexWorld(-40, { foreign, answers: [openaiGrants(2)] })
    await ask(ports)
    expect(inFile(ports)).toEqual(TOLD)
    expect(JSON.parse(ports.requests[0]?.body ?? '')).toMatchObject({ refresh_token: 'RT-1' })
  })

  it.each([
    ['other tokens', codexFile({ refresh: 'RT-9', access: accessToken(9, 28_900) })],
    ['the sign-in of another account', codexFile({ refresh: 'RT-9', accountId: 'acc-2' })],
    ['nothing', undefined],
  ])('G6: leaves a file alone that holds %s by the time the answer comes', async (_case, text) => {
    const ports: FakePorts = codexWorld(-40, {
      foreign: holding({}),
      answers: [
        () => {
          if (text === undefined) ports.foreign.delete(CODEX_PATH)
          else ports.foreign.set(CODEX_PATH, text)
          return openaiGrants(2)()
        },
      ],
    })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', warnings: [] })
    expect([held(ports).refresh, ports.foreign.get(CODEX_PATH)]).toEqual(['RT-2', text])
  })

  it('G4: keeps the tokens and says what to do when the file cannot be written; the next renewal mends it', async () => {
    const ports = codexWorld(-40, {
      foreign: holding({}),
      answers: [openaiGrants(2), openaiGrants(3)],
    })
    const working = { ...ports.foreignFiles }
    Object.assign(ports.foreignFiles, {
      replace: () => {
        throw READ_ONLY
      },
    })
    const warning = `the new tokens of work could not be told to codex: auth.json is write-protected; codex will have to sign in again unless you chmod u+w auth.json, then aiauth refresh work`
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', warnings: [warning], trouble: undefined })
    expect([held(ports).refresh, inFile(ports).refresh]).toEqual(['RT-2', 'RT-1'])
    Object.assign(ports.foreignFiles, working)
    expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'renewed', warnings: [] })
    expect([held(ports).refresh, inFile(ports).refresh]).toEqual(['RT-3', 'RT-3'])
  })

  it('G4, T20: tells Codex of a new refresh token also where no access token came with it', async () => {
    const ports = codexWorld(40, { foreign: holding({}), answers: [openaiGrants(2, { access_token: undefined })] })
    expect(await ask(ports)).toMatchObject({ outcome: 'kept' })
    expect(inFile(ports)).toMatchObject({ access: accessToken(1, 40), refresh: 'RT-2' })
  })

  it('R22, G2: does not tell Codex of an answer for another account', async () => {
    const body = { access_token: accessToken(2, 28_800, 'acc-2'), id_token: idToken('plus', 'acc-2') }
    const foreign = holding({})
    const ports = codexWorld(-40, { foreign, answers: [openaiGrants(2, body)] })
    expect(await failure(ask(ports))).toMatchObject({ code: 'provider-rejected' })
    expect(ports.foreign.get(CODEX_PATH)).toBe(foreign[CODEX_PATH])
  })

  it('G4: leaves the file alone when nothing was renewed', async () => {
    const foreign = holding({})
    const ports = codexWorld(40, { foreign, answers: [answers(503)] })
    expect(await ask(ports)).toMatchObject({ outcome: 'kept' })
    expect(ports.foreign.get(CODEX_PATH)).toBe(foreign[CODEX_PATH])
  })
})

describe('freshToken, after a process was killed while it told Codex', () => {
  it.each([
    ['before it began', 'RT-1', 'RT-2'],
    ['when it was done', 'RT-2', 'RT-2'],
    ['and Codex has renewed since', 'RT-9', 'RT-9'],
  ])('G5, R7: finishes the renewal and the telling, %s', async (_case, refresh, after) => {
    const ports = codexWorld(-40, { foreign: holding({ refresh, access: accessToken(1, 60) }) })
    leave(ports)
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', warnings: [] })
    expect([held(ports).refresh, inFile(ports).refresh]).toEqual(['RT-2', after])
    expect([ports.requests.length, ports.records.size]).toEqual([0, 0])
  })

  it('G5: replaces the older token that it had found there as well', async () => {
    const ports = codexWorld(-40, { foreign: holding({ refresh: 'RT-0' }) })
    leave(ports, { ...INTENT, outdated: mark('RT-0') })
    await ask(ports)
    expect(inFile(ports)).toEqual({ ...TOLD, lastRefresh: '2026-11-21T09:59:10.000000000Z' })
  })

  it('G5, K7: tells Codex when the vault has overtaken the record', async () => {
    const foreign = holding({ access: accessToken(1, -40) })
    const ports = codexWorld(-40, { foreign, answers: [answers(503), answers(503), answers(503)] })
    const { tokens: _, ...issued } = ports.bundles.get(account().id) ?? bundle()
    const tokens = { refreshToken: new Secret('RT-2'), accessToken: new Secret(accessToken(2, 30)) }
    putTokens(ports, { ...tokens, expiresAtMs: inSeconds(30) }, { ...issued, generation: 2 })
    leave(ports)
    expect(await ask(ports)).toMatchObject({ outcome: 'kept' })
    expect(inFile(ports)).toMatchObject({ access: accessToken(2, 30), refresh: 'RT-2' })
    expect(facts(ports)?.secret).toMatchObject({ generation: 2, spent: [mark('RT-1')] })
  })

  it('G5, R9: tells Codex also while the vault cannot be written, and adopts from there', async () => {
    const ports = codexWorld(-40, { foreign: holding({}), answers: [openaiGrants(2)] })
    const mend = breakVault(ports, 'write', READ_ONLY)
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', trouble: { code: 'storage-unavailable' } })
    expect(inFile(ports).refresh).toBe('RT-2')
    ports.records.clear()
    mend()
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(held(ports).refresh).toBe('RT-2')
  })
})
