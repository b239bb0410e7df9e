import { authorityOf } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'

/** What the operating system or OpenSSL calls it, and what a person can do about it. */
const FAULTS: readonly { code: RegExp; words: string; hint?: string }[] = [
  { code: /^ECONNREFUSED$/, words: 'nothing listens there' },
  { code: /^(ENOTFOUND|EAI_AGAIN)$/, words: 'the name cannot be resolved', hint: 'check the network connection' },
  { code: /^(ENETUNREACH|EHOSTUNREACH)$/, words: 'there is no route to it', hint: 'check the network connection' },
  { code: /^(ECONNRESET|EPIPE)$/, words: 'the connection was cut' },
  { code: /^ETIMEDOUT$/, words: 'the connection timed out' },
  { code: /^HPE_/, words: 'it does not speak HTTP as expected' },
  { code: /SSL|EPROTO/, words: 'it does not speak TLS as expected' },
  {
    code: /CERT|SIGNATURE|ISSUER/,
    words: 'its certificate cannot be trusted',
    hint: 'if your network uses its own certificate authority: NODE_EXTRA_CA_CERTS=<its .pem file>',
  },
]

/** A connection that failed, in words with the system's code, and never in the error's own message. */
export function faultOf(error: unknown): { readonly words: string; readonly hint: string | undefined } {
  const { code: raw } = (error ?? {}) as { code?: unknown }
  const code = typeof raw === 'string' && /^[A-Z0-9_]{1,60}$/.test(raw) ? raw : 'no code'
  const fault = FAULTS.find((row) => row.code.test(code))
  return { words: fault === undefined ? code : `${fault.words}, ${code}`, hint: fault?.hint }
}

/** Which way a request takes, and how far along it has come. */
export interface Way {
  readonly target: URL
  readonly proxy: URL | undefined
  phase: 'proxy' | 'connection' | 'sent'
}

export function brokenOff(error: unknown, way: Way): AuthError {
  const { words, hint } = faultOf(error)
  const message = `${authorityOf(way.target)} could not be reached${byWayOf(way)} (${words})`
  return new AuthError('network', message, { hint, cause: error, notSent: way.phase !== 'sent' })
}

export function tooSlow(way: Way, totalMs: number): AuthError {
  const { target, proxy, phase } = way
  const silent = phase === 'proxy' && proxy !== undefined ? proxyName(proxy) : authorityOf(target) + byWayOf(way)
  const message = `no complete answer from ${silent} within ${Math.round(totalMs / 1000)} s (timeout)`
  return new AuthError('network', message, { notSent: phase !== 'sent' })
}

export function unusable({ target }: Way, what: string): AuthError {
  return new AuthError('provider-unavailable', `${authorityOf(target)} sent ${what}`)
}

/** Without its user and password. */
export function proxyName(proxy: URL): string {
  return `the proxy ${authorityOf(proxy)}`
}

function byWayOf({ proxy }: Way): string {
  return proxy === undefined ? '' : ` by way of ${proxyName(proxy)}`
}
