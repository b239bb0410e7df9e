import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type Provider from 'oidc-provider'
import { DEVICE_GRANT, DEVICE_PATHS, type DeviceSide } from './device-side.ts'
import type { ApiRequest, Dress, Endpoint, Holder, Refusal } from './dress.ts'
import { DETAIL_HEADER, type SandboxEvent } from './events.ts'
import type { Faults, RawReply } from './faults.ts'
import { findPerson } from './people.ts'

export interface ApiSide {
  readonly provider: Provider
  readonly dress: Dress
  readonly events: SandboxEvent[]
  readonly faults: Faults
  readonly states: ReadonlyMap<string, string>
  readonly devices: DeviceSide
  /** Marks a request as our own, which goes to the authorization server as it is. */
  readonly innerHeader: readonly [name: string, value: string]
}

const DEVICE_API: readonly string[] = [DEVICE_PATHS.standard, DEVICE_PATHS.own, DEVICE_PATHS.ownPoll]

/** Which endpoint a path is, if programs call it. */
export function endpointAt({ paths, resources, hasDeviceSignIn }: Dress, path: string): Endpoint | undefined {
  if (hasDeviceSignIn === true && DEVICE_API.includes(path)) return 'device'
  if (path === paths.token) return 'token'
  if (path === paths.revoke) return 'revoke'
  return resources[path]?.endpoint
}

/** One request of a program: written down, perhaps broken, else done as the vendor would. */
export async function answerApi(
  side: ApiSide,
  endpoint: Endpoint,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = await readRequest(side, endpoint, incoming)
  side.events.push(eventOf(request))
  const path = new URL(incoming.url ?? '/', side.provider.issuer).pathname
  const answer = endpoint === 'token' || endpoint === 'revoke' ? grant : read
  let done: Promise<RawReply> | undefined
  // Once, however often a fault asks: a second time would spend a code twice.
  const work = () => (done ??= Promise.resolve(side.devices.answer(path, request) ?? answer(side, path, request)))
  const reply = (await side.faults[endpoint]?.(request, work)) ?? (await work())
  if (reply === 'reset') incoming.socket.resetAndDestroy()
  else if (reply !== 'hang') response.writeHead(reply.status, reply.headers).end(reply.body)
}

async function readRequest(side: ApiSide, endpoint: Endpoint, incoming: IncomingMessage): Promise<ApiRequest> {
  const { method = '', headers } = incoming
  const contentType = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const fields = fieldsOf(contentType, await text(incoming))
  const state = side.states.get(fields.get('code') ?? '')
  const stateMatches = state !== undefined && fields.get('state') === state
  return { endpoint, method, headers, contentType, fields, stateMatches }
}

/** A body that cannot be read has no fields, and the server will miss them. */
function fieldsOf(contentType: string, body: string): URLSearchParams {
  if (contentType === 'application/x-www-form-urlencoded') return new URLSearchParams(body)
  if (contentType !== 'application/json') return new URLSearchParams()
  try {
    return new URLSearchParams(JSON.parse(body) as Record<string, string>)
  } catch {
    return new URLSearchParams()
  }
}

function eventOf({ endpoint, method, headers, contentType, fields, stateMatches }: ApiRequest): SandboxEvent {
  const grantType = fields.get('grant_type') ?? undefined
  const userAgent = headers['user-agent'] ?? ''
  return {
    kind: 'request',
    endpoint,
    method,
    contentType,
    fields: [...fields.keys()],
    userAgent,
    grantType,
    stateMatches,
  }
}

/** Takes the costume off, asks the authorization server, and dresses its answer. */
async function grant(side: ApiSide, path: string, request: ApiRequest): Promise<RawReply> {
  const { dress, provider, events } = side
  const refusal = dress.checkRequest(request)
  if (refusal !== undefined) {
    events.push({ kind: 'refused', ...refusal })
    return json(400, dress.refused(refusal, refusal.detail))
  }
  const isDeviceGrant = request.fields.get('grant_type') === DEVICE_GRANT
  const fields = isDeviceGrant ? side.devices.redeemed(request.fields) : request.fields
  if (!(fields instanceof URLSearchParams)) return fields
  const answer = await fetch(provider.issuer + path, {
    method: request.method,
    headers: { [side.innerHeader[0]]: side.innerHeader[1], accept: 'application/json' },
    ...(request.method === 'GET' ? {} : { body: undressed(dress, fields) }),
  })
  const body = await answer.text()
  if (request.endpoint === 'revoke' && answer.ok) return { status: 200, headers: dress.revokedHeaders(), body }
  const record = (body === '' || !isJson(answer) ? {} : JSON.parse(body)) as Record<string, unknown>
  if (!answer.ok)
    return json(answer.status, dress.refused(refusalIn(answer, record), optional(record['error_description'])))
  return json(answer.status, await dressed(side, record))
}

function isJson(answer: Response): boolean {
  return answer.headers.get('content-type')?.startsWith('application/json') === true
}

function refusalIn(answer: Response, record: Record<string, unknown>): Refusal {
  return { error: optional(record['error']) ?? 'invalid_request', detail: answer.headers.get(DETAIL_HEADER) ?? '' }
}

function optional(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function undressed({ refreshToken, accessToken }: Dress, fields: URLSearchParams): URLSearchParams {
  const form = new URLSearchParams(fields)
  const [refresh, token] = [fields.get('refresh_token'), fields.get('token')]
  if (refresh !== null) form.set('refresh_token', refreshToken.bare(refresh))
  if (token !== null) form.set('token', refreshToken.bare(token) || accessToken.bare(token))
  return form
}

async function dressed(side: ApiSide, record: Record<string, unknown>): Promise<Record<string, unknown>> {
  const { dress, provider } = side
  const [access, refresh] = [optional(record['access_token']) ?? '', optional(record['refresh_token'])]
  const holder = await holderOf(side, access)
  if (holder === undefined) throw new Error('the server does not know the token that it has just granted')
  const answer = {
    ...record,
    access_token: dress.accessToken.wear(access, holder, provider.issuer),
    ...(refresh !== undefined && { refresh_token: dress.refreshToken.wear(refresh) }),
  }
  return dress.granted(answer, holder)
}

async function holderOf({ provider }: ApiSide, token: string): Promise<Holder | undefined> {
  const found = await provider.AccessToken.find(token)
  const person = findPerson(found?.accountId)
  if (found === undefined || person === undefined) return undefined
  return { person, scopes: [...found.scopes], issuedAt: found.iat, expiresAt: found.exp ?? 0 }
}

/** A protected resource (RFC 6750): 401 for a token that does not work, 403 for one that may not. */
async function read(side: ApiSide, path: string, { method, headers }: ApiRequest): Promise<RawReply> {
  const { dress } = side
  const resource = dress.resources[path]
  if (resource === undefined || method !== (resource.method ?? 'GET')) return json(405, dress.denied('not this method'))
  const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
  const holder = await holderOf(side, dress.accessToken.bare(token))
  if (holder === undefined) return json(401, dress.denied('the token does not work'))
  const { scope, header } = resource
  if (scope !== undefined && !holder.scopes.includes(scope)) return json(403, dress.denied(`needs the scope ${scope}`))
  if (header !== undefined && headers[header[0]] !== header[1]) return json(401, dress.denied(`needs ${header[0]}`))
  return json(200, resource.answer(holder.person))
}

function json(status: number, body: unknown): RawReply {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return { status, headers, body: JSON.stringify(body) }
}
