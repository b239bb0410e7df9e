import { spawn } from 'node:child_process'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BIN, temporaryHome } from '../e2e/program.ts'
import { certificate } from './certificate.ts'

const ours = certificate('localhost')
let port = 0
const requests: string[] = []
const server = () =>
  createServer(ours, (request, response) => {
    requests.push(request.url ?? '')
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ access_token: 'AT-1', token_type: 'bearer', expires_in: 3600 }))
  })
let running: ReturnType<typeof server>

beforeAll(async () => {
  running = server().listen(0, '127.0.0.1')
  await once(running, 'listening')
  port = (running.address() as AddressInfo).port
})
afterAll(() => {
  running.close()
})

/** Signs in by pasting nothing: the callback is called as the browser would. */
async function login(host: string, env: Record<string, string> = {}) {
  const tokenEndpoint = `https://${host}:${port}/token`
  const claude = { tokenEndpoint, authorizationEndpoint: 'http://127.0.0.1:9/authorize' }
  const home = temporaryHome({ providers: { claude } })
  const child = spawn(process.execPath, [BIN, 'login', 'claude', '--no-browser', '--timeout', '20s'], {
    env: { PATH: process.env['PATH'], HOME: home, AIAUTH_HOME: home, AIAUTH_STORAGE: 'plaintext', ...env },
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    const before = stderr
    stderr += chunk.toString()
    const address = /^http:\/\/127\.0\.0\.1:9\/authorize\S+$/m
    if (!address.test(before) && address.test(stderr)) {
      const asked = new URL(address.exec(stderr)?.[0] ?? '').searchParams
      void fetch(`${asked.get('redirect_uri') ?? ''}?code=C&state=${asked.get('state') ?? ''}`).catch(() => undefined)
    }
  })
  const [exitCode] = (await once(child, 'close')) as [number]
  return { exitCode, stderr }
}

describe('certificates', () => {
  it('T25: refuses one that nobody vouches for, names the fault and says what helps', async () => {
    const { exitCode, stderr } = await login('localhost')
    expect(exitCode).toBe(6)
    expect(stderr).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS')
  })

  it('T25: accepts it once NODE_EXTRA_CA_CERTS vouches for it', async () => {
    expect(await login('localhost', { NODE_EXTRA_CA_CERTS: ours.file })).toMatchObject({ exitCode: 0 })
  })

  it('T25: refuses one of another host', async () => {
    const { exitCode, stderr } = await login('127.0.0.1', { NODE_EXTRA_CA_CERTS: ours.file })
    expect([exitCode, stderr.includes('ERR_TLS_CERT_ALTNAME_INVALID')]).toEqual([6, true])
  })

  it('T26: checks them although the environment says not to', async () => {
    requests.length = 0
    const { exitCode } = await login('localhost', { NODE_TLS_REJECT_UNAUTHORIZED: '0' })
    expect([exitCode, requests]).toEqual([6, []])
  })
})
