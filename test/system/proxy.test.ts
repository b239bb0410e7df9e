import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { createHttp } from '../../src/system/http.ts'
import { proxyFor } from '../../src/system/proxy-choice.ts'
import { bundled } from '../real/bundled.ts'
import { certificate } from './certificate.ts'
import { connectProxy, type ConnectProxyOptions } from './connect-proxy.ts'

const URL_AT_VENDOR = 'https://vendor.example/token'
const never = new AbortController().signal
const trace: string[] = []

type Variables = Record<string, string>
const send = (
  variables: Variables,
  { url = URL_AT_VENDOR, signal = never, chosen = undefined as string | undefined } = {},
) =>
  createHttp((_topic, line) => trace.push(line), variables, { totalMs: 400, bodyBytes: 1024 })
    .via(chosen)
    .send({ purpose: 'token', method: 'POST', url, headers: {}, body: 'code=C' }, signal)
    .catch((error: unknown) => error as AuthError)

/** What comes of asking a proxy that answers so. */
async function asking(options: ConnectProxyOptions, user = '') {
  const proxy = await connectProxy(options)
  const error = await send({ HTTPS_PROXY: `http://${user}127.0.0.1:${proxy.port}` })
  expect(error).toMatchObject({ code: 'network', notSent: true })
  const { message, hint } = error as AuthError
  return {
    message: message.replaceAll(String(proxy.port), '<port>'),
    hint: hint?.replaceAll(String(proxy.port), '<port>'),
  }
}

describe('a proxy that opens no tunnel', () => {
  it('T27: names the status of a refusal, and where the password belongs', async () => {
    expect(await asking({ user: 'ada:pw' })).toEqual({
      message: 'the proxy 127.0.0.1:<port> refused the connection to vendor.example:443 (status 407)',
      hint: 'put user and password into the address of the proxy, in HTTPS_PROXY or config.json: http://user:password@127.0.0.1:<port>',
    })
  })

  it('T27: shows neither user nor password when they are wrong', async () => {
    const { message, hint } = await asking({ user: 'ada:pw' }, 'eve:S3CRET@')
    expect(message).toBe('the proxy 127.0.0.1:<port> refused the connection to vendor.example:443 (status 407)')
    expect(hint).toBe('check the user and the password in the address of the proxy')
  })

  it.each([403, 502, 503])('T27: says how to go without it when it answers %i', async (status) => {
    const answer = `HTTP/1.1 ${status} No\r\nContent-Type: text/html\r\n\r\n<h1>\u001b[2JNo</h1>`
    expect(await asking({ answer: (socket) => socket.end(answer) })).toEqual({
      message: `the proxy 127.0.0.1:<port> refused the connection to vendor.example:443 (status ${status})`,
      hint: 'if this machine can reach it without the proxy: NO_PROXY=vendor.example',
    })
  })

  it('T27: tells a page of its own from a tunnel', async () => {
    const page = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>Welcome to the hotel</h1>'
    expect(await asking({ answer: (socket) => socket.end(page) })).toEqual({
      message: 'the proxy 127.0.0.1:<port> answered in place of vendor.example:443',
      hint: 'check whether this network wants a sign-in',
    })
  })

  it('T27: tells a page that comes late as well', async () => {
    const answer: ConnectProxyOptions['answer'] = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      setTimeout(() => socket.end('<h1>Welcome</h1>'), 30)
    }
    const { message } = await asking({ answer })
    expect(message).toMatch(/^vendor\.example:443 could not be reached by way of the proxy 127\.0\.0\.1:<port> \(.*TLS/)
  })

  it.each([
    ['answers garbage', (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'), /it does not speak HTTP as expected, HPE_/],
    ['answers without end', (socket) => socket.write(`HTTP/1.1 200 ${'x'.repeat(99_999)}`), /HTTP as expected, HPE_/],
    ['hangs up', (socket) => socket.end(), /could not be reached \(the connection was cut, ECONNRESET\)/],
  ] as [string, NonNullable<ConnectProxyOptions['answer']>, RegExp][])(
    'T27: tells one that %s',
    async (_case, answer, words) => {
      const { message } = await asking({ answer })
      expect(message).toMatch(/^the proxy 127\.0\.0\.1:<port> could not be reached/)
      expect(message).toMatch(words)
    },
  )

  it('T27: gives up on one that stays silent, within the time of the whole request', async () => {
    const { message } = await asking({ answer: () => undefined })
    expect(message).toBe('no complete answer from the proxy 127.0.0.1:<port> within 0 s (timeout)')
  })

  it('T27: tells one that nobody listens for', async () => {
    const error = await send({ HTTPS_PROXY: 'http://ada:S3CRET@127.0.0.1:1' })
    expect(error).toMatchObject({
      code: 'network',
      message: 'the proxy 127.0.0.1:1 could not be reached (nothing listens there, ECONNREFUSED)',
      hint: 'check the address of the proxy',
      notSent: true,
    })
  })

  it('ends at once when the signal fires, and leaves no connection behind', async () => {
    const controller = new AbortController()
    const cancelled = new AuthError('cancelled', 'cancelled')
    const proxy = await connectProxy({ answer: () => controller.abort(cancelled) })
    expect(await send({ HTTPS_PROXY: `127.0.0.1:${proxy.port}` }, { signal: controller.signal })).toBe(cancelled)
    await expect.poll(() => proxy.open.size).toBe(0)
  })

  it('X6: is traced by host and port alone', async () => {
    trace.length = 0
    await asking({ user: 'ada:pw' }, 'eve:S3CRET@')
    expect(trace.join('\n')).toMatch(
      /→ token POST https:\/\/vendor\.example\/token via the proxy 127\.0\.0\.1:\d+ code=/,
    )
    expect(trace.join('\n')).not.toMatch(/S3CRET|eve/)
  })
})

describe('the choice of a proxy', () => {
  const chosenFor = (url: string, variables: Variables, chosen?: string) => proxyFor(url, chosen, variables)?.host

  it.each<[string, Variables]>([
    ['HTTPS_PROXY', { HTTPS_PROXY: 'http://p:1' }],
    ['https_proxy before HTTPS_PROXY', { https_proxy: 'http://p:1', HTTPS_PROXY: 'http://q:2' }],
    ['ALL_PROXY', { ALL_PROXY: 'http://p:1' }],
    ['HTTPS_PROXY before ALL_PROXY', { all_proxy: 'http://q:2', HTTPS_PROXY: 'http://p:1' }],
    ['an address without scheme', { HTTPS_PROXY: 'p:1' }],
    ['a variable that is set before one that is empty', { https_proxy: '', HTTPS_PROXY: 'http://p:1' }],
  ])('T27: takes %s', (_case, variables) => expect(chosenFor(URL_AT_VENDOR, variables)).toBe('p:1'))

  it('leaves HTTP_PROXY to plain http, which never leaves this machine', () => {
    expect(chosenFor(URL_AT_VENDOR, { HTTP_PROXY: 'http://p:1' })).toBeUndefined()
  })

  it('prefers the one that was chosen, and none when that was chosen', () => {
    expect(chosenFor(URL_AT_VENDOR, { HTTPS_PROXY: 'http://p:1' }, 'http://q:2')).toBe('q:2')
    expect(chosenFor(URL_AT_VENDOR, { HTTPS_PROXY: 'http://p:1' }, '')).toBeUndefined()
  })

  it.each([
    'http://localhost:8080/token',
    'https://localhost/token',
    'https://127.0.0.1/token',
    'https://127.7.7.7:8443/token',
    'https://127.1/token',
    'https://[::1]/token',
    'https://sandbox.localhost/token',
  ])('T27: never asks one for %s', (url) => {
    expect(chosenFor(url, { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://p:1' })).toBeUndefined()
    expect(chosenFor(url, {}, 'http://p:1')).toBeUndefined()
  })

  it.each(['*', 'vendor.example', '.vendor.example', 'a, vendor.example', '*.example', 'VENDOR.example:443'])(
    'T27: asks none where NO_PROXY is "%s", not even the one that was chosen',
    (exceptions) => {
      expect(chosenFor(URL_AT_VENDOR, { HTTPS_PROXY: 'http://p:1', NO_PROXY: exceptions })).toBeUndefined()
      expect(chosenFor(URL_AT_VENDOR, { no_proxy: exceptions }, 'http://p:1')).toBeUndefined()
    },
  )

  it.each(['', ',', 'endor.example', 'login.vendor.example', 'vendor.example:8443', 'example.com'])(
    'T27: asks it where NO_PROXY is "%s"',
    (exceptions) => expect(chosenFor(URL_AT_VENDOR, { HTTPS_PROXY: 'http://p:1', NO_PROXY: exceptions })).toBe('p:1'),
  )

  it('T27: does not connect to the proxy for an address that NO_PROXY names', async () => {
    const proxy = await connectProxy({})
    const variables = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '192.0.2.1' }
    expect(await send(variables, { url: 'https://192.0.2.1/token' })).toMatchObject({ code: 'network', notSent: true })
    expect(proxy.asked).toEqual([])
  })

  it.each([
    ['http://ada:S3CRET@proxy.corp:99999', 'HTTPS_PROXY is not the address of a proxy'],
    ['ftp://ada:S3CRET@proxy.corp', 'HTTPS_PROXY is not the address of a proxy'],
    ['http://ada:S3CRET/x@proxy.corp:3128', 'HTTPS_PROXY is not the address of a proxy'],
    ['http://ada:12/S3CRET@proxy.corp:3128', 'HTTPS_PROXY is not the address of a proxy'],
    ['http://ada:12#S3CRET@proxy.corp:3128', 'HTTPS_PROXY is not the address of a proxy'],
    ['http://ada:S3CRET%zz@proxy.corp:3128', 'HTTPS_PROXY is not the address of a proxy'],
    ['http://proxy.corp/proxy.pac', 'HTTPS_PROXY is not the address of a proxy'],
    ['socks5://ada:S3CRET@proxy.corp:1080', 'HTTPS_PROXY is a SOCKS proxy, and only HTTP proxies are supported'],
  ])('T27: refuses %s by the name of its source alone', async (address, message) => {
    const hint = 'expected an address such as http://proxy.example:3128'
    expect(await send({ HTTPS_PROXY: address })).toMatchObject({ code: 'usage', message, hint, notSent: true })
  })
})

describe('a request through a tunnel', () => {
  const vendor = certificate('vendor.example', 'localhost')
  let program = ''
  beforeAll(async () => {
    program = await bundled('test/real/sends-once.ts')
  })

  /** A TLS server for vendor.example; the program is run with its certificate. */
  async function vendorServer(answer: Parameters<typeof createServer>[1] & object) {
    const server = createServer(vendor, answer)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    return (server.address() as AddressInfo).port
  }

  async function sendOnce(env: Variables, { url = URL_AT_VENDOR, totalMs = 5000 } = {}): Promise<unknown> {
    const options = { env: { NODE_EXTRA_CA_CERTS: vendor.file, ...env } }
    const { stdout } = await promisify(execFile)(process.execPath, [program, url, String(totalMs)], options)
    return JSON.parse(stdout)
  }

  it('T27: reaches the server whose name only the proxy knows, and tells the proxy nothing but that name', async () => {
    const target = await vendorServer((request, response) => {
      request.setEncoding('utf8').on('data', (body: string) => response.end(`${request.url ?? ''} ${body}`))
    })
    const proxy = await connectProxy({ target })
    expect(await sendOnce({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` })).toMatchObject({
      status: 200,
      body: '/token a=b',
    })
    expect(proxy.asked).toEqual(['vendor.example:443'])
    expect(Object.keys(proxy.headers).sort()).toEqual(['connection', 'host'])
    expect(proxy.headers['host']).toBe('vendor.example:443')
  })

  it('T27: gives user and password to the proxy and not to the server', async () => {
    const target = await vendorServer(({ headers }, response) => void response.end(JSON.stringify(headers)))
    const proxy = await connectProxy({ target, user: 'ada@corp:p/w é' })
    const reply = await sendOnce({ HTTPS_PROXY: `http://ada%40corp:p%2Fw%20%C3%A9@127.0.0.1:${proxy.port}` })
    expect(reply).toMatchObject({ status: 200 })
    expect((reply as { body: string }).body).not.toMatch(/authorization/i)
  })

  it('T27: speaks TLS with a proxy whose address is https, and checks its certificate', async () => {
    const target = await vendorServer((_request, response) => void response.end('ok'))
    const proxy = await connectProxy({ target, tls: vendor })
    expect(await sendOnce({ HTTPS_PROXY: `https://localhost:${proxy.port}` })).toMatchObject({ body: 'ok' })
    expect(await sendOnce({ HTTPS_PROXY: `https://127.0.0.1:${proxy.port}` })).toMatchObject({
      code: 'network',
      message: `the proxy 127.0.0.1:${proxy.port} could not be reached (its certificate cannot be trusted, ERR_TLS_CERT_ALTNAME_INVALID)`,
      notSent: true,
    })
  })

  it('T14, T27: returns a redirect and asks nobody else', async () => {
    const target = await vendorServer((_request, response) => {
      response.writeHead(307, { location: 'https://other.example/' }).end()
    })
    const proxy = await connectProxy({ target })
    expect(await sendOnce({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` })).toMatchObject({ status: 307 })
    expect(proxy.asked).toEqual(['vendor.example:443'])
  })

  it('T25, T26, T27: checks the server’s certificate, whatever the environment says, before anything is sent', async () => {
    const requests: unknown[] = []
    const target = await vendorServer((request) => requests.push(request.url))
    const proxy = await connectProxy({ target })
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    const fault = 'its certificate cannot be trusted, ERR_TLS_CERT_ALTNAME_INVALID'
    expect(await sendOnce(env, { url: 'https://other.example/token' })).toMatchObject({
      code: 'network',
      message: `other.example:443 could not be reached by way of the proxy 127.0.0.1:${proxy.port} (${fault})`,
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS') as string,
      notSent: true,
    })
    expect(requests).toEqual([])
  })

  it.each([
    ['T11: stays silent', () => undefined, 'no complete answer from vendor.example:443 by way of the proxy'],
    [
      'T12: drips',
      (response) => setInterval(() => response.write('x'), 50),
      'no complete answer from vendor.example:443',
    ],
    [
      'T13: pours',
      (response) => response.end('x'.repeat(2_000_000)),
      'vendor.example:443 sent a reply of more than 1 MiB',
    ],
    ['T9: hangs up', (response) => response.destroy(), 'vendor.example:443 could not be reached by way of the proxy'],
  ] as [string, (response: Reply) => unknown, string][])(
    '%s, and the request counts as sent',
    async (_case, answer, words) => {
      const target = await vendorServer((_request, response) => void answer(response))
      const proxy = await connectProxy({ target })
      const outcome = await sendOnce({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }, { totalMs: 1000 })
      expect(outcome).toMatchObject({ message: expect.stringContaining(words) as string, notSent: false })
    },
  )

  it('T1, T27: tells a reply that the proxy cut off', async () => {
    let cut: () => void = () => undefined
    const target = await vendorServer((_request, response) => {
      response.writeHead(200, { 'content-length': 500 }).write('{"access_token":"a"')
      setTimeout(cut, 50)
    })
    const proxy = await connectProxy({ target })
    cut = () => proxy.open.forEach((socket) => socket.destroy())
    const outcome = await sendOnce({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` })
    expect(outcome).toMatchObject({
      code: expect.stringMatching(/network|provider-unavailable/) as string,
      notSent: false,
    })
  })
})

type Reply = Parameters<NonNullable<Parameters<typeof createServer>[1]>>[1]
