import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Listener, Screen } from '../../src/model/ports.ts'
import { createLoopback, type LoopbackOptions } from '../../src/system/loopback.ts'

/** A page that can be told apart at a glance, and holds nothing else. */
export const fakePage = (screen: Screen): string => `<p>${JSON.stringify(screen)}</p>`

/** The query of the sign-in that the tests wait for. */
export const OURS = 'code=C&state=S'

export const NOT_OURS = fakePage({ kind: 'not-this-sign-in' })

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Every byte, as it came. */
  readonly raw: string
}

const opened = new Set<Socket>()
const listeners = new Set<Listener>()
const squatters = new Set<Server>()

/** Binds a listener that `endAll` closes, like everything else that is opened here. */
export async function listen(
  redirect: Partial<Parameters<ReturnType<typeof createLoopback>['listen']>[0]> = {},
  options: Partial<LoopbackOptions> = {},
): Promise<{ listener: Listener; port: number }> {
  const loopback = createLoopback({ page: fakePage, ...options })
  const listener = await loopback.listen({ host: '127.0.0.1', ports: [0], path: '/callback', ...redirect })
  listeners.add(listener)
  return { listener, port: Number(new URL(listener.redirectUri).port) }
}

export async function endAll(): Promise<void> {
  for (const socket of opened) socket.destroy()
  opened.clear()
  await Promise.all(Array.from(listeners, (listener) => listener.close()))
  listeners.clear()
  await Promise.all(Array.from(squatters, (server) => new Promise((resolve) => server.close(resolve))))
  squatters.clear()
}

/** A bare connection; `host` is where it goes, not what it says. */
export async function open(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host })
  opened.add(socket)
  await once(socket, 'connect')
  // A connection that is cut is a result here, and `close` tells it.
  socket.on('error', () => undefined)
  return socket
}

/** Everything that arrives until the other side closes. */
export async function readAll(socket: Socket): Promise<string> {
  let received = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk))
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
  return received
}

/** Sends exactly these bytes and returns what comes back until the connection is closed. */
export async function send(port: number, bytes: string, host?: string): Promise<Answer> {
  const socket = await open(port, host)
  socket.write(bytes, 'latin1')
  return answer(await readAll(socket))
}

/** A well-formed request with our own Host, unless told otherwise. */
export function request(
  port: number,
  target: string,
  { method = 'GET', host = `127.0.0.1:${port}`, more = '' } = {},
): string {
  return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`
}

export const get = (port: number, target: string): Promise<Answer> => send(port, request(port, target))

function answer(raw: string): Answer {
  const [head = '', ...body] = raw.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ])
  return {
    status: Number(first.split(' ')[1] ?? 0),
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: body.join('\r\n\r\n'),
    raw,
  }
}

/** The flow's part, in small: accepts the query that is ours, refuses every other, and returns all it saw. */
export async function acceptOnly(
  listener: Listener,
  ours: string,
  signal = new AbortController().signal,
): Promise<string[]> {
  const seen: string[] = []
  for await (const visit of listener.visits(signal)) {
    seen.push(visit.query)
    if (visit.query === ours) visit.accept()
    else visit.refuse()
  }
  return seen
}

/** Another program on a port: another socket of this process is the same to the kernel. */
export async function squat(host: string, port = 0): Promise<number> {
  const server = createServer().listen({ host, port })
  squatters.add(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

export async function connects(host: string, port: number): Promise<boolean> {
  try {
    const socket = await open(port, host)
    socket.destroy()
    return true
  } catch {
    return false
  }
}
