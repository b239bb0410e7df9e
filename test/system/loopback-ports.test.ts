import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { bindPort } from '../../src/system/loopback-server.ts'
import { portTaken } from '../../src/system/port-taken.ts'
import { acceptOnly, connects, endAll, get, listen, OURS, request, send, squat } from './loopback-client.ts'

afterEach(endAll)

async function failureOf(work: Promise<unknown>): Promise<AuthError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof AuthError) return error
  throw new Error('this should have failed with an AuthError', { cause: error })
}

const onLinux = process.platform === 'linux'

describe('listen', () => {
  it.runIf(onLinux)('L1: listens on 127.0.0.1 and ::1 for localhost, and on nothing else', async () => {
    const { port } = await listen({ host: 'localhost' })
    const hex = port.toString(16).toUpperCase().padStart(4, '0')
    const rows = ['tcp', 'tcp6'].flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').split('\n'))
    const local = rows
      .map((row) => row.trim().split(/\s+/))
      .filter(([, address, , state]) => address?.endsWith(`:${hex}`) && state === '0A')
    expect(local.map(([, address]) => address)).toEqual([`0100007F:${hex}`, `00000000000000000000000001000000:${hex}`])
  })

  it('L1: is not reachable by any other address of this machine', async () => {
    const { port } = await listen({ host: 'localhost' })
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, scopeid }) => !internal && !scopeid)
    for (const { address } of others) expect(await connects(address, port), address).toBe(false)
    for (const address of ['127.0.0.1', '::1']) expect(await connects(address, port), address).toBe(true)
  })

  it.each([
    ['127.0.0.1', ['127.0.0.1'], ['::1']],
    ['[::1]', ['::1'], ['127.0.0.1']],
  ] as const)('L35: binds only the literal address of a redirect to %s', async (host, ours, others) => {
    const { port } = await listen({ host })
    for (const address of ours) expect(await connects(address, port), address).toBe(true)
    for (const address of others) expect(await connects(address, port), address).toBe(false)
  })

  it.each(['localhost', '127.0.0.1', '[::1]'] as const)(
    'L31: names the port that it has bound in the redirect URI to %s, byte for byte',
    async (host) => {
      const { listener, port } = await listen({ host, path: '/auth/callback' })
      expect(port).toBeGreaterThan(1023)
      expect(listener.redirectUri).toBe(`http://${host}:${port}/auth/callback`)
      const address = host === '[::1]' ? '::1' : '127.0.0.1'
      expect((await send(port, request(port, '/'), address)).status).toBe(200)
    },
  )

  it('serves both families as one listener', async () => {
    const { listener, port } = await listen({ host: 'localhost' })
    const seen = acceptOnly(listener, OURS)
    expect((await send(port, request(port, '/callback?other', { host: `localhost:${port}` }), '::1')).status).toBe(400)
    expect(
      (await send(port, request(port, `/callback?${OURS}`, { host: `localhost:${port}` }), '127.0.0.1')).status,
    ).toBe(303)
    expect(await seen).toEqual(['other', OURS])
  })

  it('L31: takes the next port of the list when one is taken', async () => {
    const taken = await squat('127.0.0.1')
    const { port } = await listen({ ports: [taken, 0] })
    expect(port).not.toBe(taken)
  })

  it('L32: fails when all fixed ports are taken, and names the ports, the holder and the way on', async () => {
    const taken = [await squat('127.0.0.1'), await squat('127.0.0.1')]
    const error = await failureOf(listen({ ports: taken }))
    expect(error.code).toBe('port-taken')
    const holder = onLinux ? ` by ${readFileSync('/proc/self/comm', 'utf8').trim()} (pid ${process.pid})` : ''
    expect(error.message).toBe(taken.map((port) => `port ${port} is taken${holder}`).join(', '))
    expect(error.hint).toContain('--no-browser')
    for (const port of taken) expect(await connects('127.0.0.1', port)).toBe(true)
  })

  it.each(['127.0.0.1', '::1', '0.0.0.0', '::'])(
    'L33: a squatter on %s has the port, also when only the other family is free',
    async (host) => {
      const taken = await squat(host)
      const error = await failureOf(listen({ host: 'localhost', ports: [taken] }))
      expect(error.message).toContain(`port ${taken} is taken`)
      // Nothing of ours is left on the family that was free.
      expect(await connects('127.0.0.1', taken)).toBe(host !== '::1')
    },
  )

  it('L34: goes on with the first address alone where the second does not exist', async () => {
    // From the block for documentation (RFC 3849): bound like ::1 on a machine without IPv6.
    const bound = await bindPort(['127.0.0.1', '2001:db8::1'], 0, () => createServer())
    if (!('close' in bound)) throw new Error(bound.code)
    expect(await connects('127.0.0.1', bound.port)).toBe(true)
    await bound.close()
    expect(await bindPort(['2001:db8::1', '127.0.0.1'], 0, () => createServer())).toEqual({
      port: 0,
      code: 'EADDRNOTAVAIL',
    })
  })

  it('L33: lets go of a port that it could not have on every address', async () => {
    const failure = await bindPort(['127.0.0.1', '127.0.0.1'], 0, () => createServer())
    expect(failure).toEqual({ port: 0, code: 'EADDRINUSE' })
  })

  it('L39: two sign-ins at one time have a port each', async () => {
    const [first, second] = [await listen(), await listen()]
    expect(first.port).not.toBe(second.port)
    const seen = [acceptOnly(first.listener, 'one'), acceptOnly(second.listener, 'two')]
    expect((await get(second.port, '/callback?two')).status).toBe(303)
    expect((await get(first.port, '/callback?one')).status).toBe(303)
    expect(await Promise.all(seen)).toEqual([['one'], ['two']])
  })
})

describe('portTaken', () => {
  it('tells a forbidden port from a taken one, and names where Windows lists them', () => {
    const error = portTaken([{ port: 1455, code: 'EACCES' }], 'win32')
    expect(error.message).toBe('port 1455 is forbidden by the system (EACCES)')
    expect(error.hint).toContain('netsh interface ipv4 show excludedportrange protocol=tcp')
  })

  it('says of a forbidden port elsewhere why it is', () => {
    expect(portTaken([{ port: 80, code: 'EACCES' }], 'linux').hint).toContain('below 1024')
  })

  it('says once that no port was to be had, however often it was tried', () => {
    const failures = Array(10).fill({ port: 0, code: 'EADDRINUSE' }) as { port: number; code: string }[]
    expect(portTaken(failures, 'darwin').message).toBe('no free port could be opened (EADDRINUSE)')
  })
})
