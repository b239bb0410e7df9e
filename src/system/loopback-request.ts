import type { IncomingMessage } from 'node:http'

/** What a request is to us, found out before anything in it is used. */
export type Verdict =
  | { readonly kind: 'callback'; readonly query: string }
  | { readonly kind: 'root' }
  | { readonly kind: 'finish' }
  | { readonly kind: 'refused'; readonly status: 400 | 403 | 404 | 405 }

export interface Site {
  /** The port that the request came in by. */
  readonly port: number | undefined
  readonly redirectPath: string
  /** The clean address that an accepted browser is sent to. */
  readonly finishPath: string
}

export type RequestHead = Pick<IncomingMessage, 'httpVersion' | 'method' | 'rawHeaders' | 'url'>

/**
 * Sorts a request. The order matters: a foreign `Host` (DNS rebinding, CVE-2025-66414)
 * learns nothing but 403, and the target is compared as text, because `new URL` throws on
 * `//` and turns `/\evil` into a host.
 */
export function judge(request: RequestHead, { port, redirectPath, finishPath }: Site): Verdict {
  if (request.httpVersion !== '1.1' || !isOurHost(request.rawHeaders, port)) return refused(403)
  const target = request.url ?? ''
  if (!/^\/(?!\/)/.test(target)) return refused(400)
  if (request.method !== 'GET') return refused(405)
  const [path = '', ...rest] = target.split('?')
  const query = rest.join('?')
  if (!isWellFormed(query)) return refused(400)
  if (path === redirectPath && query !== '') return { kind: 'callback', query }
  if (path === '/') return { kind: 'root' }
  if (target === finishPath) return { kind: 'finish' }
  return refused(404)
}

function refused(status: 400 | 403 | 404 | 405): Verdict {
  return { kind: 'refused', status }
}

/** Exactly one `Host`, and ours. Raw, because `headers` keeps only the first of two. */
function isOurHost(rawHeaders: readonly string[], port: number | undefined): boolean {
  const hosts = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host')
  return hosts.length === 1 && [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`].includes(hosts[0] ?? '')
}

function isWellFormed(query: string): boolean {
  try {
    decodeURIComponent(query)
    return true
  } catch {
    return false
  }
}
