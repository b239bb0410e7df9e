import { afterEach, describe, expect, it } from 'vitest'
import { LOOPBACK_LIMITS } from '../../src/system/loopback-limits.ts'
import { acceptOnly, endAll, fakePage, get, listen, open, OURS, readAll, request } from './loopback-client.ts'

afterEach(endAll)

const SIGNED_IN = { kind: 'signed-in', title: 'Claude' } as const
const DENIED = { kind: 'failed', reason: 'denied' } as const
/** Far longer than a test may take: what ends the wait must be something else. */
const PATIENT = { ...LOOPBACK_LIMITS, showMs: 3_600_000 }

describe('the accepted browser', () => {
  it('L23, L24: is sent to a clean address of the same origin, with nothing of the query in it', async () => {
    const { listener, port } = await listen()
    void acceptOnly(listener, OURS)
    const { status, headers, raw } = await get(port, `/callback?${OURS}`)
    expect([status, headers['location']]).toEqual([303, '/finish'])
    expect(raw).not.toMatch(/code|state/)
  })

  it('is sent to another clean address when the redirect path is itself /finish', async () => {
    const { listener, port } = await listen({ path: '/finish' })
    void acceptOnly(listener, OURS)
    expect((await get(port, `/finish?${OURS}`)).headers['location']).toBe('/finished')
  })

  it.each([SIGNED_IN, DENIED])(
    'L25: waits there and sees nothing until the outcome is told: $kind',
    async (outcome) => {
      const { listener, port } = await listen()
      void acceptOnly(listener, OURS)
      await get(port, `/callback?${OURS}`)
      const socket = await open(port)
      let page = ''
      const answer = readAll(socket).then((raw) => (page = raw))
      socket.write(request(port, '/finish'))
      await get(port, '/')
      expect(page).toBe('')
      await listener.show(outcome)
      await answer
      expect([page.slice(9, 12), page.split('\r\n\r\n')[1]]).toEqual(['200', fakePage(outcome)])
    },
  )

  it('is waited for when the outcome is known before it has come to the clean address', async () => {
    const { listener, port } = await listen({}, { limits: PATIENT })
    void acceptOnly(listener, OURS)
    await get(port, `/callback?${OURS}`)
    const closed = listener.show(SIGNED_IN).then(() => listener.close())
    expect(await get(port, '/finish')).toMatchObject({ status: 200, body: fakePage(SIGNED_IN) })
    await closed
  })

  it('is waited for again when it has left and comes back', async () => {
    const { listener, port } = await listen({}, { limits: PATIENT })
    void acceptOnly(listener, OURS)
    await get(port, `/callback?${OURS}`)
    const socket = await open(port)
    socket.write(request(port, '/finish'))
    await get(port, '/')
    socket.destroy()
    await get(port, '/')
    const closed = listener.show(SIGNED_IN).then(() => listener.close())
    expect(await get(port, '/finish')).toMatchObject({ status: 200, body: fakePage(SIGNED_IN) })
    await closed
  })

  it('L30: gets the whole page although it reads slowly', async () => {
    // More than the system's buffers hold, so that closing too early would cut it off.
    const page = 'x'.repeat(16 * 1024 * 1024)
    const { listener, port } = await listen({}, { page: () => page, limits: PATIENT })
    void acceptOnly(listener, OURS)
    await get(port, `/callback?${OURS}`)
    const socket = await open(port)
    socket.pause()
    socket.write(request(port, '/finish'))
    const closed = listener.show(SIGNED_IN).then(() => listener.close())
    expect((await readAll(socket)).split('\r\n\r\n')[1]?.length).toBe(page.length)
    await closed
  })

  it('L30: does not hold the sign-in up by hanging up while its page is on the way', async () => {
    const { listener, port } = await listen({}, { limits: PATIENT })
    void acceptOnly(listener, OURS)
    await get(port, `/callback?${OURS}`)
    const socket = await open(port)
    socket.write(request(port, '/finish'))
    await get(port, '/')
    socket.resetAndDestroy()
    await listener.show(SIGNED_IN)
  })

  it('L30: does not hold the sign-in up by never coming, or by leaving before', async () => {
    const { listener, port } = await listen({}, { limits: { ...LOOPBACK_LIMITS, showMs: 50 } })
    void acceptOnly(listener, OURS)
    await get(port, `/callback?${OURS}`)
    const socket = await open(port)
    socket.write(request(port, '/finish'))
    await get(port, '/')
    socket.destroy()
    await get(port, '/')
    await listener.show(SIGNED_IN)
  })

  it('does not exist when nothing was accepted: showing the outcome returns at once', async () => {
    const { listener } = await listen({}, { limits: PATIENT })
    await listener.show(DENIED)
  })
})
