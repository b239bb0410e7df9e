import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import type { Certificate } from './certificate.ts'

export interface ConnectProxy {
  readonly port: number
  /** Every target that a tunnel was asked for. */
  readonly asked: string[]
  /** The head of the last request. */
  readonly headers: Record<string, unknown>
  /** Tunnels that stand at this moment. */
  readonly open: Set<Duplex>
}

export interface ConnectProxyOptions {
  /** Where every tunnel ends, whatever was asked for. */
  readonly target?: number
  /** Does something else than to open the tunnel. */
  readonly answer?: (socket: Duplex) => void
  /** `user:password`, without which the answer is 407. */
  readonly user?: string
  /** Speaks TLS to its clients. */
  readonly tls?: Certificate
}

/** A real proxy on loopback (RFC 9110 §9.3.6), gone when the test is over. */
export async function connectProxy({ target = 0, answer, user, tls }: ConnectProxyOptions): Promise<ConnectProxy> {
  const asked: string[] = []
  const headers: Record<string, unknown> = {}
  const open = new Set<Duplex>()
  const expected = user === undefined ? undefined : `Basic ${Buffer.from(user).toString('base64')}`
  const serve = (request: IncomingMessage, socket: Duplex) => {
    asked.push(request.url ?? '')
    Object.assign(headers, request.headers)
    open.add(socket.on('error', () => undefined).on('close', () => open.delete(socket)))
    if (expected !== request.headers['proxy-authorization']) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="corp"\r\n\r\n')
    } else if (answer !== undefined) {
      answer(socket.resume().on('end', () => socket.destroy()))
    } else {
      tunnel(socket, target)
    }
  }
  const server = (tls === undefined ? createServer() : createTlsServer(tls)).on('connect', serve)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, asked, headers, open }
}

/** Carries the bytes, and ends both sides when one of them ends. */
function tunnel(client: Duplex, port: number): void {
  const server: Socket = connect(port, '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    client.pipe(server).pipe(client)
  })
  server.on('error', () => client.destroy()).on('close', () => client.destroy())
  client.on('close', () => server.destroy())
}
