import type { ClientRequest, IncomingMessage } from 'node:http'
import { isSafeAddress } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import type { Http, HttpReply, HttpRequest, Trace } from '../model/ports.ts'
import { fieldNames } from './trace.ts'

export interface HttpLimits {
  /** For the whole exchange: connect, send, wait, and the last byte of the body. */
  readonly totalMs: number
  readonly bodyBytes: number
}

const LIMITS: HttpLimits = { totalMs: 30_000, bodyBytes: 1024 * 1024 }

/**
 * One request over `node:http` or `node:https`: ten times lighter than `fetch` on Node 20,
 * and it neither follows redirects nor unpacks bodies. Certificates are always checked,
 * whatever `NODE_TLS_REJECT_UNAUTHORIZED` says.
 */
export function createHttp(trace: Trace, limits: HttpLimits = LIMITS): Http {
  const http: Http = {
    via: () => http,
    warm(url) {
      setTimeout(() => void load(url).catch(() => undefined), 0).unref()
    },
    async send(request, signal) {
      const startedAt = performance.now()
      trace('http', `→ ${request.purpose} ${request.method} ${withoutQuery(request.url)} ${fieldNames(request)}`)
      try {
        const reply = await exchange(request, signal, limits)
        const took = Math.round(performance.now() - startedAt)
        trace('http', `← ${request.purpose} ${reply.status} ${reply.headers['content-type'] ?? '-'} ${took} ms`)
        return reply
      } catch (error) {
        const failure = error instanceof AuthError ? error : asAuthError(error, request)
        trace('http', `× ${request.purpose} ${failure.message}`)
        throw failure
      }
    },
  }
  return http
}

/**
 * Done while the person is in the browser: `fetch`'s classes, which oauth4webapi uses, and
 * the root certificates each take Node 20 more than 20 ms at first use.
 */
async function load(url: string): Promise<void> {
  new Headers()
  if (!url.startsWith('https:')) return
  const [{ createSecureContext }] = await Promise.all([import('node:tls'), import('node:https')])
  createSecureContext()
}

async function exchange(request: HttpRequest, signal: AbortSignal, limits: HttpLimits): Promise<HttpReply> {
  if (!isSafeAddress(request.url)) throw new AuthError('usage', 'the address of the provider is not usable')
  const { request: open } = request.url.startsWith('https:') ? await import('node:https') : await import('node:http')
  signal.throwIfAborted()
  return new Promise<HttpReply>((resolve, reject) => {
    const fail = (error: Error) => {
      sent.destroy()
      settle(() => reject(error))
    }
    const onAbort = () => fail(signal.reason as Error)
    const timer = setTimeout(() => fail(tooSlow(request, limits)), limits.totalMs)
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      finish()
    }
    const body = request.body === undefined ? undefined : Buffer.from(request.body, 'utf8')
    const sent: ClientRequest = open(request.url, {
      method: request.method,
      headers: { ...request.headers, connection: 'close', ...(body && { 'content-length': body.length }) },
      agent: false,
      rejectUnauthorized: true,
    })
    signal.addEventListener('abort', onAbort, { once: true })
    sent.on('error', fail)
    sent.on('response', (response) => {
      readBody(response, limits, request).then((reply) => settle(() => resolve(reply)), fail)
    })
    sent.end(body)
  })
}

async function readBody(response: IncomingMessage, limits: HttpLimits, request: HttpRequest): Promise<HttpReply> {
  const encoding = response.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') throw unusable(request, 'a compressed reply that was not asked for')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limits.bodyBytes) throw unusable(request, 'a reply of more than 1 MiB')
    chunks.push(chunk)
  }
  if (!response.complete) throw unusable(request, 'a reply that was cut off')
  const headers = Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')])
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: Buffer.concat(chunks).toString('utf8'),
  }
}

/** Only the address: its query may hold a code or a state. */
function withoutQuery(url: string): string {
  return url.replace(/\?.*$/, '?…')
}

function hostIn(request: HttpRequest): string {
  const { host, port, protocol } = new URL(request.url)
  return port === '' ? `${host}:${protocol === 'https:' ? 443 : 80}` : host
}

function tooSlow(request: HttpRequest, limits: HttpLimits): AuthError {
  const seconds = Math.round(limits.totalMs / 1000)
  return new AuthError('network', `no complete answer from ${hostIn(request)} within ${seconds} s (timeout)`)
}

function unusable(request: HttpRequest, what: string): AuthError {
  return new AuthError('provider-unavailable', `${hostIn(request)} sent ${what}`)
}

/** What the operating system or OpenSSL calls it, and what a person can do about it. */
const FAULTS: readonly { code: RegExp; words: string; hint?: string }[] = [
  { code: /^ECONNREFUSED$/, words: 'nothing listens there' },
  { code: /^(ENOTFOUND|EAI_AGAIN)$/, words: 'the name cannot be resolved', hint: 'check the network connection' },
  { code: /^(ENETUNREACH|EHOSTUNREACH)$/, words: 'there is no route to it', hint: 'check the network connection' },
  { code: /^(ECONNRESET|EPIPE)$/, words: 'the connection was cut' },
  { code: /^ETIMEDOUT$/, words: 'the connection timed out' },
  { code: /SSL|EPROTO/, words: 'it does not speak TLS as expected' },
  {
    code: /CERT|SIGNATURE|ISSUER/,
    words: 'its certificate cannot be trusted',
    hint: 'if your network uses its own certificate authority: NODE_EXTRA_CA_CERTS=<its .pem file>',
  },
]

function asAuthError(error: unknown, request: HttpRequest): AuthError {
  const { code: raw } = (error ?? {}) as { code?: unknown }
  const code = typeof raw === 'string' && /^[A-Z0-9_]{1,60}$/.test(raw) ? raw : 'no code'
  const fault = FAULTS.find((row) => row.code.test(code))
  const words = fault === undefined ? code : `${fault.words}, ${code}`
  return new AuthError('network', `${hostIn(request)} could not be reached (${words})`, {
    hint: fault?.hint,
    cause: error,
  })
}
