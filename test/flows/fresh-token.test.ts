import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { fingerprint } from '../../src/vault/fingerprint.ts'
import { account } from '../fakes/account.ts'
import type { FakePorts } from '../fakes/ports.ts'
import {
  answers,
  ask,
  events,
  facts,
  failure,
  fails,
  granted,
  held,
  inSeconds,
  putTokens,
  refusedForGood,
  setClock,
  timeIn,
  worldWith,
} from '../fakes/renewing.ts'

const spent = (token: string) => fingerprint(new Secret(token))
const nested = (code: string) => ({ error: { code, message: 'm' } })
const OPENAI = { provider: 'openai', mode: 'codex' }
const withOpenaiTokens = (ports: FakePorts) => {
  const tokenEndpoint = 'https://auth.openai.com/oauth/token'
  putTokens(ports, { expiresAtMs: inSeconds(0) }, { tokenEndpoint, clientId: 'app_EMoamEEZ73f0CkXaXp7hrann' })
  return ports
}

describe('freshToken', () => {
  it('R11: serves a token that lasts without network and without writing anything', async () => {
    const ports = worldWith(61)
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh', warnings: [] })
    expect(ports.requests).toEqual([])
    expect(events(ports)).toEqual([])
  })

  it('serves a token whose end nobody told', async () => {
    const ports = worldWith(0)
    putTokens(ports, { expiresAtMs: undefined })
    expect(await ask(ports, { minValiditySeconds: 3600 })).toMatchObject({ outcome: 'fresh' })
    expect(ports.requests).toEqual([])
  })

  it('R1: renews a token that has less left, stores the new pair and tells the facts', async () => {
    const ports = worldWith(59, { answers: [granted()] })
    const fresh = await ask(ports)
    expect(fresh).toMatchObject({ outcome: 'renewed', trouble: undefined, warnings: [] })
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-2')
    expect(held(ports)).toEqual({ access: 'AT-2', refresh: 'RT-2', generation: 2 })
    expect(ports.records.size).toBe(0)
    expect(facts(ports)).toMatchObject({
      state: 'active',
      expiresAt: '2026-11-21T18:00:00.000Z',
      lastRefreshedAt: '2026-11-21T10:00:00.000Z',
      secret: { generation: 2, renewable: true, spent: [spent('RT-1')] },
    })
    expect(facts(ports)?.history).toMatchObject([{ event: 'renewed', program: 'codex', pid: 4711 }])
  })

  it('sends the grant to the server that issued it, with the scopes that were granted', async () => {
    const ports = worldWith(0, { answers: [granted()] })
    await ask(ports)
    expect(ports.requests).toMatchObject([{ method: 'POST', url: 'https://platform.claude.com/v1/oauth/token' }])
    expect(JSON.parse(ports.requests[0]?.body ?? '')).toMatchObject({ refresh_token: 'RT-1', scope: 'user:profile' })
  })

  it('keeps every fact that has nothing to do with the tokens', async () => {
    const change = { notes: 'mine', priority: 7, usage: { a: 1 }, tier: 'max_20x', futureField: [1] }
    const ports = worldWith(0, { answers: [granted()] }, change)
    await ask(ports)
    expect(facts(ports)).toMatchObject({ ...change, name: 'work', createdAt: '2026-11-20T10:00:00.000Z' })
  })

  it('R2: keeps the old refresh token when the provider returns none (RFC 6749 §6)', async () => {
    const ports = worldWith(0, { answers: [granted({ refresh_token: undefined }), granted()] })
    await ask(ports)
    expect(held(ports)).toEqual({ access: 'AT-2', refresh: 'RT-1', generation: 2 })
    expect(facts(ports)?.secret.spent).toBeUndefined()
    expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'renewed' })
  })

  it('R2: goes on with a refresh token that the provider returns unchanged', async () => {
    const ports = worldWith(0, { answers: [granted({ refresh_token: 'RT-1' }), granted()] })
    await ask(ports)
    expect(facts(ports)?.secret.spent).toBeUndefined()
    expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'renewed' })
  })

  it.each([
    ['R4', { accessToken: new Secret('AT-9'), refreshToken: new Secret('RT-9'), expiresAtMs: inSeconds(3600) }],
    ['R20', { accessToken: new Secret('AT-9'), refreshToken: new Secret('RT-9'), expiresAtMs: inSeconds(30) }],
  ])('%s: sends nothing when newer tokens came while it waited for its turn', async (_case, tokens) => {
    const ports = worldWith(0)
    const { exclusively } = ports.journal
    Object.assign(ports.journal, {
      exclusively: ((id, work) => {
        putTokens(ports, tokens, { generation: 2 })
        return exclusively(id, work)
      }) satisfies typeof exclusively,
    })
    const fresh = await ask(ports)
    expect(fresh.outcome).toBe('fresh')
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-9')
    expect(ports.requests).toEqual([])
    expect(facts(ports)).toMatchObject({ secret: { generation: 2 } })
  })

  it('R21: renews nothing for an account that was signed out while it waited', async () => {
    const ports = worldWith(0)
    const { exclusively } = ports.journal
    Object.assign(ports.journal, {
      exclusively: (async (id, work) => {
        await ports.authFile.update((file) => ({ ...file, accounts: [] }))
        return exclusively(id, work)
      }) satisfies typeof exclusively,
    })
    expect(await failure(ask(ports))).toMatchObject({ code: 'account-not-found' })
    expect(ports.requests).toEqual([])
  })

  it('R25: renews a token that would do when it is asked to, once', async () => {
    const ports = worldWith(7200, { answers: [granted()] })
    expect(await ask(ports, { evenIfFresh: true })).toMatchObject({ outcome: 'renewed' })
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(ports.requests.length).toBe(1)
  })

  it('R10: keeps what came and then ends, when Ctrl-C is pressed while the answer travels', async () => {
    const ports: FakePorts = worldWith(0, {
      answers: [
        () => {
          ports.interrupt(new AuthError('cancelled', 'cancelled'))
          return granted()()
        },
      ],
    })
    expect(await failure(ask(ports))).toMatchObject({ code: 'cancelled' })
    expect(held(ports)).toEqual({ access: 'AT-2', refresh: 'RT-2', generation: 2 })
    expect(ports.records.size).toBe(0)
  })
})

describe('freshToken, refused for good', () => {
  it.each([
    ['invalid_grant with 400', {}, refusedForGood],
    ['invalid_grant with 401', {}, answers(401, { error: 'invalid_grant' })],
    ['T6: invalid_grant with 200', {}, answers(200, { error: 'invalid_grant' })],
    ['T5: OpenAI’s refresh_token_reused', OPENAI, answers(401, nested('refresh_token_reused'))],
    ['T5: OpenAI’s refresh_token_expired', OPENAI, answers(401, nested('refresh_token_expired'))],
    ['T5: OpenAI’s refresh_token_invalidated', OPENAI, answers(400, nested('refresh_token_invalidated'))],
  ])(
    'R12: asks for a new sign-in, keeps the tokens, and never sends that one again: %s',
    async (_case, who, answer) => {
      const ports = worldWith(0, { answers: [answer] }, who)
      if ('provider' in who) withOpenaiTokens(ports)
      const error = await failure(ask(ports))
      expect(error).toMatchObject({ code: 'sign-in-required' })
      expect(String((error as AuthError).hint)).toContain(' --name work')
      expect(held(ports)).toEqual({ access: 'AT-1', refresh: 'RT-1', generation: 1 })
      expect(facts(ports)).toMatchObject({ state: 'needs-login', tier: 'max_20x', email: 'ada@example.com' })
      expect(facts(ports)?.history).toMatchObject([{ event: 'refused', spent: spent('RT-1') }])
      expect(ports.records.size).toBe(0)

      expect(await failure(ask(ports))).toMatchObject({ code: 'sign-in-required' })
      expect(await failure(ask(ports, { evenIfFresh: true }))).toMatchObject({ code: 'sign-in-required' })
      expect(ports.requests.length).toBe(1)
    },
  )

  it('R5: uses a newer token that stands in the vault by then', async () => {
    const ports: FakePorts = worldWith(0, {
      answers: [
        () => {
          const newer = { accessToken: new Secret('AT-9'), refreshToken: new Secret('RT-9') }
          putTokens(ports, { ...newer, expiresAtMs: inSeconds(99) }, { generation: 2 })
          return refusedForGood()
        },
      ],
    })
    const fresh = await ask(ports)
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-9')
    expect(facts(ports)).toMatchObject({ state: 'active', secret: { generation: 2 } })
  })

  const overtakenBy = (end: () => object) => {
    const ports: FakePorts = worldWith(0, {
      answers: [
        () => {
          putTokens(ports, { refreshToken: new Secret('RT-9'), expiresAtMs: inSeconds(-1) }, { generation: 2 })
          return refusedForGood()
        },
        end,
      ],
    })
    return ports
  }
  const sent = (ports: FakePorts) =>
    ports.requests.map(({ body }) => (JSON.parse(body ?? '') as { refresh_token: string }).refresh_token)

  it('R5: renews with the newer one when its access token is over', async () => {
    const ports = overtakenBy(granted())
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed' })
    expect(sent(ports)).toEqual(['RT-1', 'RT-9'])
    expect(held(ports)).toEqual({ access: 'AT-2', refresh: 'RT-2', generation: 3 })
  })

  it('R5: gives up when that one is refused too, and keeps it', async () => {
    const ports = overtakenBy(refusedForGood)
    expect(await failure(ask(ports))).toMatchObject({ code: 'sign-in-required' })
    expect(sent(ports)).toEqual(['RT-1', 'RT-9'])
    expect(held(ports).refresh).toBe('RT-9')
    expect(facts(ports)?.state).toBe('needs-login')
  })

  it('R26: does not send a token that was spent before, and says what to do', async () => {
    const secret = { ...account().secret, generation: 5, spent: [spent('RT-1')] }
    const ports = worldWith(0, {}, { secret })
    const error = await failure(ask(ports))
    expect(error).toMatchObject({ code: 'sign-in-required' })
    expect(String(error)).toContain('the grant of work was spent, or ended by the provider')
    expect(ports.requests).toEqual([])
  })

  it('R26: remembers 50 spent tokens', async () => {
    const old = Array.from({ length: 50 }, (_, index) => `spent-${index}`)
    const ports = worldWith(0, { answers: [granted()] }, { secret: { ...account().secret, spent: old } })
    await ask(ports)
    expect(facts(ports)?.secret.spent).toEqual([...old.slice(1), spent('RT-1')])
  })
})

describe('freshToken, of the wrong account or server', () => {
  const idToken = (id: string) => {
    const claims = { 'https://api.openai.com/auth': { chatgpt_account_id: id } }
    return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
  }

  it.each([
    ['Claude', {}, { account: { uuid: 'acc-2' } }],
    ['OpenAI', OPENAI, { id_token: idToken('acc-2') }],
  ])('R22: takes nothing of an answer for another account of %s', async (_case, who, change) => {
    const ports = worldWith(0, { answers: [granted(change)] }, who)
    if ('provider' in who) withOpenaiTokens(ports)
    expect(await failure(ask(ports))).toMatchObject({ code: 'provider-rejected' })
    expect(held(ports)).toEqual({ access: 'AT-1', refresh: 'RT-1', generation: 1 })
    expect(facts(ports)).toMatchObject({ state: 'error', accountId: 'acc-1', email: 'ada@example.com' })
    expect(facts(ports)?.stateReason).toContain('for another account')
    expect(ports.records.size).toBe(0)
    expect(await failure(ask(ports))).toMatchObject({ code: 'sign-in-required' })
    expect(ports.requests.length).toBe(1)
  })

  it.each([
    ['Claude', {}, { account: { uuid: 'acc-1', email_address: 'new@example.com' } }, 'new@example.com'],
    ['OpenAI', OPENAI, { id_token: idToken('acc-1') }, 'ada@example.com'],
    ['Claude, which says nothing of it', {}, {}, 'ada@example.com'],
  ])('R22: takes an answer for the same account of %s', async (_case, who, change, email) => {
    const ports = worldWith(0, { answers: [granted(change)] }, who)
    if ('provider' in who) withOpenaiTokens(ports)
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', account: { email } })
  })

  it.each([
    ['has no refresh token', {}, (ports: FakePorts) => putTokens(ports, { refreshToken: undefined, expiresAtMs: 0 })],
    ['is of a mode that the settings do not know', { mode: 'nope' }, () => undefined],
    ['is of a provider that the settings do not know', { provider: 'gone' }, () => undefined],
    [
      'came from another server',
      {},
      (ports: FakePorts) => putTokens(ports, { expiresAtMs: 0 }, { tokenEndpoint: 'https://evil.example/token' }),
    ],
    [
      'came through another client',
      {},
      (ports: FakePorts) => putTokens(ports, { expiresAtMs: 0 }, { clientId: 'somebody-else' }),
    ],
  ])('sends nothing anywhere for a grant that %s', async (_case, who, prepare) => {
    const ports = worldWith(0, {}, who)
    prepare(ports)
    expect(await failure(ask(ports))).toMatchObject({ code: 'sign-in-required' })
    expect(ports.requests).toEqual([])
  })

  it('sends nothing to a server that the settings name instead', async () => {
    const config = { providers: { claude: { tokenEndpoint: 'https://evil.example/token' } } }
    const ports = worldWith(0, { config })
    const error = await failure(ask(ports))
    expect(error).toMatchObject({ code: 'sign-in-required' })
    expect(String(error)).toContain('issued by another server')
    expect(ports.requests).toEqual([])
  })

  it('takes all of loopback for one server, and asks it where the settings now say', async () => {
    const config = { providers: { claude: { tokenEndpoint: 'http://127.0.0.1:2222/token' } } }
    const ports = worldWith(0, { config, answers: [granted()] })
    putTokens(ports, { expiresAtMs: 0 }, { tokenEndpoint: 'http://localhost:1111/token' })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed' })
    expect(ports.requests[0]?.url).toBe('http://127.0.0.1:2222/token')
    expect(ports.bundles.get(account().id)?.tokenEndpoint).toBe('http://127.0.0.1:2222/token')
  })

  it('does not take this machine for a server that is elsewhere', async () => {
    const config = { providers: { claude: { tokenEndpoint: 'http://127.0.0.1:2222/token' } } }
    const ports = worldWith(0, { config })
    expect(await failure(ask(ports))).toMatchObject({ code: 'sign-in-required' })
    expect(ports.requests).toEqual([])
  })

  it('renews nothing of a provider that is switched off, and still serves what lasts', async () => {
    const config = { providers: { claude: { enabled: false } } }
    expect(await failure(ask(worldWith(0, { config })))).toMatchObject({ code: 'usage' })
    expect(await ask(worldWith(61, { config }))).toMatchObject({ outcome: 'fresh' })
  })
})

describe('freshToken, by a wrong clock', () => {
  it.each([-3600, 3600])('T24: keeps the lifetime from receipt on when the clock here is %i s off', async (offset) => {
    const ports = worldWith(offset, { answers: [granted({ expires_in: 600 })] })
    setClock(ports, offset)
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', account: { expiresAt: timeIn(offset + 600) } })
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(ports.requests.length).toBe(1)
  })

  it('T24: renews once when the clock jumps ahead, and not again when it comes back', async () => {
    const ports = worldWith(7200, { answers: [granted()] })
    setClock(ports, 86_400)
    await ask(ports)
    setClock(ports, 0)
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh' })
    expect(ports.requests.length).toBe(1)
  })

  it('T24: believes no cool-down that ends later than a day from now', async () => {
    const ports = worldWith(0, { answers: [granted()] }, { cooldownUntil: timeIn(86_401) })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed' })
    const other = worldWith(0, {}, { cooldownUntil: timeIn(86_399) })
    expect(await failure(ask(other))).toMatchObject({ code: 'provider-unavailable' })
  })

  it('T16: asks anew each time for a token that is over when it comes, and never twice in one run', async () => {
    const ports = worldWith(0, { answers: [granted({ expires_in: 0 })] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed' })
    expect(ports.requests.length).toBe(1)
  })

  it.each([{ iat: -1e15, exp: 1e9 }, { exp: 1e308 }])('T16: keeps a token whose claims are %j', async (claims) => {
    const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
    const ports = worldWith(0, { answers: [granted({ access_token: token, expires_in: undefined })] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', trouble: undefined })
    expect(held(ports).access).toBe(token)
  })
})

describe('freshToken, failing before anything is sent', () => {
  const offline = fails('platform.claude.com: the name cannot be resolved', { notSent: true })

  it('T10: tries three times, with longer waits, when the old token is over', async () => {
    const ports = worldWith(0, { answers: [offline, offline, offline] })
    Object.assign(ports.clock, { jitterMs: (ms: number) => ms })
    expect(await failure(ask(ports))).toMatchObject({ code: 'network' })
    expect(ports.requests.length).toBe(3)
    expect(ports.waits).toEqual([500 + 250, 1000 + 500])
    expect(ports.records.size).toBe(0)
    expect(facts(ports)).toMatchObject({ state: 'active', cooldownUntil: timeIn(5) })
  })

  it('T10: goes on with the first try that comes through', async () => {
    const ports = worldWith(0, { answers: [offline, offline, granted()] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', warnings: [] })
    expect(facts(ports)?.cooldownUntil).toBeNull()
  })

  it('T10, R13: tries once while the old token lives, and serves it', async () => {
    const ports = worldWith(40, { answers: [offline] })
    const fresh = await ask(ports)
    expect(fresh).toMatchObject({ outcome: 'kept', problem: { code: 'network' } })
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-1')
    expect(ports.waits).toEqual([])
  })

  it('T11: does not try again by itself after 20 s', async () => {
    const ports: FakePorts = worldWith(0, {
      answers: [
        () => {
          setClock(ports, 21)
          return fails('no answer within 30 s')()
        },
      ],
    })
    expect(await failure(ask(ports))).toMatchObject({ code: 'network' })
    expect(ports.requests.length).toBe(1)
  })
})

describe('freshToken, asking a provider that says not now', () => {
  it.each([
    ['T7: 429', answers(429)],
    ['T8: 502', answers(502)],
    ['T2: a challenge page', answers(403, '<html>')],
    ['T9: a connection that was cut', fails('the connection was cut')],
    ['T11: silence', fails('no answer within 30 s')],
    ['T1: half a reply', answers(200, '{"access_tok')],
    ['T17: a token of a type that is of no use', granted({ token_type: 'mac' })],
  ])('R13: serves the old token with a warning while it lives: %s', async (_case, answer) => {
    const ports = worldWith(40, { answers: [answer] })
    const fresh = await ask(ports)
    expect(fresh).toMatchObject({ outcome: 'kept', trouble: undefined, account: { state: 'active' } })
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-1')
    expect(fresh.warnings).toMatchObject([expect.stringMatching(/^work was not renewed, its old token still works: /)])
    expect(ports.requests.length).toBe(1)
  })

  it('T7: waits as long as it is told when that is short and the old token is over', async () => {
    const ports = worldWith(0, { answers: [answers(429, '', { 'retry-after': '2' }), granted()] })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed' })
    expect(ports.waits).toEqual([2000])
  })

  it('T7, R14: does not wait for long, and nobody asks again before the time is up', async () => {
    const ports = worldWith(0, { answers: [answers(429, '', { 'retry-after': '120' }), granted()] })
    expect(await failure(ask(ports))).toMatchObject({ code: 'provider-unavailable' })
    expect(facts(ports)?.cooldownUntil).toBe(timeIn(120))
    setClock(ports, 119)
    const error = await failure(ask(ports, { evenIfFresh: true }))
    expect(error).toMatchObject({ code: 'provider-unavailable', hint: 'try again in 1 s' })
    expect(ports.requests.length).toBe(1)
    setClock(ports, 120)
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', account: { cooldownUntil: null } })
  })

  it('R14: asks once for 50 askers while the old token lives', async () => {
    const ports = worldWith(40, { answers: [answers(500)] })
    const asked = await Promise.all(Array.from({ length: 50 }, () => ask(ports)))
    expect(asked.every(({ bundle: { tokens } }) => tokens.accessToken.reveal() === 'AT-1')).toBe(true)
    expect(ports.requests.length).toBe(1)
  })

  it('R14: asks no more often after answers that hold no usable access token', async () => {
    const mac = granted({ token_type: 'mac' })
    const ports = worldWith(0, { answers: [mac, mac] })
    expect(await failure(ask(ports))).toMatchObject({ code: 'provider-rejected' })
    expect(await failure(ask(ports))).toMatchObject({ code: 'provider-unavailable' })
    expect(ports.requests.length).toBe(1)
    expect(held(ports)).toMatchObject({ access: 'AT-1', refresh: 'RT-2' })
  })

  const refusal = (status: number) => answers(status, '<html>')
  /** One failure after the other, each as soon as the cool-down of the one before it is over: how long they are. */
  async function coolDowns(statuses: readonly number[], between: (ports: FakePorts) => unknown): Promise<number[]> {
    const ports = worldWith(7200, { answers: statuses.map(refusal) })
    const found: number[] = []
    let seconds = 0
    while (found.length < statuses.length) {
      await ask(ports, { minValiditySeconds: 9000 })
      const until = (Date.parse(facts(ports)?.cooldownUntil ?? '') - inSeconds(0)) / 1000
      found.push(until - seconds)
      seconds = until
      setClock(ports, seconds)
      await between(ports)
    }
    return found
  }
  const handedOut = (ports: FakePorts) =>
    ports.authFile.update((file) => ({
      ...file,
      accounts: file.accounts.map((known) => ({
        ...known,
        history: [...known.history, { at: timeIn(0), event: 'handed-out', program: 'codex', pid: 1 }],
      })),
    }))

  it.each([
    ['the same each time', [403, 403, 403, 403, 403, 403, 403], () => undefined],
    ['of different kinds', [403, 404, 403, 404, 403, 404, 403], () => undefined],
    ['with the old token handed out between them', [403, 403, 403, 403, 403, 403, 403], handedOut],
  ])('R14: doubles the cool-down with each failure, up to 16 minutes: %s', async (_case, statuses, between) => {
    expect(await coolDowns(statuses, between)).toEqual([30, 60, 120, 240, 480, 960, 960])
  })

  it('R14: doubles it also when two programs ask in turn', async () => {
    const callers = ['claude', 'codex', 'claude']
    const inTurn = (ports: FakePorts) =>
      Object.assign(ports.environment, { caller: { program: callers.shift(), pid: 1 } })
    expect(await coolDowns([403, 403, 403, 403], inTurn)).toEqual([30, 60, 120, 240])
  })

  it('X2: repeats no escape sequence of auth.json in a message', async () => {
    const hostile = { cooldownUntil: timeIn(60), history: [{ at: timeIn(0), event: 'failed', reason: 'a\u001b[2Jb' }] }
    expect(String(await failure(ask(worldWith(0, {}, hostile))))).not.toContain('\u001b')
    const secret = { ...account().secret, spent: [spent('RT-1')] }
    const dead = worldWith(0, {}, { secret, state: 'needs-login', stateReason: 'a\u001b[2Jb' })
    expect(String(await failure(ask(dead)))).not.toContain('\u001b')
  })

  it('F7: renews an account whose history is damaged', async () => {
    const history = [null, 5, { event: {} }] as unknown as ReturnType<typeof account>['history']
    const ports = worldWith(0, { answers: [granted()] }, { history })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', trouble: undefined })
  })
})
