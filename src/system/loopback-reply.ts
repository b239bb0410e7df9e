import { STATUS_CODES, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'

/**
 * On every answer. No script, no resource, no frame, no trace in a cache or a referrer, and
 * no `Access-Control-*` ever: a foreign page may knock here but never read (L19, L22).
 */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  Connection: 'close',
}

/** Answers once; an answer to a browser that has gone, or a second answer, is dropped. */
export function reply(response: ServerResponse, status: number, html: string, headers: OutgoingHttpHeaders = {}): void {
  // Writing to a response whose connection is gone emits an error that nobody could use.
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, { ...HEADERS, 'Content-Length': Buffer.byteLength(html), ...headers }).end(html)
}

/** The same answer as bytes, for a connection on which no request could be read. */
export function bareReply(status: number): string {
  const headers = Object.entries({ ...HEADERS, 'Content-Length': '0' }).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...headers, '', ''].join('\r\n')
}
