import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { fingerprint } from '../../src/vault/fingerprint.ts'
import { account } from '../fakes/account.ts'
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
import type { FakePorts } from '../fakes/ports.ts'
import {
  answers,
  ask,
  breakVault,
  events,
  facts,
  failure,
  held,
  refusedForGood,
  timeIn,
  whileWaiting,
} from '../fakes/renewing.ts'

const SPENT = fingerprint(new Secret('RT-1'))
const RENEWED: CodexFile = { access: accessToken(2, 3600), refresh: 'RT-2', lastRefresh: timeIn(-10) }
const ANOTHER = 'codex is signed in as another account now; aiauth migrate-auth brings it in'
const holding = (file: CodexFile | string) => ({ [CODEX_PATH]: typeof file === 'string' ? file : codexFile(file) })
const inFile = (ports: FakePorts) => codexTokensIn(ports.foreign.get(CODEX_PATH))
const spentOf = (...tokens: string[]) => ({
  secret: { ...account().secret, spent: tokens.map((token) => fingerprint(new Secret(token))) },
})

describe('freshToken, for a grant that Codex shares', () => {
  it('G1: adopts what Codex has renewed, without a request', async () => {
    const foreign = holding({ ...RENEWED, id: idToken('pro') })
    const ports = codexWorld(-40, { foreign }, { cooldownUntil: timeIn(60), lastRefreshedAt: timeIn(-3600) })
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh', warnings: [], trouble: undefined })
    expect(held(ports)).toEqual({ access: accessToken(2, 3600), refresh: 'RT-2', generation: 2 })
    expect(facts(ports)).toMatchObject({
      state: 'active',
      tier: 'pro',
      scopes: ['openid'],
      expiresAt: timeIn(3600),
      lastRefreshedAt: timeIn(-10),
      cooldownUntil: null,
      secret: { generation: 2, spent: [SPENT] },
    })
    expect(facts(ports)?.history).toMatchObject([{ event: 'adopted', program: 'codex', spent: SPENT }])
    expect(facts(ports)?.history[0]).not.toHaveProperty('pid')
    expect([ports.requests, ports.foreign.get(CODEX_PATH)]).toEqual([[], foreign[CODEX_PATH]])
  })

  it('G1: does not look at the file while our own token lasts', async () => {
    const ports = codexWorld(3600, { foreign: holding({ ...RENEWED, access: accessToken(2, 7200) }) })
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(held(ports).generation).toBe(1)
  })

  it('G1: counts it as a renewal for whoever wants one', async () => {
    const ports = codexWorld(3600, { foreign: holding({ ...RENEWED, access: accessToken(2, 7200) }) })
    expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'fresh' })
    expect([held(ports).refresh, ports.requests]).toEqual(['RT-2', []])
  })

  it.each([
    ['is over as well', -20],
    ['does not last long enough', 30],
  ])('G1, G4: renews what it has adopted when that %s, and tells Codex', async (_case, leftSeconds) => {
    const foreign = holding({ ...RENEWED, access: accessToken(2, leftSeconds) })
    const ports = codexWorld(-40, { foreign, answers: [openaiGrants(3)] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed' })
    expect(JSON.parse(ports.requests[0]?.body ?? '')).toMatchObject({ refresh_token: 'RT-2' })
    expect(held(ports)).toEqual({ access: accessToken(3, 28_800), refresh: 'RT-3', generation: 3 })
    expect(inFile(ports)).toMatchObject({ access: accessToken(3, 28_800), refresh: 'RT-3' })
    expect(events(ports)).toEqual(['adopted', 'renewed'])
  })

  it('G1: takes away the need to sign in when Codex has signed the same account in again', async () => {
    const change = { state: 'needs-login', stateReason: 'the provider refused', ...spentOf('RT-1') } as const
    const ports = codexWorld(-40, { foreign: holding(RENEWED) }, change)
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(facts(ports)).toMatchObject({ state: 'created', stateReason: null })
  })

  it.each([
    ['of a later renewal', 5, 'fresh'],
    ['of an earlier one', -60, 'renewed'],
  ])('G1: goes by the time %s where a token does not tell its end', async (_case, seconds, outcome) => {
    const file = { access: 'opaque', refresh: 'RT-2', lastRefresh: timeIn(-30 + seconds) }
    const ports = codexWorld(
      -40,
      { foreign: holding(file), answers: [openaiGrants(3)] },
      { lastRefreshedAt: timeIn(-30) },
    )
    expect(await ask(ports)).toMatchObject({ outcome })
    expect(ports.requests.length).toBe(outcome === 'fresh' ? 0 : 1)
  })

  it.each([
    ['names the account that our own tokens name', 'acc-1', 'RT-2'],
    ['names another one than our own tokens', 'acc-2', 'RT-3'],
  ])('G2: compares with our tokens where auth.json knows no account, when the file %s', async (_case, id, refresh) => {
    const file = { ...RENEWED, access: accessToken(2, 3600, id), id: idToken('plus', id), accountId: id }
    const ports = codexWorld(-40, { foreign: holding(file), answers: [openaiGrants(3)] }, { accountId: null })
    await ask(ports)
    expect(held(ports).refresh).toBe(refresh)
  })

  it.each([
    ['in every place', { access: accessToken(2, 3600, 'acc-2'), id: idToken('plus', 'acc-2'), accountId: 'acc-2' }],
    ['in the claims of a renewal for somebody else', { access: accessToken(2, 3600, 'acc-2') }],
  ])('G2: neither adopts nor replaces the sign-in of another account, %s, and says so', async (_case, other) => {
    const foreign = holding({ ...RENEWED, ...other })
    const ports = codexWorld(-40, { foreign, answers: [openaiGrants(3)] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', warnings: [ANOTHER] })
    expect(JSON.parse(ports.requests[0]?.body ?? '')).toMatchObject({ refresh_token: 'RT-1' })
    expect(ports.foreign.get(CODEX_PATH)).toBe(foreign[CODEX_PATH])
  })

  it('G2: does not take tokens that were issued to another client', async () => {
    const among = { oauth_provenance: { issuer: 'https://auth.openai.com', client_id: 'app_other' } }
    const ports = codexWorld(-40, { foreign: holding({ ...RENEWED, among }), answers: [openaiGrants(3)] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', warnings: [] })
    expect(inFile(ports).refresh).toBe('RT-2')
  })

  it.each([
    ['is gone', undefined],
    ['holds no tokens', JSON.stringify({ auth_mode: 'chatgpt', OPENAI_API_KEY: null, tokens: null })],
    ['holds an API key only', JSON.stringify({ OPENAI_API_KEY: 'sk-1' })],
    ['holds tokens that were lent', codexFile({ ...RENEWED, refresh: '', top: { auth_mode: 'chatgptAuthTokens' } })],
  ])('G3: goes on with our own grant, and puts nothing into a file that %s', async (_case, text) => {
    const ports = codexWorld(-40, { foreign: text === undefined ? {} : holding(text), answers: [openaiGrants(3)] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', warnings: [] })
    expect(ports.foreign.get(CODEX_PATH)).toBe(text)
  })

  it.each([
    ['is empty', ''],
    ['is cut off', codexFile(RENEWED).slice(0, 200)],
  ])('G3: spends nothing when the file %s', async (_case, text) => {
    const foreign = holding(text)
    const dying = codexWorld(40, { foreign })
    expect(await ask(dying)).toMatchObject({ outcome: 'kept', problem: { code: 'auth-file-invalid' } })
    const over = codexWorld(-40, { foreign })
    expect(await failure(ask(over))).toMatchObject({ code: 'auth-file-invalid' })
    expect([...dying.requests, ...over.requests]).toEqual([])
    expect(over.foreign.get(CODEX_PATH)).toBe(text)
    expect(facts(over)?.state).toBe('active')
  })

  it.each([
    ['newer', RENEWED],
    ['of an unknown age', { ...RENEWED, access: accessToken(2, -30) }],
  ])('R5, G1: takes what Codex has by then when ours is refused for good: %s', async (_case, file) => {
    const ports: FakePorts = codexWorld(-40, {
      foreign: holding({}),
      answers: [
        () => {
          ports.foreign.set(CODEX_PATH, codexFile(file))
          return refusedForGood()
        },
        openaiGrants(3),
      ],
    })
    expect(await ask(ports)).toMatchObject({ outcome: file === RENEWED ? 'fresh' : 'renewed' })
    expect(held(ports).refresh).toBe(file === RENEWED ? 'RT-2' : 'RT-3')
    expect(facts(ports)).toMatchObject({ state: 'active', stateReason: null })
  })

  it('R12, G1: asks for a sign-in once both are refused, and sends neither again', async () => {
    const foreign = holding({ ...RENEWED, access: accessToken(2, -50) })
    const ports = codexWorld(-40, { foreign, answers: [refusedForGood, refusedForGood] })
    expect(await failure(ask(ports))).toMatchObject({ code: 'sign-in-required' })
    expect(await failure(ask(ports))).toMatchObject({ code: 'sign-in-required' })
    expect(
      ports.requests.map(({ body = '' }) => (JSON.parse(body) as Record<string, unknown>)['refresh_token']),
    ).toEqual(['RT-1', 'RT-2'])
  })

  it('G6: looks again between two tries, and spends nothing that Codex has spent meanwhile', async () => {
    const ports: FakePorts = codexWorld(-40, { foreign: holding({}), answers: [answers(500), openaiGrants(3)] })
    Object.assign(ports.clock, {
      sleep: () => Promise.resolve(void ports.foreign.set(CODEX_PATH, codexFile(RENEWED))),
    })
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect([held(ports).refresh, ports.requests.length]).toEqual(['RT-2', 1])
  })

  it('G6: reads the file under the lock, where the last one may have changed it', async () => {
    const ports = codexWorld(-40, { foreign: holding({}) })
    whileWaiting(ports, () => ports.foreign.set(CODEX_PATH, codexFile(RENEWED)))
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(ports.requests).toEqual([])
  })

  it('G5: adopts again what it could not keep, and nothing is spent meanwhile', async () => {
    const ports = codexWorld(-40, { foreign: holding(RENEWED) })
    const mend = breakVault(ports, 'write', new AuthError('storage-unavailable', 'the disk is full'))
    expect(await failure(ask(ports))).toMatchObject({ code: 'storage-unavailable' })
    mend()
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(ports.requests).toEqual([])
  })

  it('G5: serves what was adopted when auth.json could not be told, which heals later', async () => {
    const ports = codexWorld(-40, { foreign: holding(RENEWED) })
    const working = { ...ports.authFile }
    Object.assign(ports.authFile, { update: () => Promise.reject(new AuthError('busy', 'no')) })
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(facts(ports)?.secret.generation).toBe(1)
    Object.assign(ports.authFile, working)
    await ask(ports)
    expect(facts(ports)).toMatchObject({ secret: { generation: 2 }, expiresAt: timeIn(3600) })
  })

  it('G1: forgets a renewal whose answer was lost once Codex has newer tokens', async () => {
    const ports: FakePorts = codexWorld(40, { foreign: holding({}) })
    const intent = { accountId: account().id, generation: 2, spends: SPENT, at: timeIn(-60), program: 'x', pid: 1 }
    ports.records.set(account().id, { intent, answer: undefined })
    expect(await ask(ports)).toMatchObject({ outcome: 'waiting' })
    ports.foreign.set(CODEX_PATH, codexFile(RENEWED))
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect([ports.records.size, events(ports)]).toEqual([0, ['adopted']])
  })
})
