import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { claudeClient, CLIENT_ID, codeGrant, type ClaudeClient } from './claude-client.ts'
import { firstPage, get, listenForCallback, post, without, type Callback } from './raw-client.ts'
import { startSandbox, type Sandbox } from './start.ts'

let sandbox: Sandbox
let callback: Callback
let client: ClaudeClient
beforeAll(async () => {
  callback = await listenForCallback()
  sandbox = await startSandbox()
  client = claudeClient(sandbox.claude.origin, callback)
})
afterAll(async () => {
  callback.close()
  await sandbox.close()
})
beforeEach(() => void sandbox.claude.events.splice(0))

const at = (path: string) => sandbox.claude.origin + path
const refusals = () => sandbox.claude.events.filter(({ kind }) => kind === 'refused')

describe('the sandbox of Claude', () => {
  it("grants in Anthropic's words, and writes down what happened without a secret", async () => {
    const { status, body } = await client.signIn()
    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.stringMatching(/^sk-ant-oat01-[\w-]{40,}$/) as string,
      refresh_token: expect.stringMatching(/^sk-ant-ort01-[\w-]{40,}$/) as string,
      expires_in: 28_800,
      scope: 'user:profile user:inference',
      token_type: 'Bearer',
      account: { uuid: 'a1a1a1a1-0000-4000-8000-000000000001', email_address: 'ada@example.com' },
      organization: { uuid: 'a1a1a1a1-0000-4000-8000-000000000002', name: "Ada's Organization" },
    })
    expect(sandbox.claude.events).toEqual([
      {
        kind: 'request',
        endpoint: 'token',
        method: 'POST',
        contentType: 'application/json',
        fields: ['grant_type', 'code', 'client_id', 'redirect_uri', 'code_verifier', 'state'],
        userAgent: expect.any(String) as string,
        grantType: 'authorization_code',
        stateMatches: true,
      },
      { kind: 'granted', grantType: 'authorization_code', person: 'ada', scopes: ['user:profile', 'user:inference'] },
    ])
  })

  it('tells who signed in: the person whose button was pressed', async () => {
    const ada = await client.profile(await client.signIn())
    const ben = await client.profile(await client.signIn({ person: 'ben' }))
    expect(ada.body['organization']).toMatchObject({
      organization_type: 'claude_max',
      rate_limit_tier: 'default_claude_max_20x',
    })
    expect(ben.body['account']).toMatchObject({ email: 'ben@example.com', has_claude_pro: true })
    expect(ben.body['organization']).toMatchObject({ organization_type: 'claude_pro' })
  })

  it('tells the usage to a request that carries the beta header only', async () => {
    const granted = String((await client.signIn()).body['access_token'])
    const usage = await get(at('/api/oauth/usage'), granted, { 'anthropic-beta': 'oauth-2025-04-20' })
    expect(usage.body['five_hour']).toEqual({ utilization: 12, resets_at: '2030-01-01T05:00:00Z' })
    expect((await get(at('/api/oauth/usage'), granted)).status).toBe(401)
  })

  it('tells no profile to a token without user:profile', async () => {
    const granted = await client.token(codeGrant(await client.authorize({ scope: 'user:inference' })))
    expect((await client.profile(granted)).status).toBe(403)
  })

  it('shows every person and a way to say no, without a script', async () => {
    const page = await firstPage(at('/cai/oauth/authorize'), {
      ...client.request,
      response_type: 'code',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
    })
    expect(page).toContain('Sandbox of Claude')
    expect(page).toContain('Sign in as ada@example.com')
    expect(page).toContain('Sign in as ben@example.com')
    expect(page).toContain('Deny')
    expect(page).not.toContain('<script')
  })

  it('sends access_denied and the state back when the person says no', async () => {
    const { answer, state } = await client.authorize({}, { deny: true })
    expect(Object.fromEntries(answer)).toMatchObject({ error: 'access_denied', state })
    expect(answer.has('code')).toBe(false)
  })

  it('refuses PKCE with plain, and a request without PKCE', async () => {
    expect((await client.authorize({ code_challenge_method: 'plain' })).answer.get('error')).toBe('invalid_request')
    expect((await client.authorize({ code_challenge: '', code_challenge_method: '' })).answer.get('error')).toBe(
      'invalid_request',
    )
  })

  it('refuses a wrong verifier', async () => {
    const attempt = await client.authorize()
    const { status, body } = await client.token({ ...codeGrant(attempt), code_verifier: 'w'.repeat(43) })
    expect([status, body['error']]).toEqual([400, 'invalid_grant'])
    expect(refusals()).toMatchObject([
      { error: 'invalid_grant', detail: 'code_verifier does not match code_challenge' },
    ])
  })

  it('refuses a form, no state and another state, and spends no code on them', async () => {
    const grant = codeGrant(await client.authorize())
    const answers = [
      await client.token(grant, 'form'),
      await client.token(without(grant, 'state')),
      await client.token({ ...grant, state: 'another' }),
    ]
    expect(answers.map(({ status, body }) => [status, body['error']])).toEqual(Array(3).fill([400, 'invalid_request']))
    expect((await client.token(grant)).status).toBe(200)
  })

  it('kills the tokens of a code that comes twice', async () => {
    const grant = codeGrant(await client.authorize())
    const first = await client.token(grant)
    expect((await client.profile(first)).status).toBe(200)
    expect((await client.token(grant)).body['error']).toBe('invalid_grant')
    expect(refusals()).toMatchObject([{ detail: 'authorization code already consumed' }])
    expect(sandbox.claude.events).toContainEqual({ kind: 'grant-revoked', by: 'token' })
    expect((await client.profile(first)).status).toBe(401)
    expect((await client.renew(first)).status).toBe(400)
  })

  it('takes a refresh token once; the second time kills the whole family', async () => {
    const first = await client.signIn()
    const second = await client.renew(first)
    expect(second.status).toBe(200)
    expect(second.body['refresh_token']).not.toBe(first.body['refresh_token'])
    expect((await client.profile(first)).status).toBe(200)
    expect((await client.renew(first)).body['error']).toBe('invalid_grant')
    expect(refusals()).toMatchObject([{ detail: 'refresh token already used' }])
    expect((await client.profile(second)).status).toBe(401)
    expect((await client.renew(second)).status).toBe(400)
  })

  it('comes back to localhost on any port, and to nothing else', async () => {
    expect((await client.authorize()).code).not.toBe('')
    for (const uri of [`http://127.0.0.1:${callback.port}/callback`, `http://localhost:${callback.port}/other`]) {
      await expect(client.authorize({ redirect_uri: uri })).rejects.toThrow('no browser has come back')
    }
    expect(refusals()).toMatchObject([{ error: 'invalid_redirect_uri' }, { error: 'invalid_redirect_uri' }])
  })

  it('ends one sign-in at sign-out, with a receipt, and leaves the other alone', async () => {
    const [one, other] = [await client.signIn(), await client.signIn()]
    const ended = await post(
      at('/v1/oauth/token/revoke'),
      { token: String(one.body['refresh_token']), token_type_hint: 'refresh_token', client_id: CLIENT_ID },
      'json',
    )
    expect(ended.status).toBe(200)
    expect(ended.headers.get('request-id')).toMatch(/^req_/)
    expect(sandbox.claude.events).toContainEqual({ kind: 'grant-revoked', by: 'revocation' })
    expect([(await client.profile(one)).status, (await client.renew(one)).status]).toEqual([401, 400])
    expect([(await client.profile(other)).status, (await client.renew(other)).status]).toEqual([200, 200])
  })

  it("lets another person sign in by the same browser, and leaves the first one's tokens alone", async () => {
    const jars = new Map<string, Map<string, string>>()
    const ada = await client.signIn({ person: 'ada', jars })
    const ben = await client.signIn({ person: 'ben', jars })
    expect((await client.profile(ada)).body['account']).toMatchObject({ email: 'ada@example.com' })
    expect((await client.profile(ben)).body['account']).toMatchObject({ email: 'ben@example.com' })
  })
})
