import { createPublicKey, verify, type JsonWebKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimsIn, goOut, listenForCallback, post, without, type Attempt, type Callback } from './raw-client.ts'
import { startSandbox, type Sandbox } from './start.ts'
import { walk } from './walk.js'

const RESOURCE = 'https://api.openai.com/v1'

let sandbox: Sandbox
let callback: Callback
beforeAll(async () => {
  callback = await listenForCallback()
  sandbox = await startSandbox()
})
afterAll(async () => {
  callback.close()
  await sandbox.close()
})

const at = (path: string) => sandbox.chatgpt.origin + path
const request = () => ({
  client_id: 'dynamic_agent_client',
  agent_name_hint: 'aiauth',
  ext_agent_host_id: 'urn:uuid:5b0b6c9e-0000-4000-8000-000000000000',
  redirect_uri: `http://127.0.0.1:${callback.port}/auth/callback`,
  scope: 'openid profile email offline_access resource.invoke chatgpt.tokens.use.direct',
  resource: RESOURCE,
  nonce: 'n-0S6_WzA2Mj',
})
const authorize = (changes: Readonly<Record<string, string>> = {}) =>
  goOut(at('/api/accounts/authorize'), callback, { ...request(), ...changes })
const token = (fields: Readonly<Record<string, string>>) => post(at('/api/accounts/oauth/token'), fields, 'form')
const codeGrant = ({ code, verifier, redirectUri, answer }: Attempt) => ({
  grant_type: 'authorization_code',
  code,
  client_id: answer.get('client_id') ?? '',
  redirect_uri: redirectUri,
  code_verifier: verifier,
  resource: RESOURCE,
})

describe('the sandbox of Sign in with ChatGPT', () => {
  it('hands out a client id of its own to each installation, and grants to that id only', async () => {
    const [one, other] = [await authorize(), await authorize()]
    const grant = codeGrant(one)
    expect(grant.client_id).toMatch(/^oaiapp_\w+$/)
    expect(grant.client_id).not.toBe(other.answer.get('client_id'))
    expect(one.answer.get('iss')).toBe(sandbox.chatgpt.origin)
    expect((await token({ ...grant, client_id: 'dynamic_agent_client' })).body['error']).toBe('invalid_client')
    expect((await token({ ...grant, client_id: codeGrant(other).client_id })).body['error']).toBe('invalid_grant')
    const { status, body } = await token(grant)
    expect(status).toBe(200)
    expect(body).toMatchObject({ expires_in: 3600, token_type: 'Bearer' })
    expect(String(body['scope'])).toContain('chatgpt.tokens.use.direct')
  })

  it('knows its id again at the next sign-in, without the name', async () => {
    const clientId = (await authorize()).answer.get('client_id') ?? ''
    const again = await authorize({ client_id: clientId, agent_name_hint: '' })
    expect(again.answer.get('client_id')).toBe(clientId)
    expect((await token(codeGrant(again))).status).toBe(200)
  })

  it('signs the ID token with the nonce and a published key', async () => {
    const { body } = await token(codeGrant(await authorize()))
    expect(claimsIn(body['id_token'])).toMatchObject({
      iss: sandbox.chatgpt.origin,
      nonce: 'n-0S6_WzA2Mj',
      email: 'ada@example.com',
    })
    const metadata = (await (await fetch(at('/.well-known/openid-configuration'))).json()) as Record<string, string>
    expect(metadata).toMatchObject({
      issuer: sandbox.chatgpt.origin,
      authorization_endpoint: at('/api/accounts/authorize'),
      token_endpoint: at('/api/accounts/oauth/token'),
      revocation_endpoint: at('/api/accounts/oauth/revoke'),
      authorization_response_iss_parameter_supported: true,
    })
    const { keys } = (await (await fetch(metadata['jwks_uri'] ?? '')).json()) as { keys: JsonWebKey[] }
    const [header, payload, signature] = String(body['id_token']).split('.') as [string, string, string]
    const key = createPublicKey({ key: keys[0] ?? {}, format: 'jwk' })
    expect(verify('RSA-SHA256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(
      true,
    )
  })

  it.each([['nonce'], ['resource'], ['ext_agent_host_id'], ['agent_name_hint']])(
    'does not let a browser in without %s',
    async (name) => {
      const query = new URLSearchParams({ ...request(), [name]: '' })
      const { status, page } = await walk(`${at('/api/accounts/authorize')}?${query.toString()}`)
      expect(status).toBe(400)
      expect(page).toContain(name)
    },
  )

  it('wants the resource at the exchange and at every renewal', async () => {
    const grant = codeGrant(await authorize())
    expect((await token(without(grant, 'resource'))).body['error']).toBe('invalid_target')
    const { body } = await token(grant)
    const renewal = {
      grant_type: 'refresh_token',
      client_id: grant.client_id,
      refresh_token: String(body['refresh_token']),
    }
    expect((await token(renewal)).body['error']).toBe('invalid_target')
    expect((await token({ ...renewal, resource: RESOURCE })).status).toBe(200)
  })

  it('ends a grant for a form', async () => {
    const grant = codeGrant(await authorize())
    const refreshToken = String((await token(grant)).body['refresh_token'])
    const fields = { token: refreshToken, token_type_hint: 'refresh_token', client_id: grant.client_id }
    expect((await post(at('/api/accounts/oauth/revoke'), fields, 'form')).status).toBe(200)
    const renewal = { ...fields, grant_type: 'refresh_token', refresh_token: refreshToken, resource: RESOURCE }
    expect((await token(renewal)).body['error']).toBe('invalid_grant')
  })
})
