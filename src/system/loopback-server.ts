import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Redirect } from '../model/provider.ts'
import type { LoopbackLimits } from './loopback-limits.ts'
import { bareReply } from './loopback-reply.ts'
import { portTaken, type PortFailure } from './port-taken.ts'

export interface BoundPort {
  readonly port: number
  readonly close: () => Promise<void>
}

/**
 * Literals, because a hosts file may send the name `localhost` anywhere (L35). A browser
 * tries either family for that name, so both must be ours, or a squatter gets the code (L33).
 */
const ADDRESSES: Readonly<Record<Redirect['host'], readonly string[]>> = {
  localhost: ['127.0.0.1', '::1'],
  '127.0.0.1': ['127.0.0.1'],
  '[::1]': ['::1'],
}

/** A port that the system chose on one family may be taken on the other: choose again, so often. */
const FREE_PORT_TRIES = 10

/**
 * Binds the first of the redirect's ports that can be had on all of its addresses.
 *
 * @throws AuthError `port-taken`.
 */
export async function bindLoopback(
  { host, ports }: Pick<Redirect, 'host' | 'ports'>,
  handle: RequestListener,
  limits: LoopbackLimits,
): Promise<BoundPort> {
  const failures: PortFailure[] = []
  for (const port of ports.flatMap((port) => (port === 0 ? Array<number>(FREE_PORT_TRIES).fill(0) : [port]))) {
    const bound = await bindPort(ADDRESSES[host], port, () => createLoopbackServer(handle, limits))
    if ('close' in bound) return bound
    failures.push(bound)
  }
  throw portTaken(failures, process.platform)
}

/** The first address must be had; a further one may not exist on this machine (no IPv6, L34). */
export async function bindPort(
  addresses: readonly string[],
  wantedPort: number,
  create: () => Server,
): Promise<BoundPort | PortFailure> {
  const servers: Server[] = []
  let port = wantedPort
  for (const address of addresses) {
    const server = create()
    const code = await failureToListen(server, address, port)
    if (code === undefined) {
      servers.push(server)
      port = (server.address() as AddressInfo).port
    } else if (servers.length === 0 || !['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(code)) {
      await closeAll(servers)
      return { port: wantedPort, code }
    }
  }
  return { port, close: () => closeAll(servers) }
}

async function failureToListen(server: Server, host: string, port: number): Promise<string | undefined> {
  try {
    await once(server.listen({ host, port, exclusive: true }), 'listening')
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'no code'
  }
}

/** Silent pre-connected sockets and half requests would keep `close` waiting for ever (L29). */
async function closeAll(servers: readonly Server[]): Promise<void> {
  const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)))
  for (const server of servers) server.closeAllConnections()
  await Promise.all(closed)
}

const STATUS_OF_FAULT: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }

/** Every limit is spelt out, because `NODE_OPTIONS` can loosen the defaults. */
export function createLoopbackServer(handle: RequestListener, limits: LoopbackLimits): Server {
  const server = createServer({
    insecureHTTPParser: false,
    maxHeaderSize: 16_384,
    headersTimeout: limits.requestMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkEveryMs,
    // A missing Host is judged with all the others, and gets our answer.
    requireHostHeader: false,
  })
  server.maxConnections = limits.connections
  // What is pipelined behind a callback is never looked at (L15).
  server.maxRequestsPerSocket = 1
  // An `Expect` header is a request like any other: without these two, Node answers by itself.
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.on(event, handle)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = STATUS_OF_FAULT[error.code ?? ''] ?? 400
    if (socket.writable) socket.end(bareReply(status), () => socket.destroy())
    else socket.destroy()
  })
  // A failed `accept` (no file descriptors left) is one visitor less, not the end of the program.
  server.on('error', () => undefined)
  return server
}
