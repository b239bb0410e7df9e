import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { claudeClient, codeGrant, type ClaudeClient } from './claude-client.ts'
import { claude } from './claude.ts'
import { altered, grantedThenReset, hang, inTurn, late, reset } from './faults.ts'
import { listenForCallback, type Callback } from './raw-client.ts'
import { startVendor, type VendorServer } from './vendor-server.ts'
import { walk } from './walk.js'

let callback: Callback
let server: VendorServer
let client: ClaudeClient
beforeAll(async () => {
  callback = await listenForCallback()
  server = await startVendor(claude)
  client = claudeClient(server.origin, callback)
})
afterAll(async () => {
  callback.close()
  await server.close()
})
beforeEach(() => {
  server.events.splice(0)
  onTestFinished(() => {
    delete server.faults.token
  })
})

const grant = async () => codeGrant(await client.authorize())
const kinds = () => server.events.map(({ kind }) => kind)

describe('faults', () => {
  it('answers in place of the server', async () => {
    server.faults.token = () => ({ status: 429, headers: { 'retry-after': '7' }, body: '{}' })
    const { status, headers } = await client.token(await grant())
    expect([status, headers.get('retry-after')]).toEqual([429, '7'])
    expect(kinds()).toEqual(['request'])
  })

  it('resets before the server knows, and the code still works', async () => {
    server.faults.token = inTurn(reset)
    const fields = await grant()
    await expect(client.token(fields)).rejects.toThrow()
    expect(kinds()).toEqual(['request'])
    expect((await client.token(fields)).status).toBe(200)
  })

  it('resets after the server has granted, and the code is spent', async () => {
    server.faults.token = inTurn(grantedThenReset)
    const fields = await grant()
    await expect(client.token(fields)).rejects.toThrow()
    expect(kinds()).toEqual(['request', 'granted'])
    expect((await client.token(fields)).body['error']).toBe('invalid_grant')
  })

  it('delays and changes the answer, one fault a request', async () => {
    server.faults.token = inTurn(
      late(20),
      altered(({ refresh_token: _, ...rest }) => rest),
    )
    const { status, body } = await client.token(await grant())
    expect([status, typeof body['refresh_token']]).toEqual([200, 'string'])
    const second = await client.token(await grant())
    expect([second.status, 'refresh_token' in second.body]).toEqual([200, false])
    expect('refresh_token' in (await client.token(await grant())).body).toBe(true)
  })

  it('decides by the request', async () => {
    server.faults.token = ({ fields }) =>
      fields.get('grant_type') === 'refresh_token' ? { status: 503, headers: {}, body: '' } : undefined
    const granted = await client.token(await grant())
    expect(granted.status).toBe(200)
    expect((await client.renew(granted)).status).toBe(503)
  })

  it('is silent until the server closes, which ends every connection', async () => {
    const silent = await startVendor(claude)
    const asked = new Promise<void>((resolve) => {
      silent.faults.token = () => {
        resolve()
        return hang()
      }
    })
    const answer = claudeClient(silent.origin, callback).token({})
    const ended = expect(answer).rejects.toThrow()
    await asked
    await silent.close()
    await ended
  })
})

describe('the browser that just does HTTP', () => {
  it('goes nowhere but to loopback', async () => {
    await expect(walk('http://example.com/')).rejects.toThrow('not on loopback')
  })

  it('says so when nobody has that name', async () => {
    await expect(client.authorize({}, { person: 'eve' })).rejects.toThrow('eve')
  })

  it.each([
    [{ SANDBOX_PERSON: 'ben' }, 'code'],
    [{ SANDBOX_DENY: '1' }, 'error'],
  ])('is a command for BROWSER that prints nothing (%o)', async (env, parameter) => {
    const query = new URLSearchParams({
      ...client.request,
      response_type: 'code',
      state: 's',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
    })
    const browser = join(import.meta.dirname, 'browser.js')
    const url = `${server.origin}${claude.paths.authorize}?${query.toString()}`
    const child = execFile(process.execPath, [browser, url], { env })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: string) => (said += chunk))
    expect([await once(child, 'close'), said]).toEqual([[0, null], ''])
    expect(callback.take().has(parameter)).toBe(true)
  })
})
