import { afterEach, describe, expect, it } from 'vitest'
import { LOOPBACK_LIMITS } from '../../src/system/loopback-limits.ts'
import { createLoopbackServer } from '../../src/system/loopback-server.ts'
import {
  acceptOnly,
  connects,
  endAll,
  get,
  listen,
  open,
  OURS,
  readAll,
  request,
  send,
  squat,
} from './loopback-client.ts'

afterEach(endAll)

describe('connections to the listener', () => {
  it('L26: a query beyond 16 KiB gets 431 and the listener waits on', async () => {
    const { listener, port } = await listen()
    const seen = acceptOnly(listener, OURS)
    expect((await get(port, `/callback?state=S&code=${'a'.repeat(17_000)}`)).status).toBe(431)
    expect((await get(port, `/callback?${OURS}`)).status).toBe(303)
    expect(await seen).toEqual([OURS])
  })

  it('L27: 5,000 parameters get 431 and the listener waits on', async () => {
    const { listener, port } = await listen()
    const seen = acceptOnly(listener, OURS)
    expect((await get(port, `/callback?${Array(5000).fill('a=b').join('&')}`)).status).toBe(431)
    expect((await get(port, `/callback?${OURS}`)).status).toBe(303)
    expect(await seen).toEqual([OURS])
  })

  it('L27: 2,000 headers are answered and the listener waits on', async () => {
    const { listener, port } = await listen()
    const seen = acceptOnly(listener, OURS)
    const bytes = ['a:b\r\n', 'name: value\r\n'].map((header) =>
      request(port, '/callback?x', { more: header.repeat(2000) }),
    )
    // Versions of Node differ in what they still read of the shorter ones.
    for (const each of bytes) expect([400, 431]).toContain((await send(port, each)).status)
    expect((await get(port, `/callback?${OURS}`)).status).toBe(303)
    expect((await seen).at(-1)).toBe(OURS)
  })

  it('L28: the limits in use end a slow request within 10 s and leave room beside 200 slow ones', () => {
    expect(LOOPBACK_LIMITS.requestMs + LOOPBACK_LIMITS.checkEveryMs).toBeLessThanOrEqual(10_000)
    expect(LOOPBACK_LIMITS.connections).toBeGreaterThan(200)
    expect(LOOPBACK_LIMITS.connections).toBeLessThan(1000)
  })

  it('L28: the true callback is served beside 50 slow clients, and these are cut off', async () => {
    const limits = { ...LOOPBACK_LIMITS, requestMs: 1000, checkEveryMs: 50 }
    const { listener, port } = await listen({}, { limits })
    const seen = acceptOnly(listener, OURS)
    const slow = await Promise.all(Array.from({ length: 50 }, () => open(port)))
    const ends = slow.map(readAll)
    const bytes = Array.from('GET /callback?slow HTTP/1.1')
    const drip = setInterval(() => {
      const byte = bytes.shift() ?? 'x'
      for (const socket of slow) if (socket.writable) socket.write(byte)
    }, 100)
    expect((await get(port, `/callback?${OURS}`)).status).toBe(303)
    expect(await seen).toEqual([OURS])
    const answers = await Promise.all(ends).finally(() => clearInterval(drip))
    expect(answers.map((raw) => raw.slice(0, 12))).toEqual(Array(50).fill('HTTP/1.1 408'))
  })

  it('L28: a silent connection is cut off as well', async () => {
    const { port } = await listen({}, { limits: { ...LOOPBACK_LIMITS, requestMs: 100, checkEveryMs: 20 } })
    expect(await readAll(await open(port))).toContain('HTTP/1.1 408 ')
  })

  it('a connection that the system could not hand over is no end of the program', () => {
    const server = createLoopbackServer(() => undefined, LOOPBACK_LIMITS)
    expect(() => server.emit('error', new Error('accept EMFILE'))).not.toThrow()
  })

  it('are bounded in number: the ones beyond are dropped, and room comes back', async () => {
    const { port } = await listen({}, { limits: { ...LOOPBACK_LIMITS, connections: 3 } })
    const held = [await open(port), await open(port), await open(port)]
    expect((await send(port, request(port, '/'))).raw).toBe('')
    for (const socket of held) socket.destroy()
    await expect.poll(async () => (await send(port, request(port, '/'))).status).toBe(200)
  })

  it('a burst of thousands of callbacks leaves the listener in order', async () => {
    const { listener, port } = await listen()
    const seen = acceptOnly(listener, OURS)
    for (let round = 0; round < 20; round++) {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => open(port)))
      for (const socket of sockets) socket.write(request(port, '/callback?x'))
      await Promise.all(sockets.map(readAll))
    }
    expect((await get(port, `/callback?${OURS}`)).status).toBe(303)
    expect(await seen).toHaveLength(2001)
  })

  it('L4: garbage, TLS and a reset in the middle do not end it', async () => {
    const { listener, port } = await listen()
    const seen = acceptOnly(listener, OURS)
    expect((await send(port, '\x16\x03\x01\x02\x00\x01\x00\x01')).status).toBe(400)
    expect((await send(port, '\r\n\r\n\0\0\0\r\n\r\n')).status).toBe(400)
    const reset = await open(port)
    reset.write('GET /callback?x HT')
    reset.resetAndDestroy()
    expect((await get(port, `/callback?${OURS}`)).status).toBe(303)
    expect(await seen).toEqual([OURS])
  })
})

describe('close', () => {
  it('L29: ends silent, half and waiting connections, and frees the port', async () => {
    const { listener, port } = await listen({ host: 'localhost' })
    const silent = [await open(port), await open(port), await open(port, '::1')]
    const half = await open(port)
    half.write('GET /callback?code=C HTTP/1.1\r\nHost:')
    void acceptOnly(listener, OURS)
    await get(port, `/callback?${OURS}`)
    const waiting = await open(port)
    waiting.write(request(port, '/finish'))
    await get(port, '/')
    const ends = [...silent, half, waiting].map(readAll)
    await listener.close()
    expect(await Promise.all(ends)).toEqual(['', '', '', '', ''])
    await squat('127.0.0.1', port)
    await squat('::1', port)
  })

  it('L16, L37: refuses the late callback, and the next sign-in has the port at once', async () => {
    const { listener, port } = await listen()
    await listener.close()
    expect(await connects('127.0.0.1', port)).toBe(false)
    expect((await listen({ ports: [port] })).port).toBe(port)
  })

  it('may be called again', async () => {
    const { listener } = await listen()
    await listener.close()
    await listener.close()
  })
})
