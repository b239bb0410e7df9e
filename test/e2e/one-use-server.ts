import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

/** What happens to requests of a family from now on; nothing said means that all is well. */
export interface Behaviour {
  /** Between the grant and its answer. */
  readonly delayMs?: number
  /** How long a new access token lasts. */
  readonly lifetimeSeconds?: number
  /** How many characters a new access token has. */
  readonly tokenLength?: number
  /** Access tokens are JWTs that name their end and this account, as those of OpenAI do. */
  readonly accountId?: string
  /** What a new access token says of itself beside its end: that makes it a JWT. */
  readonly claims?: object
  /** A spent token is refused, and its family lives on. */
  readonly isForgiving?: boolean
  /** In place of a grant. */
  readonly refusal?: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
}

/** What one sign-in has led to: a refresh token that is good for one grant, then its successor. */
export interface Family {
  readonly accessToken: string
  readonly refreshToken: string
  /** Refresh requests that arrived, and those that were granted. */
  readonly posts: number
  readonly grants: number
  /** A spent token came again, or the live one was given back: every token of the family is dead. */
  readonly isRevoked: boolean
  behaviour: Behaviour
  accepts(accessToken: string): boolean
  /** Whether this is the one refresh token that would be taken. */
  isLive(refreshToken: string | undefined): boolean
  /** Resolves when the next request has arrived, or the next answer has left. */
  next(what: 'arrival' | 'departure'): Promise<void>
}

export interface OneUseServer {
  readonly tokenEndpoint: string
  readonly revocationEndpoint: string
  /** The first access token is made in the same way as later ones. */
  newFamily(behaviour?: Behaviour): Family
  close(): void
}

interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: object
}

/**
 * The strictest token endpoint there is, for hundreds of accounts at once: a refresh token that
 * comes a second time ends its whole family (RFC 9700 §4.14.2). In the test's own process, so
 * that a test can hold its answers back and knows what arrived.
 */
export async function startOneUseServer(): Promise<OneUseServer> {
  const families: ReturnType<typeof newFamily>[] = []
  const server = createServer((request, response) => {
    void text(request).then(async (sent) => {
      const { refresh_token: spent, token = spent } = JSON.parse(sent) as { refresh_token?: string; token?: string }
      const family = families.find(({ knows }) => knows(token))
      const answer = request.url === '/revoke' ? family?.revoke(token) : family?.answer(token)
      const { status, headers, body } = (await answer) ?? REFUSED
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify(body), () => family?.departed())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    tokenEndpoint: `${origin}/token`,
    revocationEndpoint: `${origin}/revoke`,
    newFamily(behaviour = {}) {
      const family = newFamily(behaviour)
      families.push(family)
      return family
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const REFUSED: Reply = { status: 400, body: { error: 'invalid_grant' } }

function newAccessToken({ lifetimeSeconds = 3600, tokenLength = 0, accountId, claims: more }: Behaviour): string {
  if (accountId === undefined && more === undefined) return `AT-${randomUUID()}`.padEnd(tokenLength, 'x')
  const claims = {
    jti: randomUUID(),
    exp: Math.floor(Date.now() / 1000) + lifetimeSeconds,
    ...(accountId !== undefined && {
      'https://api.openai.com/auth': { chatgpt_account_id: accountId, chatgpt_plan_type: 'plus' },
    }),
    ...more,
  }
  const parts = [{ alg: 'none', typ: 'JWT' }, claims].map((part) => Buffer.from(JSON.stringify(part)))
  return [...parts, Buffer.from('sig')].map((part) => part.toString('base64url')).join('.')
}

function newFamily(behaviour: Behaviour) {
  const events = new EventEmitter()
  const [refreshTokens, accessTokens] = [[`RT-${randomUUID()}`], [newAccessToken(behaviour)]]
  const family = {
    accessToken: accessTokens[0] ?? '',
    refreshToken: refreshTokens[0] ?? '',
    posts: 0,
    grants: 0,
    isRevoked: false,
    behaviour,
    accepts: (token: string) => !family.isRevoked && accessTokens.includes(token),
    isLive: (token: string | undefined) => !family.isRevoked && token === refreshTokens.at(-1),
    next: (what: 'arrival' | 'departure') => once(events, what).then(() => undefined),
    knows: (token: string | undefined) => refreshTokens.some((known) => known === token),
    revoke(token: string | undefined): Reply {
      family.isRevoked ||= family.isLive(token)
      return { status: 200, body: {} }
    },
    departed: () => void events.emit('departure'),
    async answer(token: string | undefined): Promise<Reply> {
      const { delayMs = 0, refusal, isForgiving = false } = family.behaviour
      family.posts++
      events.emit('arrival')
      const isSpent = !family.isLive(token)
      if (refusal === undefined && isSpent && !isForgiving) family.isRevoked = true
      const reply = refusal !== undefined ? { ...refusal, body: {} } : isSpent ? REFUSED : grant(family.behaviour)
      await sleep(delayMs)
      return reply
    },
  }
  const grant = (behaviour: Behaviour): Reply => {
    family.grants++
    const { lifetimeSeconds = 3600 } = behaviour
    const [access, refresh] = [newAccessToken(behaviour), `RT-${randomUUID()}`]
    accessTokens.push(access)
    refreshTokens.push(refresh)
    const body = { token_type: 'Bearer', access_token: access, refresh_token: refresh, expires_in: lifetimeSeconds }
    return { status: 200, body }
  }
  return family satisfies Family
}
