import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { createHttp } from '../../src/system/http.ts'

const servers: Server[] = []
const sockets = new Set<Socket>()
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers.splice(0)) server.close()
})

const trace: string[] = []
const http = createHttp((_topic, line) => trace.push(line), {}, { totalMs: 400, bodyBytes: 1024 * 1024 })
const never = new AbortController().signal

/** A server that answers each connection with raw bytes, after the request was read. */
async function raw(answer: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => answer(socket))
  })
  servers.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
}

const post = (url: string, signal = never) =>
  http.send({ purpose: 'token', method: 'POST', url, headers: {}, body: 'grant_type=x&code=C-SECRET' }, signal)
const failure = (sending: Promise<unknown>) =>
  sending.then(
    () => undefined,
    (error: unknown) => error as AuthError,
  )
const ok = (body: string, headers = '') => `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${headers}\r\n${body}`

describe('http.send', () => {
  it('returns status, headers and body as they came', async () => {
    const url = await raw((socket) => socket.end(ok('{"a":"é"}')))
    expect(await post(url)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"a":"é"}',
    })
  })

  it.each([301, 302, 307, 308])('T14: returns a %i and asks nobody else', async (status) => {
    let asked = 0
    const other = await raw(() => asked++)
    const url = await raw((socket) => socket.end(`HTTP/1.1 ${status} Moved\r\nLocation: ${other}\r\n\r\n`))
    expect((await post(url)).status).toBe(status)
    expect(asked).toBe(0)
  })

  it('T9: tells a connection that was cut before the reply', async () => {
    const url = await raw((socket) => socket.resetAndDestroy())
    expect(await failure(post(url))).toMatchObject({ code: 'network', notSent: false })
  })

  it('T10: names host and port when nothing listens there, and knows that nothing was sent', async () => {
    const url = await raw(() => undefined)
    servers.pop()?.close()
    const message = `${new URL(url).host} could not be reached (nothing listens there, ECONNREFUSED)`
    expect(await failure(post(url))).toMatchObject({ code: 'network', message, notSent: true })
  })

  it('T10: knows that nothing was sent to a name that does not exist', async () => {
    expect(await failure(post('https://nobody.invalid/token'))).toMatchObject({ code: 'network', notSent: true })
  })

  it('T9: knows that nothing was sent when the connection is cut in the TLS handshake', async () => {
    const url = await raw((socket) => socket.resetAndDestroy())
    expect(await failure(post(url.replace('http:', 'https:')))).toMatchObject({ code: 'network', notSent: true })
  })

  it('T11: knows that nothing was sent when the TLS handshake takes too long', async () => {
    const url = await raw(() => undefined)
    expect(await failure(post(url.replace('http:', 'https:')))).toMatchObject({
      code: 'network',
      message: expect.stringContaining('timeout') as string,
      notSent: true,
    })
  })

  it('T11: gives up on a server that stays silent, and calls it a timeout', async () => {
    const url = await raw(() => undefined)
    expect(await failure(post(url))).toMatchObject({
      code: 'network',
      message: expect.stringContaining('timeout') as string,
      notSent: false,
    })
  })

  it('T12: gives up on a server that drips', async () => {
    const url = await raw((socket) => {
      socket.write(ok(''))
      const drip = setInterval(() => socket.write('x'), 50)
      socket.on('close', () => clearInterval(drip))
    })
    expect((await failure(post(url)))?.message).toContain('timeout')
  })

  it('T13: stops reading at one mebibyte', async () => {
    let sent = 0
    const url = await raw((socket) => {
      socket.write(ok(''))
      const pour = () => {
        while (socket.writable && sent < 200_000_000) {
          sent += 65_536
          if (!socket.write('x'.repeat(65_536))) return socket.once('drain', pour)
        }
        return undefined
      }
      pour()
    })
    expect(await failure(post(url))).toMatchObject({ code: 'provider-unavailable' })
    expect(sent).toBeLessThan(20_000_000)
  })

  it('T13: refuses a compressed body unseen', async () => {
    const url = await raw((socket) => socket.end(ok('x', 'Content-Encoding: gzip\r\n')))
    expect(await failure(post(url))).toMatchObject({ code: 'provider-unavailable' })
  })

  it('T1: tells a body that was cut off', async () => {
    const url = await raw((socket) => {
      socket.write(ok('{"access_token":"a"', 'Content-Length: 500\r\n'))
      setTimeout(() => socket.resetAndDestroy(), 20)
    })
    expect((await failure(post(url)))?.code).toMatch(/network|provider-unavailable/)
  })

  it('T25: names the fault when plain HTTP answers where TLS is expected', async () => {
    const url = await raw((socket) => socket.end(ok('{}')))
    const error = await failure(post(url.replace('http:', 'https:')))
    expect(error).toMatchObject({ code: 'network', notSent: true })
    expect(error?.message).toMatch(/TLS/)
  })

  it('ends at once when the signal fires', async () => {
    const url = await raw(() => undefined)
    const controller = new AbortController()
    const sending = failure(post(url, controller.signal))
    controller.abort(new AuthError('cancelled', 'cancelled'))
    expect(await sending).toMatchObject({ code: 'cancelled' })
  })

  it('U13: sends nothing to a plain address that is not on this machine', async () => {
    expect(await failure(post('http://192.0.2.1/token'))).toMatchObject({ code: 'usage' })
  })

  it('X6: traces steps and field names, never a value that is not harmless', async () => {
    trace.length = 0
    await post(await raw((socket) => socket.end(ok('{"access_token":"AT-SECRET"}'))))
    expect(trace.join('\n')).toContain('code=[secret]')
    expect(trace.join('\n')).toContain('grant_type="x"')
    expect(trace.join('\n')).not.toContain('SECRET')
  })
})
