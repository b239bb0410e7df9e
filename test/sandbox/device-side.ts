import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { ApiRequest } from './dress.ts'
import type { RawReply } from './faults.ts'

/** A code on its way from a program to a person and back. */
interface Pending {
  readonly id: string
  readonly userCode: string
  readonly verifier: string
  readonly clientId: string
  readonly scope: string
  outcome: 'pending' | 'denied' | { readonly code: string }
}

/** Where the doors of both device sign-ins are. */
export const DEVICE_PATHS = {
  standard: '/oauth/device_authorization',
  own: '/api/accounts/deviceauth/usercode',
  ownPoll: '/api/accounts/deviceauth/token',
  page: '/codex/device',
  callback: '/deviceauth/callback',
} as const

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/**
 * RFC 8628 and OpenAI's own kind of it, both over the usual sign-in in a browser: entering the
 * code begins one whose verifier and redirect are the server's.
 */
export class DeviceSide {
  readonly #pending = new Map<string, Pending>()
  readonly #origin: string
  readonly #authorize: string

  constructor(origin: string, authorize: string) {
    this.#origin = origin
    this.#authorize = origin + authorize
  }

  /** The reply to a program, `undefined` where the request is none of these. */
  answer(path: string, { fields }: ApiRequest): RawReply | undefined {
    if (path === DEVICE_PATHS.standard) return this.#begun(fields)
    if (path === DEVICE_PATHS.own) return this.#begunOwn(fields)
    return path === DEVICE_PATHS.ownPoll ? this.#polledOwn(fields) : undefined
  }

  /** Turns the device grant into that of the code behind it; a reply where there is none yet. */
  redeemed(fields: URLSearchParams): URLSearchParams | RawReply {
    const pending = this.#pending.get(fields.get('device_code') ?? '')
    if (pending === undefined) return json(400, { error: 'invalid_grant' })
    const { outcome, verifier, clientId } = pending
    if (outcome === 'pending') return json(400, { error: 'authorization_pending' })
    if (outcome === 'denied') return json(400, { error: 'access_denied' })
    this.#pending.delete(pending.id)
    return new URLSearchParams({
      grant_type: 'authorization_code',
      code: outcome.code,
      client_id: clientId,
      redirect_uri: this.#origin + DEVICE_PATHS.callback,
      code_verifier: verifier,
    })
  }

  /** Where a browser is sent that enters a code, and what it is shown when it comes back. */
  visit(path: string, query: URLSearchParams): { readonly location: string } | { readonly page: string } | undefined {
    if (path === DEVICE_PATHS.page) return this.#entered(query.get('user_code') ?? '')
    if (path !== DEVICE_PATHS.callback) return undefined
    const pending = this.#pending.get(query.get('state') ?? '')
    const code = query.get('code')
    if (pending !== undefined) pending.outcome = code === null ? 'denied' : { code }
    return { page: 'this device has done its part' }
  }

  #add(fields: URLSearchParams): Pending {
    const userCode = randomBytes(4).toString('hex').toUpperCase()
    const [id, verifier] = [randomUUID(), randomBytes(32).toString('base64url')]
    const [clientId, scope] = [fields.get('client_id') ?? '', fields.get('scope') ?? 'openid email offline_access']
    const pending: Pending = { id, userCode, verifier, clientId, scope, outcome: 'pending' }
    this.#pending.set(id, pending)
    return pending
  }

  #begun(fields: URLSearchParams): RawReply {
    const { id, userCode } = this.#add(fields)
    const address = this.#origin + DEVICE_PATHS.page
    return json(200, {
      device_code: id,
      user_code: userCode,
      verification_uri: address,
      verification_uri_complete: `${address}?user_code=${userCode}`,
      expires_in: 600,
      interval: 1,
    })
  }

  #begunOwn(fields: URLSearchParams): RawReply {
    const { id, userCode } = this.#add(fields)
    return json(200, { device_auth_id: id, user_code: userCode, interval: '1' })
  }

  #polledOwn(fields: URLSearchParams): RawReply {
    const pending = this.#pending.get(fields.get('device_auth_id') ?? '')
    const isRight = pending?.userCode === fields.get('user_code')
    if (pending === undefined || !isRight) return json(404, {})
    const { outcome, verifier } = pending
    if (typeof outcome === 'string') return json(403, { error: { code: 'deviceauth_authorization_pending' } })
    this.#pending.delete(pending.id)
    return json(200, {
      authorization_code: outcome.code,
      code_challenge: challengeOf(verifier),
      code_verifier: verifier,
    })
  }

  #entered(userCode: string): { readonly location: string } | { readonly page: string } {
    const pending = [...this.#pending.values()].find((one) => one.userCode === userCode)
    if (pending === undefined) return { page: 'no such code' }
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: pending.clientId,
      redirect_uri: this.#origin + DEVICE_PATHS.callback,
      scope: pending.scope,
      state: pending.id,
      code_challenge: challengeOf(pending.verifier),
      code_challenge_method: 'S256',
    })
    return { location: `${this.#authorize}?${query.toString()}` }
  }
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

function json(status: number, body: unknown): RawReply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
