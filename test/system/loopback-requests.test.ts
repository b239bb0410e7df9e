import { afterEach, describe, expect, it } from 'vitest'
import { acceptOnly, endAll, fakePage, get, listen, NOT_OURS, OURS, request, send } from './loopback-client.ts'

afterEach(endAll)

/** The listener still waits: the true callback is accepted. Returns all that the flow has seen. */
async function expectStillWaiting(port: number, seen: Promise<string[]>): Promise<string[]> {
  expect((await get(port, `/callback?${OURS}`)).status).toBe(303)
  return seen
}

describe('a request to the listener', () => {
  const FOREIGN_HEADS: readonly (readonly [string, (port: number) => string])[] = [
    ['a foreign Host', (port) => `GET /callback?${OURS} HTTP/1.1\r\nHost: evil.example:${port}\r\n\r\n`],
    ['no Host in HTTP/1.1', () => `GET /callback?${OURS} HTTP/1.1\r\n\r\n`],
    ['no Host in HTTP/1.0', () => `GET /callback?${OURS} HTTP/1.0\r\n\r\n`],
    ['our Host in HTTP/1.0', (port) => `GET /callback?${OURS} HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\n\r\n`],
    ['two Hosts, ours first', (port) => request(port, `/callback?${OURS}`, { more: `Host: evil.example:${port}\r\n` })],
    ['our Host twice', (port) => request(port, `/callback?${OURS}`, { more: `hOST: 127.0.0.1:${port}\r\n` })],
    ['a Host without port', (port) => request(port, `/callback?${OURS}`, { host: '127.0.0.1' })],
    ['a Host with another port', (port) => request(port, `/callback?${OURS}`, { host: `127.0.0.1:${port + 1}` })],
    [
      'a Host that only begins like ours',
      (port) => request(port, `/callback?${OURS}`, { host: `localhost:${port}.evil.example` }),
    ],
    [
      'a foreign Host behind Expect',
      (port) => request(port, '/', { host: 'evil.example', more: 'Expect: 100-continue\r\n' }),
    ],
  ]
  it.each(FOREIGN_HEADS)('L2: with %s gets 403 without a word and is not a visit', async (_, bytes) => {
    const { listener, port } = await listen()
    const seen = acceptOnly(listener, OURS)
    expect(await send(port, bytes(port))).toMatchObject({ status: 403, body: '' })
    expect(await expectStillWaiting(port, seen)).toEqual([OURS])
  })

  it.each(['localhost', '127.0.0.1', '[::1]'])('is served when its Host is %s and our port', async (host) => {
    const { port } = await listen()
    expect((await send(port, request(port, '/', { host: `${host}:${port}` }))).status).toBe(200)
  })

  it.each([
    ['L3: an absolute target', 400, `http://evil.example/callback?${OURS}`],
    ['L3: an absolute target with our own address', 400, `http://127.0.0.1/callback?${OURS}`],
    ['L3: a network-path target', 400, `//evil.example/callback?${OURS}`],
    ['L4: two slashes', 400, '//'],
    ['L4: three slashes', 400, '///'],
    ['L4: an asterisk', 400, '*'],
    ['L4: a backslash', 404, '/\\evil.example'],
    ['L4: a malformed path', 404, '/%ff'],
    ['L4: malformed percent-encoding in the query', 400, '/callback?code=%E0%A4%A'],
    ['L4: a lone percent sign', 400, '/callback?code=C&state=%'],
    ['a path that only begins like ours', 404, `/callback/?${OURS}`],
    ['our path in other letters', 404, `/Callback?${OURS}`],
    ['our path percent-encoded', 404, `/%63allback?${OURS}`],
    ['L20: /favicon.ico', 404, '/favicon.ico'],
    ['L20: /robots.txt', 404, '/robots.txt'],
    ['L20: /.well-known/x', 404, '/.well-known/x'],
    ['L20: a prefetch of the callback without its query', 404, '/callback'],
    ['L20: the callback with an empty query', 404, '/callback?'],
    ['L21: /cancel', 404, '/cancel'],
    ['L21: /success', 404, '/success'],
    ['L21: /wait-for-auth', 404, '/wait-for-auth'],
    ['the clean address before anything was accepted', 404, '/finish'],
  ])('%s gets %i and the listener waits on', async (_, status, target) => {
    const { listener, port } = await listen()
    const seen = acceptOnly(listener, OURS)
    expect(await get(port, target)).toMatchObject({ status, body: NOT_OURS })
    expect(await expectStillWaiting(port, seen)).toEqual([OURS])
  })

  it('L20: to / learns that a sign-in waits, and nothing else', async () => {
    const { port } = await listen()
    const { status, body, headers } = await get(port, '/')
    expect([status, body, headers['location']]).toEqual([200, fakePage({ kind: 'waiting' }), undefined])
  })

  it.each(['HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'L18: by %s gets 405 and does not use up the code',
    async (method) => {
      const { listener, port } = await listen()
      const seen = acceptOnly(listener, OURS)
      const more =
        'Origin: https://evil.example\r\nAccess-Control-Request-Private-Network: true\r\nContent-Length: 0\r\n'
      const { status, headers, raw } = await send(port, request(port, `/callback?${OURS}`, { method, more }))
      expect([status, headers['allow']]).toEqual([405, 'GET'])
      expect(raw).not.toMatch(/access-control/i)
      expect(await expectStillWaiting(port, seen)).toEqual([OURS])
    },
  )

  it('L18: by CONNECT is cut off and does not use up the code', async () => {
    const { listener, port } = await listen()
    const seen = acceptOnly(listener, OURS)
    expect((await send(port, request(port, `127.0.0.1:${port}`, { method: 'CONNECT' }))).raw).toBe('')
    expect(await expectStillWaiting(port, seen)).toEqual([OURS])
  })

  it('L19, L22: every kind of answer carries the same strict headers and lets no other origin read', async () => {
    const { listener, port } = await listen()
    const seen = acceptOnly(listener, OURS)
    const more = 'Origin: https://evil.example\r\n'
    const bytes = [
      request(port, '/', { more }),
      request(port, '/nothing', { more }),
      request(port, '/callback?code=C&state=wrong', { more }),
      request(port, '/', { host: 'evil.example', more }),
      request(port, '/', { method: 'POST', more }),
      request(port, `/callback?code=${'a'.repeat(17_000)}`, { more }),
      'no http at all\r\n\r\n',
      request(port, `/callback?${OURS}`, { more }),
    ]
    const answers = []
    for (const each of bytes) answers.push(await send(port, each))
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 400, 403, 405, 431, 400, 303])
    for (const { headers, raw } of answers) {
      expect(headers).toMatchObject({
        'content-security-policy':
          "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        connection: 'close',
        'content-type': 'text/html; charset=utf-8',
      })
      expect(raw).not.toMatch(/access-control/i)
    }
    await seen
  })

  it('L22: never finds anything of itself in the answer', async () => {
    const { listener, port } = await listen()
    void acceptOnly(listener, OURS)
    const { status, raw } = await get(port, '/callback?error=MARKER<script>&error_uri=javascript:MARKER&state=x')
    expect(status).toBe(400)
    expect(raw).not.toMatch(/MARKER|script|javascript/)
  })
})
