import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerApi, endpointAt, type ApiSide } from './api-side.ts'
import { createAuthorizationServer } from './authorization-server.ts'
import { addBrowserSide } from './browser-side.ts'
import { DeviceSide } from './device-side.ts'
import type { Dress } from './dress.ts'
import { recordEvents, type SandboxEvent } from './events.ts'
import type { Faults } from './faults.ts'
import { memoryAdapter } from './memory-adapter.ts'
import { PEOPLE, type Person } from './people.ts'

/** One vendor on loopback. */
export interface VendorServer {
  /** `http://127.0.0.1:<port>`; also the issuer. */
  readonly origin: string
  /** What has happened so far, in order. */
  readonly events: SandboxEvent[]
  /** Empty: all is well. */
  readonly faults: Faults
  readonly people: readonly Person[]
  close(): Promise<void>
}

/** Starts a vendor's server on a port that the system chooses. It does not keep the process alive. */
export async function startVendor(dress: Dress): Promise<VendorServer> {
  const http = createServer()
  const origin = await listen(http)
  const events: SandboxEvent[] = []
  const faults: Faults = {}
  const states = new Map<string, string>()
  const adapter = memoryAdapter()
  const provider = await createAuthorizationServer(origin, dress, adapter)
  recordEvents(provider, events)
  addBrowserSide(provider, { dress, adapter, states })
  const devices = new DeviceSide(origin, dress.paths.authorize)
  const innerHeader = ['x-sandbox-inner', randomUUID()] as const
  http.on('request', handle({ provider, dress, events, faults, states, devices, innerHeader }))
  return { origin, events, faults, people: PEOPLE, close: () => close(http) }
}

async function listen(http: Server): Promise<string> {
  http.listen(0, '127.0.0.1').unref()
  await once(http, 'listening')
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

/** Programs are answered here, browsers by the authorization server itself. */
function handle(side: ApiSide): (request: IncomingMessage, response: ServerResponse) => void {
  const authorizationServer = side.provider.callback()
  return (request, response) => {
    const [name, value] = side.innerHeader
    const path = request.url?.split('?')[0] ?? ''
    const endpoint = request.headers[name] === value ? undefined : endpointAt(side.dress, path)
    const visit = visitOf(side, request)
    if (visit !== undefined && 'page' in visit) return void response.end(visit.page)
    if (visit !== undefined) return void response.writeHead(302, visit).end()
    if (endpoint === undefined) return void authorizationServer(request, response)
    answerApi(side, endpoint, request, response).catch((error: unknown) => {
      side.events.push({ kind: 'broken', message: String(error) })
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  }
}

/** A browser that enters a code, or comes back from the sign-in that this has begun. */
function visitOf({ devices, dress, provider }: ApiSide, { url = '/' }: IncomingMessage) {
  if (dress.hasDeviceSignIn !== true) return undefined
  const { pathname, searchParams } = new URL(url, provider.issuer)
  return devices.visit(pathname, searchParams)
}

async function close(http: Server): Promise<void> {
  if (!http.listening) return
  const closed = once(http, 'close')
  http.close()
  http.closeAllConnections()
  await closed
}
