import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  claimsIn,
  get,
  goOut,
  listenForCallback,
  post,
  type Answer,
  type Attempt,
  type Callback,
} from './raw-client.ts'
import { startSandbox, type Sandbox } from './start.ts'

const CLIENT_ID = 'app_EMoamEEZ73f0CkXaXp7hrann'

let sandbox: Sandbox
let callback: Callback
beforeAll(async () => {
  callback = await listenForCallback()
  sandbox = await startSandbox({ codexPorts: [callback.port, 1457] })
})
afterAll(async () => {
  callback.close()
  await sandbox.close()
})
beforeEach(() => void sandbox.openai.events.splice(0))

const at = (path: string) => sandbox.openai.origin + path
const authorize = (redirectUri = `http://127.0.0.1:${callback.port}/auth/callback`) =>
  goOut(at('/oauth/authorize'), callback, {
    client_id: CLIENT_ID,
    redirect_uri: redirectUri,
    scope: 'openid profile email offline_access api.connectors.read api.connectors.invoke',
    id_token_add_organizations: 'true',
    codex_cli_simplified_flow: 'true',
    originator: 'aiauth',
  })
const exchange = ({ code, verifier, redirectUri }: Attempt, encoding: 'json' | 'form' = 'form') =>
  post(
    at('/oauth/token'),
    {
      grant_type: 'authorization_code',
      client_id: CLIENT_ID,
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    },
    encoding,
  )
const renew = ({ body }: Answer, encoding: 'json' | 'form' = 'json') =>
  post(
    at('/oauth/token'),
    { grant_type: 'refresh_token', client_id: CLIENT_ID, refresh_token: String(body['refresh_token']) },
    encoding,
  )
const usage = ({ body }: Answer) => get(at('/backend-api/wham/usage'), String(body['access_token']))

describe('the sandbox of OpenAI as Codex sees it', () => {
  it("grants in OpenAI's words: an ID token and a JWT, and no lifetime beside them", async () => {
    const { status, body } = await exchange(await authorize())
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(['access_token', 'id_token', 'refresh_token', 'scope', 'token_type'])
    const auth = { chatgpt_account_id: 'a1a1a1a1-0000-4000-8000-000000000003', chatgpt_plan_type: 'pro' }
    expect(claimsIn(body['id_token'])).toMatchObject({
      iss: sandbox.openai.origin,
      aud: CLIENT_ID,
      email: 'ada@example.com',
      'https://api.openai.com/auth': auth,
    })
    const claims = claimsIn(body['access_token'])
    expect(claims).toMatchObject({ 'https://api.openai.com/auth': auth })
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(864_000)
    expect(body['scope']).toContain('offline_access')
  })

  it('renews by JSON and by form, and tells the usage to the token that it gave', async () => {
    const first = await exchange(await authorize(), 'json')
    const second = await renew(first)
    const third = await renew(second, 'form')
    expect([second.status, third.status]).toEqual([200, 200])
    expect((await usage(third)).body['plan_type']).toBe('pro')
    expect((await get(at('/backend-api/wham/usage'), 'a.b.c')).status).toBe(401)
  })

  it('comes back to its registered ports, and refuses every other one', async () => {
    expect((await authorize()).code).not.toBe('')
    const others = ['http://127.0.0.1:1456/auth/callback', `http://localhost:${callback.port}/auth/callback`]
    for (const uri of others) await expect(authorize(uri)).rejects.toThrow('no browser has come back')
    expect(sandbox.openai.events.map((event) => event.kind === 'refused' && event.error)).toEqual(
      Array(2).fill('invalid_redirect_uri'),
    )
  })

  it('says with a code of its own, in a nested error, that a refresh token was spent before', async () => {
    const first = await exchange(await authorize())
    const second = await renew(first)
    const reused = await renew(first)
    expect(reused.status).toBe(400)
    expect(reused.body['error']).toMatchObject({ code: 'refresh_token_reused' })
    expect((await renew(second)).body['error']).toMatchObject({ code: 'refresh_token_invalidated' })
    expect((await usage(second)).status).toBe(401)
  })

  it('refuses a wrong verifier in a nested error', async () => {
    const refused = await exchange({ ...(await authorize()), verifier: 'w'.repeat(43) })
    expect(refused.body).toEqual({
      error: { message: 'grant request is invalid', type: 'invalid_request_error', param: null, code: 'invalid_grant' },
    })
  })

  it('ends a grant for JSON, and not for a form', async () => {
    const granted = await exchange(await authorize())
    const fields = {
      token: String(granted.body['refresh_token']),
      token_type_hint: 'refresh_token',
      client_id: CLIENT_ID,
    }
    expect((await post(at('/oauth/revoke'), fields, 'form')).status).toBe(400)
    expect((await usage(granted)).status).toBe(200)
    expect((await post(at('/oauth/revoke'), fields, 'json')).status).toBe(200)
    expect([(await usage(granted)).status, (await renew(granted)).status]).toEqual([401, 400])
  })
})
