import { describe, expect, it } from 'vitest'
import { signInByDevice } from '../../src/flows/device-sign-in.ts'
import { AuthError } from '../../src/model/errors.ts'
import type { HttpReply, HttpRequest } from '../../src/model/ports.ts'
import type { Provider } from '../../src/model/provider.ts'
import { record } from '../../src/model/untrusted.ts'
import type { DeviceSignIn } from '../../src/oauth/device.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { fakePorts } from '../fakes/ports.ts'

const at = (path: string) => `https://as.example/${path}`
const acme = { clientId: 'acme', authorizationEndpoint: at('a'), tokenEndpoint: at('t'), scopes: ['openid'] }
const PROVIDER = getProvider(record({ providers: { acme } }), 'acme')

type Answer = (request: HttpRequest) => Partial<HttpReply>
const json =
  (body: unknown, status = 200): Answer =>
  () => ({ status, body: JSON.stringify(body) })
const refusal = (error: string, status = 400) => json({ error }, status)
const BEGUN = {
  device_code: 'D-1',
  user_code: 'ABCD-EFGH',
  verification_uri: at('device'),
  expires_in: 600,
  interval: 2,
}
const GRANTED = json({ access_token: 'AT-1', refresh_token: 'RT-1', token_type: 'bearer', expires_in: 60 })
const lost = () => { throw new AuthError('network', 'no answer') } // prettier-ignore

function run(answers: Answer[], begun: object = BEGUN, provider: Provider = PROVIDER) {
  const ports = fakePorts({ answers: [json(begun), ...answers] })
  const shown: DeviceSignIn[] = []
  const left: number[] = []
  const input = {
    provider: { ...provider, deviceAuthorizationEndpoint: at('d') },
    scopes: ['openid'],
    announce: (device: DeviceSignIn) => void shown.push(device),
    waiting: (leftMs: number) => void left.push(leftMs),
  }
  const outcome = signInByDevice(ports, input, ports.interruption).then(
    ({ tokens }) => tokens.accessToken.reveal(),
    (error: unknown) => error as AuthError,
  )
  return { ports, shown, left, outcome }
}

describe('signInByDevice', () => {
  it('asks for a code, shows it, and asks for the tokens in the interval of the server', async () => {
    const { ports, shown, left, outcome } = run([refusal('authorization_pending'), GRANTED])
    expect(await outcome).toBe('AT-1')
    expect(left).toEqual([600_000, 598_000])
    expect(shown[0]).toMatchObject({ address: at('device'), completeAddress: undefined, userCode: 'ABCD-EFGH' })
    expect(ports.waits).toEqual([2000, 2000])
    expect(ports.requests.map(({ url, body }) => [url, body])).toEqual([
      [at('d'), 'client_id=acme&scope=openid'],
      ...Array.from({ length: 2 }, () => [
        at('t'),
        'grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=D-1&client_id=acme',
      ]),
    ])
  })

  it('T29: waits 5 s longer for good when it is asked to slow down', async () => {
    const { ports, outcome } = run([refusal('slow_down'), refusal('authorization_pending'), json({}, 429), GRANTED])
    expect(await outcome).toBe('AT-1')
    expect(ports.waits).toEqual([2000, 7000, 7000, 12_000])
  })

  it('T29: backs off when the network or the server is out of order, and then goes on as before', async () => {
    const page = () => ({ status: 403, body: '<html>' })
    const { ports, outcome } = run([lost, json({}, 503), page, refusal('authorization_pending'), GRANTED])
    expect(await outcome).toBe('AT-1')
    expect(ports.waits).toEqual([2000, 4000, 8000, 16_000, 2000])
  })

  it.each([
    ['access_denied', 'sign-in-denied'],
    ['expired_token', 'sign-in-timed-out'],
    ['invalid_grant', 'provider-rejected'],
    ['invalid_client', 'provider-rejected'],
  ])('T29: ends at once with %s', async (error, code) => {
    const { ports, outcome } = run([refusal('authorization_pending'), refusal(error), GRANTED])
    expect(await outcome).toMatchObject({ code })
    expect(ports.requests.length).toBe(3)
  })

  it('T29: ends when the code is over, whatever the clock says, with the last fault', async () => {
    const { ports, outcome } = run([refusal('authorization_pending'), lost, lost], { ...BEGUN, expires_in: 7 })
    expect(await outcome).toMatchObject({
      code: 'sign-in-timed-out',
      message: 'the code was not entered in time; the last answer: no answer',
    })
    expect(ports.waits).toEqual([2000, 2000, 3000])
  })

  it('T29: ends on Ctrl-C with its reason', async () => {
    const { ports, outcome } = run([() => { ports.interrupt(new AuthError('cancelled', 'stop')); return lost() }]) // prettier-ignore
    expect(await outcome).toMatchObject({ code: 'cancelled' })
  })

  it.each([
    [undefined, 5000],
    [0, 1000],
    [-1, 1000],
    ['5', 5000],
    ['soon', 5000],
    [86_400, 60_000],
    [null, 5000],
  ])('T30: makes a usable interval of %j', async (interval, waitMs) => {
    const { ports, outcome } = run([GRANTED], { ...BEGUN, interval })
    expect(await outcome).toBe('AT-1')
    expect(ports.waits).toEqual([waitMs])
  })

  it.each([
    [undefined, 900_000],
    [-5, 1000],
    [1e12, 3_600_000],
    ['300', 300_000],
  ])('T30: makes a usable lifetime of %j', async (expires, lifetimeMs) => {
    const { shown, outcome } = run([GRANTED], { ...BEGUN, expires_in: expires })
    await outcome
    expect(shown[0]?.lifetimeMs).toBe(lifetimeMs)
  })

  it.each([
    ['a file', { verification_uri: 'file:///etc/passwd' }],
    ['an escape sequence', { verification_uri: `${at('d')}\u001b[2J` }],
    ['a plain address elsewhere', { verification_uri: 'http://evil.example/' }],
    ['no address', { verification_uri: undefined }],
    ['no user code', { user_code: '\u001b[2J' }],
    ['no device code', { device_code: 'a b' }],
    ['an error', { error: 'invalid_client' }],
  ])('T30: shows nothing when the answer has %s', async (_case, odd) => {
    const { shown, outcome } = run([], { ...BEGUN, ...odd })
    expect(await outcome).toMatchObject({ code: 'provider-rejected' })
    expect(shown).toEqual([])
  })

  it('T30: cleans and cuts the user code, and shows a complete address only when it is safe', async () => {
    const dressed = { user_code: `AB\u001b]0;x\u0007${'C'.repeat(4096)}`, verification_uri_complete: 'javascript:1' }
    const { shown, outcome } = run([GRANTED], { ...BEGUN, ...dressed })
    await outcome
    expect(shown[0]).toMatchObject({ userCode: `AB${'C'.repeat(98)}`, completeAddress: undefined })
    const complete = run([GRANTED], { ...BEGUN, verification_uri_complete: at('device?c=1') })
    await complete.outcome
    expect(complete.shown[0]?.completeAddress).toBe(at('device?c=1'))
  })
})

describe('signInByDevice, in OpenAI’s way', () => {
  const codex = { ...getProvider({}, 'openai', 'codex'), tokenEndpoint: at('t') }
  const begun = { device_auth_id: 'I-1', usercode: 'ABCD', interval: '3' }
  const entered = { authorization_code: 'C-1', code_challenge: 'x', code_verifier: 'V-1' }

  it('takes 403 and 404 for waiting, then exchanges the code with the verifier of the server', async () => {
    const answers = [() => ({ status: 403 }), json({ error: { code: 'x' } }, 404), json(entered), GRANTED]
    const { ports, shown, outcome } = run(answers, begun, codex)
    expect(await outcome).toBe('AT-1')
    expect(ports.waits).toEqual([3000, 3000, 3000])
    expect(shown[0]).toMatchObject({ address: at('codex/device'), userCode: 'ABCD', lifetimeMs: 900_000 })
    expect(ports.requests.slice(0, 4).map(({ url, body }) => [url, body])).toEqual([
      [at('d'), `{"client_id":"${codex.clientId}"}`],
      ...Array.from({ length: 3 }, () => [at('token'), '{"device_auth_id":"I-1","user_code":"ABCD"}']),
    ])
    expect(Object.fromEntries(new URLSearchParams(ports.requests[4]?.body))).toEqual({
      grant_type: 'authorization_code',
      code: 'C-1',
      code_verifier: 'V-1',
      redirect_uri: at('deviceauth/callback'),
      client_id: codex.clientId,
    })
  })

  it.each([{}, { ...entered, code_verifier: 'a b' }, { ...entered, authorization_code: 5 }])(
    'refuses %j in place of a code',
    async (body) => {
      expect(await run([json(body)], begun, codex).outcome).toMatchObject({ code: 'provider-rejected' })
    },
  )
})
