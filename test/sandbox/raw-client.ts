import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { walk, type WalkOptions } from './walk.js'

/** Where browsers come back to: keeps the query of the last visit. */
export interface Callback {
  readonly port: number
  take(): URLSearchParams
  close(): void
}

/** What a client keeps between the way out and the way back. */
export interface Attempt {
  readonly code: string
  readonly verifier: string
  readonly state: string
  readonly redirectUri: string
  /** Everything that came back. */
  readonly answer: URLSearchParams
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** Listens on loopback until it is closed, and does not keep the process alive. */
export async function listenForCallback(): Promise<Callback> {
  let query: URLSearchParams | undefined
  const server = createServer((request, response) => {
    query = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams
    response.end('back')
  })
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    take: () => {
      if (query === undefined) throw new Error('no browser has come back')
      const taken = query
      query = undefined
      return taken
    },
    close: () => void server.close(),
  }
}

/** Goes out with PKCE (S256 unless `parameters` say otherwise) and comes back with a code or an error. */
export async function goOut(
  endpoint: string,
  callback: Callback,
  parameters: Readonly<Record<string, string>> & { readonly redirect_uri: string },
  person: WalkOptions = {},
): Promise<Attempt> {
  const verifier = randomBytes(32).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  })
  await walk(`${endpoint}?${query.toString()}`, person)
  const answer = callback.take()
  return { code: answer.get('code') ?? '', verifier, state, redirectUri: parameters.redirect_uri, answer }
}

/** The page that a browser is shown first. */
export async function firstPage(endpoint: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  const sent = await fetch(`${endpoint}?${new URLSearchParams(parameters).toString()}`, { redirect: 'manual' })
  const cookies = sent.headers.getSetCookie().map((cookie) => cookie.split(';')[0])
  const page = await fetch(new URL(sent.headers.get('location') ?? '', endpoint), {
    headers: { cookie: cookies.join('; ') },
  })
  return page.text()
}

/** The fields but one. */
export function without(fields: Readonly<Record<string, string>>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([other]) => other !== name))
}

export async function post(
  url: string,
  fields: Readonly<Record<string, string>>,
  encoding: 'json' | 'form',
): Promise<Answer> {
  const isJson = encoding === 'json'
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': isJson ? 'application/json' : 'application/x-www-form-urlencoded' },
    body: isJson ? JSON.stringify(fields) : new URLSearchParams(fields),
  })
  return { status: response.status, headers: response.headers, body: record(await response.text()) }
}

export async function get(url: string, token: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}`, ...headers } })
  return { status: response.status, headers: response.headers, body: record(await response.text()) }
}

/** The claims of a JWT, unchecked. */
export function claimsIn(token: unknown): Readonly<Record<string, unknown>> {
  return record(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())
}

function record(text: string): Readonly<Record<string, unknown>> {
  return (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>>
}
