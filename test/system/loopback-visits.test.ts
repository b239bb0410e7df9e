import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { LOOPBACK_LIMITS } from '../../src/system/loopback-limits.ts'
import { acceptOnly, endAll, get, listen, NOT_OURS, open, OURS, readAll, request, send } from './loopback-client.ts'

afterEach(endAll)

/** The listener still waits: the true callback is accepted. Returns all that the flow has seen. */
async function expectStillWaiting(port: number, seen: Promise<string[]>): Promise<string[]> {
  expect((await get(port, `/callback?${OURS}`)).status).toBe(303)
  return seen
}

describe('a visit', () => {
  it.each([
    ['L5: a wrong state', 'code=ATTACKER&state=wrong'],
    ['L6: no state', 'code=C'],
    ['L6: an empty state', 'code=C&state='],
    ['L7: an error without our state', 'error=access_denied'],
    ['L9: a repeated code', 'code=C&code=D&state=S'],
    ['L9: a repeated state', 'code=C&state=S&state=S'],
    ['L10: an empty code', 'code=&state=S'],
    ['L38: a state that is no ASCII', 'code=C&state=%C3%A9%F0%9F%98%80'],
    ['L38: a state of 10 kB', `code=C&state=${'s'.repeat(10_000)}`],
    ['L26: a code of 15,000 characters', `state=S&code=${'a'.repeat(15_000)}`],
    ['L27: 3,500 parameters', Array(3500).fill('a=b').join('&')],
    ['question marks and plus signs', 'code=a?b+c%20d&state=S'],
  ])('%s reaches the flow unchanged, and when refused does not end the sign-in', async (_, query) => {
    const { listener, port } = await listen()
    const seen = acceptOnly(listener, OURS)
    expect(await get(port, `/callback?${query}`)).toMatchObject({ status: 400, body: NOT_OURS })
    expect(await expectStillWaiting(port, seen)).toEqual([query, OURS])
  })

  it('waits in line when it comes before the flow looks', async () => {
    const { listener, port } = await listen()
    const early = get(port, '/callback?first')
    await get(port, '/')
    const seen = acceptOnly(listener, 'second')
    expect((await early).status).toBe(400)
    expect((await get(port, '/callback?second')).status).toBe(303)
    expect(await seen).toEqual(['first', 'second'])
  })

  it('L15: once one is accepted, every other gets the neutral page at once, queued ones too', async () => {
    const { listener, port } = await listen()
    const sockets = [await open(port), await open(port)]
    for (const socket of sockets) socket.write(request(port, `/callback?${OURS}`))
    await get(port, '/')
    const answers = sockets.map(readAll)
    expect(await acceptOnly(listener, OURS)).toEqual([OURS])
    const statuses = (await Promise.all(answers)).map((raw) => raw.slice(9, 12))
    expect(statuses.sort()).toEqual(['303', '400'])
    expect(await get(port, `/callback?${OURS}`)).toMatchObject({ status: 400, body: NOT_OURS })
  })

  it('L15: the same callback pipelined on one connection is one visit', async () => {
    const { listener, port } = await listen()
    const stop = new AbortController()
    const seen = acceptOnly(listener, 'none', stop.signal)
    const { raw } = await send(port, request(port, `/callback?${OURS}`).repeat(3))
    await get(port, '/')
    stop.abort()
    expect(await seen).toEqual([OURS])
    expect(raw.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400'])
  })

  it('may be answered twice or after its browser has gone, without harm', async () => {
    const { listener, port } = await listen()
    const socket = await open(port)
    socket.write(request(port, `/callback?${OURS}`))
    for await (const visit of listener.visits(new AbortController().signal)) {
      socket.destroy()
      await once(socket, 'close')
      await get(port, '/')
      visit.accept()
      visit.accept()
      visit.refuse()
    }
    expect((await get(port, `/callback?${OURS}`)).status).toBe(400)
  })

  it('beyond the line that is bounded gets 503', async () => {
    const { port } = await listen()
    const sockets = await Promise.all(Array.from({ length: LOOPBACK_LIMITS.queuedVisits }, () => open(port)))
    for (const socket of sockets) socket.write(request(port, `/callback?${OURS}`))
    await get(port, '/')
    expect(await get(port, `/callback?${OURS}`)).toMatchObject({ status: 503, body: NOT_OURS })
  })
})

describe('the walk over visits', () => {
  it('L36, L37: ends when the signal fires, and whoever comes later is turned away', async () => {
    const { listener, port } = await listen()
    const stop = new AbortController()
    const seen = acceptOnly(listener, OURS, stop.signal)
    await get(port, '/callback?other')
    stop.abort()
    expect(await seen).toEqual(['other'])
    expect(await get(port, `/callback?${OURS}`)).toMatchObject({ status: 400, body: NOT_OURS })
  })

  it('is over at once when the signal has fired before', async () => {
    const { listener } = await listen()
    expect(await acceptOnly(listener, OURS, AbortSignal.abort())).toEqual([])
  })
})
