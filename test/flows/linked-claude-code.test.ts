import { describe, expect, it } from 'vitest'
import { checkedAccount } from '../../src/flows/checked-account.ts'
import { refreshAccounts } from '../../src/flows/refresh-accounts.ts'
import type { Link } from '../../src/model/linked.ts'
import { account } from '../fakes/account.ts'
import { claudeFile, claudeWorld, CLAUDE_PATH, type ClaudeFile } from '../fakes/linked.ts'
import type { FakePorts } from '../fakes/ports.ts'
import { answers, ask, events, facts, failure, held, inSeconds, timeIn } from '../fakes/renewing.ts'

const RENEWED: ClaudeFile = { access: 'AT-2', refresh: 'RT-2', expiresAtMs: inSeconds(3600) }
const holding = (file: ClaudeFile | string) => ({ [CLAUDE_PATH]: typeof file === 'string' ? file : claudeFile(file) })
const NOT_YET = 'claude-code renews the grant of work, and has not yet'
const HINT = 'run claude once, or aiauth login claude --name <another name> for a grant of its own'

/** Nothing is sent, and nothing is written that is not ours. */
function expectReadOnly(ports: FakePorts, foreign: Readonly<Record<string, string>>): void {
  expect(ports.requests).toEqual([])
  expect(Object.fromEntries(ports.foreign)).toEqual(foreign)
}

describe('freshToken, for a grant that is Claude Code’s to renew', () => {
  it.each([
    ['of the same account', { ...RENEWED, accountUuid: 'acc-1' }, 'RT-2'],
    ['that names no account', RENEWED, 'RT-2'],
    ['with a new access token alone', { ...RENEWED, refresh: 'RT-1' }, 'RT-1'],
  ])('G7, G1: adopts what Claude Code has renewed, %s', async (_case, file, refresh) => {
    const ports = claudeWorld(-40, { foreign: holding(file) })
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh', warnings: [] })
    expect(held(ports)).toEqual({ access: 'AT-2', refresh, generation: 2 })
    expect(facts(ports)).toMatchObject({
      expiresAt: timeIn(3600),
      tier: 'max',
      scopes: ['user:inference', 'user:profile'],
    })
    expect(facts(ports)?.history).toMatchObject([{ event: 'adopted', program: 'claude-code' }])
    expect(facts(ports)?.secret.spent?.length).toBe(refresh === 'RT-2' ? 1 : undefined)
    expectReadOnly(ports, holding(file))
  })

  it('G7: waits for its locks before it reads', async () => {
    const ports = claudeWorld(-40, { foreign: holding({}) })
    const links: Link[] = []
    Object.assign(ports.foreignFiles, {
      whenIdle: (link: Link) => {
        links.push(link)
        return Promise.resolve(void ports.foreign.set(CLAUDE_PATH, claudeFile(RENEWED)))
      },
    })
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(links).toEqual([{ tool: 'claude-code', path: CLAUDE_PATH }])
  })

  it.each([
    ['holds our tokens still', holding({})],
    ['is gone', {}],
    ['was blanked', holding({ access: '', refresh: '', expiresAtMs: 0 })],
    ['holds older tokens', holding({ access: 'AT-0', expiresAtMs: inSeconds(-90) })],
    ['holds tokens without an end', holding({ access: 'AT-0', expiresAtMs: null })],
    ['may not be used for inference', holding({ ...RENEWED, scopes: ['user:profile'] })],
  ])('G7, G3: spends nothing, and says who is to renew, when the file %s', async (_case, foreign) => {
    const over = claudeWorld(-40, { foreign })
    expect(await failure(ask(over))).toMatchObject({ code: 'sign-in-required', message: NOT_YET, hint: HINT })
    expect(facts(over)).toMatchObject({ state: 'active', stateReason: null, history: [] })
    const dying = claudeWorld(40, { foreign })
    expect(await ask(dying)).toMatchObject({ outcome: 'waiting', warnings: [], problem: { message: NOT_YET } })
    const warning = `work was not renewed, its old token still works: ${NOT_YET}`
    expect(await ask(dying, { evenIfFresh: true })).toMatchObject({ outcome: 'waiting', warnings: [warning] })
    for (const ports of [over, dying]) expectReadOnly(ports, foreign)
  })

  it('G7, G2: does not adopt the sign-in of another account, and says so', async () => {
    const foreign = holding({ ...RENEWED, accountUuid: 'acc-2' })
    const ports = claudeWorld(40, { foreign })
    const warnings = ['claude-code is signed in as another account now; aiauth migrate-auth brings it in']
    expect(await ask(ports)).toMatchObject({ outcome: 'waiting', warnings })
    expectReadOnly(ports, foreign)
  })

  it('G7, G3: spends nothing when the file is damaged', async () => {
    const foreign = holding('{"claudeAiOauth":')
    expect(await ask(claudeWorld(40, { foreign }))).toMatchObject({
      outcome: 'kept',
      problem: { code: 'auth-file-invalid' },
    })
    expect(await failure(ask(claudeWorld(-40, { foreign })))).toMatchObject({ code: 'auth-file-invalid' })
  })
})

describe('refreshAccounts', () => {
  it.each([40, -40])('G7: skips an account that is Claude Code’s to renew, with %i s left', async (leftSeconds) => {
    const ports = claudeWorld(
      leftSeconds,
      { foreign: holding({}) },
      { secret: { ...account().secret, renewable: false } },
    )
    const accounts = ports.current()?.accounts ?? []
    const asked = { accounts, withinMs: undefined, concurrency: 1, onDone: () => undefined, onWarning: () => undefined }
    expect(await refreshAccounts(ports, asked)).toMatchObject([{ name: 'work', outcome: 'skipped', message: NOT_YET }])
    ports.foreign.set(CLAUDE_PATH, claudeFile(RENEWED))
    expect(await refreshAccounts(ports, asked)).toMatchObject([{ outcome: 'fresh', expiresAt: timeIn(3600) }])
  })
})

describe('checkedAccount', () => {
  it('G7: does not ask for a sign-in when the provider refuses a token that Claude Code is to renew', async () => {
    const ports = claudeWorld(3600, { foreign: holding({}), answers: [answers(401)] })
    expect(await checkedAccount(ports, facts(ports) ?? account())).toMatchObject({ outcome: 'unreachable' })
    expect(facts(ports)?.state).toBe('active')
    expect(events(ports)).toEqual([])
  })
})
