import type { Http, HttpReply } from '../model/ports.ts'
import { encoded } from './encoded.ts'

interface Wire {
  readonly fetch: (url: string, options: FetchOptions) => Promise<Response>
  /** The last reply in full. */
  reply(): HttpReply
}

interface FetchOptions {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

/**
 * oauth4webapi over our own HTTP port: no redirect is followed, the body is capped, one
 * deadline holds for all of it, and a vendor's own encoding of the parameters can be put in
 * the place of the form.
 *
 * The library's reading of the reply is not used: it throws a whole grant away for one odd
 * neighbour field. So it gets an empty response, and the caller reads `reply()` itself.
 */
export function fetchThrough(http: Http, purpose: string, encoding: 'form' | 'json' = 'form'): Wire {
  let last: HttpReply | undefined
  return {
    fetch: async (url, options) => {
      const sent = options.body instanceof URLSearchParams ? encoded(options.body, encoding) : undefined
      last = await http.send(
        {
          purpose,
          method: options.method === 'POST' ? 'POST' : 'GET',
          url,
          headers: { ...options.headers, ...(sent && { 'content-type': sent.contentType }) },
          ...(sent && { body: sent.body }),
        },
        options.signal ?? new AbortController().signal,
      )
      return new Response(null)
    },
    reply() {
      if (last === undefined) throw new Error('no request was sent')
      return last
    },
  }
}
