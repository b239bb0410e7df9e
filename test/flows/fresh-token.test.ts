import { describe, expect, it } from 'vitest'
import type { AuthFile } from '../../src/model/account.ts'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { freshToken } from '../../src/flows/fresh-token.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, NOW_MS, type FakePorts, type FakeWorld } from '../fakes/ports.ts'
import { Secret } from '../../src/model/secret.ts'
import type { Account } from '../../src/model/account.ts'
import type { HttpReply } from '../../src/model/ports.ts'

const secondsFromNow = (seconds: number) => NOW_MS + seconds * 1000

function worldWith(leftSeconds: number, world: FakeWorld = {}, change: Partial<Account> = {}): FakePorts {
  const facts = account({ expiresAt: new Date(secondsFromNow(leftSeconds)).toISOString(), ...change })
  const file: AuthFile = { ...newAuthFile('file-1'), storage: 'keychain', accounts: [facts] }
  const ports = fakePorts({ file, ...world })
  const tokens = { ...bundle().tokens, expiresAtMs: secondsFromNow(leftSeconds) }
  ports.bundles.set(facts.id, bundle({ tokens }))
  return ports
}

const granted =
  (change: object = {}) =>
  () => ({
    body: JSON.stringify({
      token_type: 'Bearer',
      access_token: 'AT-2',
      refresh_token: 'RT-2',
      expires_in: 28_800,
      ...change,
    }),
  })
const answers = (reply: Partial<HttpReply>) => () => reply
const ask = (ports: FakePorts, change: { minValiditySeconds?: number; evenIfFresh?: boolean } = {}) =>
  freshToken(ports, { account: account(), minValiditySeconds: 60, ...change })
const held = (ports: FakePorts) => ports.bundles.get(account().id)
const facts = (ports: FakePorts) => ports.current()?.accounts[0]
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('freshToken', () => {
  it('R11: serves a token that lasts without network and without writing anything', async () => {
    const ports = worldWith(61)
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh', warnings: [] })
    expect(ports.requests).toEqual([])
    expect(facts(ports)?.history).toEqual([])
  })

  it('R1: renews a token that has less left, stores the new pair and tells the facts', async () => {
    const ports = worldWith(59, { answers: [granted()] })
    const fresh = await ask(ports)
    expect(fresh).toMatchObject({ outcome: 'renewed', trouble: undefined, warnings: [] })
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-2')
    expect(held(ports)?.tokens.refreshToken?.reveal()).toBe('RT-2')
    expect(held(ports)?.generation).toBe(2)
    expect(ports.records.size).toBe(0)
    expect(facts(ports)).toMatchObject({
      state: 'active',
      expiresAt: '2026-11-21T18:00:00.000Z',
      lastRefreshedAt: '2026-11-21T10:00:00.000Z',
      secret: { generation: 2, renewable: true },
    })
    expect(facts(ports)?.history).toMatchObject([{ event: 'renewed', program: 'codex', pid: 4711 }])
  })

  it('sends Claude the grant as JSON with the scopes, and OpenAI without', async () => {
    const ports = worldWith(0, { answers: [granted()] })
    await ask(ports)
    expect(ports.requests).toMatchObject([{ method: 'POST', url: 'https://platform.claude.com/v1/oauth/token' }])
    expect(JSON.parse(ports.requests[0]?.body ?? '')).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'RT-1',
      client_id: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
      scope: 'user:profile',
    })
  })

  it('R2: keeps the old refresh token when the provider returns none (RFC 6749 §6)', async () => {
    const ports = worldWith(0, { answers: [granted({ refresh_token: undefined })] })
    await ask(ports)
    expect(held(ports)?.tokens.refreshToken?.reveal()).toBe('RT-1')
    expect(facts(ports)?.secret.spent).toBeUndefined()
  })

  it('R12: asks for a new sign-in after a final refusal, keeps the tokens and never sends that one again', async () => {
    const ports = worldWith(0, { answers: [answers({ status: 400, body: '{"error":"invalid_grant"}' })] })
    expect(await failure(ask(ports))).toMatchObject({ code: 'sign-in-required' })
    expect(held(ports)?.tokens.refreshToken?.reveal()).toBe('RT-1')
    expect(facts(ports)).toMatchObject({ state: 'needs-login', tier: 'max_20x' })
    expect(await failure(ask(ports))).toMatchObject({ code: 'sign-in-required' })
    expect(ports.requests.length).toBe(1)
  })

  it('R5: uses a newer token that stands in the vault when its own was refused', async () => {
    const ports: FakePorts = worldWith(0, {
      answers: [
        () => {
          const newer = { ...bundle().tokens, accessToken: new Secret('AT-9'), refreshToken: new Secret('RT-9') }
          ports.bundles.set(
            account().id,
            bundle({ generation: 2, tokens: { ...newer, expiresAtMs: secondsFromNow(99) } }),
          )
          return { status: 400, body: '{"error":"invalid_grant"}' }
        },
      ],
    })
    const fresh = await ask(ports)
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-9')
    expect(facts(ports)).toMatchObject({ state: 'active', secret: { generation: 2 } })
  })

  it('R6: serves the old token while it lives after an answer was lost, and does not send the grant again', async () => {
    const ports = worldWith(40, { answers: [answers({ status: 502, body: 'bad gateway' })] })
    expect(await ask(ports)).toMatchObject({ outcome: 'kept' })
    expect(await ask(ports)).toMatchObject({ outcome: 'waiting' })
    expect(ports.requests.length).toBe(1)
    expect(ports.records.size).toBe(1)
    expect(facts(ports)?.history).toMatchObject([{ event: 'lost' }])
  })
})
