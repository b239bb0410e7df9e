import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { fingerprint } from '../../src/vault/fingerprint.ts'
import { account } from '../fakes/account.ts'
import type { FakePorts } from '../fakes/ports.ts'
import {
  answers,
  ask,
  facts,
  failure,
  granted,
  held,
  inSeconds,
  putTokens,
  refusedForGood,
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
      expect(String((error as AuthError).hint)).toContain('aiauth reauthenticate work')
      expect(held(ports)).toEqual({ access: 'AT-1', refresh: 'RT-1', generation: 1 })
      expect(facts(ports)).toMatchObject({ state: 'needs-login', tier: 'max_20x', email: 'ada@example.com' })
      expect(facts(ports)?.history).toMatchObject([{ event: 'refused', spent: spent('RT-1') }])
      expect(ports.records.size).toBe(0)

      expect(await failure(ask(ports))).toMatchObject({ code: 'sign-in-required' })
      expect(await failure(ask(ports, { evenIfFresh: true }))).toMatchObject({ code: 'sign-in-required' })
      expect(ports.requests.length).toBe(1)
      expect(facts(ports)?.history.length).toBe(1)
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

  const overtakenBy = (end: () => object): FakePorts => {
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

  it('R5: tries no third one', async () => {
    const ports = overtakenBy(() => {
      putTokens(ports, { refreshToken: new Secret('RT-10'), expiresAtMs: inSeconds(-1) }, { generation: 3 })
      return refusedForGood()
    })
    expect(await failure(ask(ports))).toMatchObject({ code: 'sign-in-required' })
    expect(sent(ports)).toEqual(['RT-1', 'RT-9'])
  })

  it('R26: does not send a token that was spent before, and says what to do', async () => {
    const secret = { ...account().secret, generation: 5, spent: [spent('RT-1')] }
    const ports = worldWith(0, {}, { secret })
    const error = await failure(ask(ports))
    expect(error).toMatchObject({ code: 'sign-in-required' })
    expect(String(error)).toContain('the grant of work was spent, or ended by the provider')
    expect(ports.requests).toEqual([])
  })

  it('R26: marks the account whose older tokens were put back into the vault', async () => {
    const ports = worldWith(0, {}, { secret: { ...account().secret, generation: 5, spent: [spent('RT-1')] } })
    await failure(ask(ports))
    expect(facts(ports)).toMatchObject({ state: 'needs-login' })
    expect(facts(ports)?.stateReason).toContain('older than those that were renewed')
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
    expect(String(await failure(ask(ports)))).toContain('for another account')
    expect(facts(ports)?.stateReason).toContain('for another account')
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
