import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { signIn, type Grant, type SignInInput } from '../../src/flows/sign-in.ts'
import { AuthError } from '../../src/model/errors.ts'
import type { HttpReply } from '../../src/model/ports.ts'
import type { Provider } from '../../src/model/provider.ts'
import { claude } from '../../src/providers/claude.ts'
import { openai } from '../../src/providers/openai.ts'
import { fakePorts, NOW_MS, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

const GRANTED = { access_token: 'AT-1', refresh_token: 'RT-1', expires_in: 28_800, token_type: 'Bearer' }
const json =
  (body: unknown, rest: Partial<HttpReply> = {}) =>
  () => ({
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...rest,
  })
const PROFILE = {
  account: { uuid: 'acc-1', email: 'ada@example.com' },
  organization: {
    uuid: 'org-1',
    name: 'Ada',
    organization_type: 'claude_max',
    rate_limit_tier: 'default_claude_max_20x',
  },
}
const back = (url: URL, parameters = `code=C-1`) => `${parameters}&state=${url.searchParams.get('state') ?? ''}`

function run(world: FakeWorld, provider: Provider = claude, input: Partial<SignInInput> = {}) {
  const ports = fakePorts({ answers: [json(GRANTED), json(PROFILE)], browse: (url) => back(url), ...world })
  const whole: SignInInput = {
    provider,
    redirect: provider.redirect ?? { host: '127.0.0.1', ports: [0], path: '/callback' },
    loginHint: undefined,
    scopes: provider.scopes,
    browser: { open: true, command: undefined },
    pasteQuestion: undefined,
    announce: ({ url }) => ports.stderr.push(url),
    browserUnavailable: () => undefined,
    pasteRefused: (fault) => ports.stderr.push(`refused: ${fault}`),
    stillWaiting: () => undefined,
    ...input,
  }
  const keep = (grant: Grant) => Promise.resolve(grant)
  const grant = signIn(ports, whole, keep, ports.interruption)
  return { ports, grant }
}

const failureOf = (grant: Promise<Grant>) =>
  grant.then(
    () => undefined,
    (error: unknown) => error as AuthError,
  )
const formOf = (ports: FakePorts) => Object.fromEntries(new URLSearchParams(ports.requests[0]?.body))

describe('signIn', () => {
  it('brings home the tokens, who signed in and the tier', async () => {
    const { ports, grant } = run({})
    const { tokens, identity, verified } = await grant
    expect(tokens.accessToken.reveal()).toBe('AT-1')
    expect(tokens.expiresAtMs).toBe(NOW_MS + 28_800_000)
    expect(identity).toMatchObject({ email: 'ada@example.com', accountId: 'acc-1', tier: 'max_20x' })
    expect(verified).toBe(true)
    expect(ports.outcomes).toEqual([{ kind: 'signed-in', title: 'Claude' }])
    expect(ports.openPorts.size).toBe(0)
  })

  it('U1, U2, U14: proves possession of the verifier and repeats the redirect URI byte for byte', async () => {
    const { ports, grant } = run({ answers: [json(GRANTED)] }, openai)
    await grant
    const asked = new URL(ports.stderr.find((line) => line.startsWith('https://')) ?? '').searchParams
    const form = formOf(ports)
    expect(asked.get('code_challenge_method')).toBe('S256')
    expect(createHash('sha256').update(String(form['code_verifier'])).digest('base64url')).toBe(
      asked.get('code_challenge'),
    )
    expect(String(form['code_verifier'])).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(form['code_verifier']).not.toBe(asked.get('state'))
    expect(asked.toString()).not.toContain(String(form['code_verifier']))
    expect(form['redirect_uri']).toBe(asked.get('redirect_uri'))
    expect(form['redirect_uri']).toBe('http://127.0.0.1:1455/auth/callback')
    expect(form).not.toHaveProperty('state')
  })

  it('sends Claude its token request as JSON with the state in it', async () => {
    const { ports, grant } = run({})
    await grant
    const request = ports.requests[0]
    expect(request?.headers['content-type']).toBe('application/json')
    expect(request?.headers['user-agent']).toMatch(/^aiauth\/\d/)
    expect(Object.keys(JSON.parse(request?.body ?? '') as object).sort()).toEqual(
      ['client_id', 'code', 'code_verifier', 'grant_type', 'redirect_uri', 'state'].sort(),
    )
  })

  it('U3: never uses a state, a challenge or a verifier twice', async () => {
    const seen = new Set<string>()
    for (let attempt = 0; attempt < 50; attempt++) {
      const { ports, grant } = run({ answers: [json(GRANTED)] }, openai)
      await grant
      const asked = new URL(ports.stderr.find((line) => line.startsWith('https://')) ?? '').searchParams
      for (const value of [asked.get('state'), asked.get('code_challenge'), formOf(ports)['code_verifier']]) {
        seen.add(String(value))
      }
    }
    expect(seen.size).toBe(150)
  })

  it.each([
    ['L5: a foreign code', 'code=ATTACKER&state=wrong'],
    ['L6: a code without a state', 'code=C'],
    ['L6: a code with an empty state', 'code=C&state='],
    ['L7: an error without our state', 'error=access_denied'],
    ['L38: a state of 10 kB', `code=C&state=${'x'.repeat(10_000)}`],
    ['L38: a state that is not ASCII', 'code=C&state=%E2%98%83'],
  ])('%s does not end the sign-in', async (_case, forged) => {
    const { ports, grant } = run({ browse: () => forged })
    const waiting = Symbol('waiting')
    expect(await Promise.race([grant.catch((error: unknown) => error), soon(waiting)])).toBe(waiting)
    expect(ports.requests).toEqual([])
    expect(ports.openPorts.size).toBe(1)
  })

  it.each([
    ['L9: two codes', 'code=C&code=D'],
    ['L9: two issuers', 'code=C&iss=a&iss=b'],
    ['L10: an empty code', 'code='],
    ['L10: no code at all', 'scope=x'],
    ['L26: a code of more than 4 kB', `code=${'a'.repeat(5000)}`],
  ])('%s costs no token request', async (_case, parameters) => {
    const { ports, grant } = run({ browse: (url) => back(url, parameters) })
    const waiting = Symbol('waiting')
    expect(await Promise.race([grant.catch((error: unknown) => error), soon(waiting)])).toBe(waiting)
    expect(ports.requests).toEqual([])
  })

  it('L8: ends at once when the user denies, and says so', async () => {
    const { ports, grant } = run({ browse: (url) => back(url, 'error=access_denied&error_description=no') })
    expect(await failureOf(grant)).toMatchObject({ code: 'sign-in-denied' })
    expect(ports.outcomes).toEqual([{ kind: 'failed', reason: 'denied' }])
    expect(ports.openPorts.size).toBe(0)
  })

  it('L11: takes an error beside a code as the error', async () => {
    const { ports, grant } = run({ browse: (url) => back(url, 'code=C&error=server_error') })
    expect(await failureOf(grant)).toMatchObject({ code: 'provider-unavailable' })
    expect(ports.requests).toEqual([])
  })

  it.each([
    ['L12: another issuer', { issuer: 'https://as.example' }, '&iss=https://evil.example'],
    ['L14: a slash more', { issuer: 'https://as.example' }, '&iss=https://as.example/'],
    ['L14: other capitals', { issuer: 'https://as.example' }, '&iss=https://AS.example'],
    ['L14: the port spelt out', { issuer: 'https://as.example' }, '&iss=https://as.example:443'],
    ['L13: a promised issuer that is missing', { issuer: 'https://as.example', issuerPromised: true }, ''],
  ])('%s ends the sign-in before the exchange', async (_case, fields, parameters) => {
    const provider = { ...openai, ...fields }
    const { ports, grant } = run({ browse: (url) => back(url, `code=C${parameters}`) }, provider)
    expect(await failureOf(grant)).toMatchObject({ code: 'provider-rejected' })
    expect(ports.requests).toEqual([])
  })

  it('L13: goes on when the right issuer is named', async () => {
    const provider = { ...openai, issuer: 'https://as.example', issuerPromised: true }
    const world = { answers: [json(GRANTED)], browse: (url: URL) => back(url, 'code=C&iss=https://as.example') }
    await expect(run(world, provider).grant).resolves.toBeDefined()
  })

  it('L17: does not take the state of an earlier sign-in', async () => {
    let earlier = ''
    await run({ browse: (url) => (earlier = back(url)) }).grant
    const { ports, grant } = run({ browse: () => earlier })
    const waiting = Symbol('waiting')
    expect(await Promise.race([grant.catch((error: unknown) => error), soon(waiting)])).toBe(waiting)
    expect(ports.requests).toEqual([])
  })

  it('T3: takes JSON for JSON whatever its content type', async () => {
    const { grant } = run({
      answers: [json(GRANTED, { headers: { 'content-type': 'text/plain' } }), json(PROFILE)],
    })
    expect((await grant).tokens.accessToken.reveal()).toBe('AT-1')
  })

  it('L25: shows no success when the provider refuses the code', async () => {
    const { ports, grant } = run({ answers: [json({ error: 'invalid_grant' }, { status: 400 })] })
    expect(await failureOf(grant)).toMatchObject({ code: 'provider-rejected' })
    expect(ports.outcomes).toEqual([{ kind: 'failed', reason: 'provider' }])
    expect(ports.requests).toHaveLength(1)
  })

  it('L36, L37: throws the reason of the signal and frees the port', async () => {
    const { ports, grant } = run({ browse: () => undefined })
    ports.interrupt(new AuthError('sign-in-timed-out', 'too late'))
    expect(await failureOf(grant)).toMatchObject({ code: 'sign-in-timed-out' })
    expect(ports.openPorts.size).toBe(0)
  })

  it('keeps the tokens when nobody can say who signed in', async () => {
    const { grant } = run({ answers: [json(GRANTED), json({}, { status: 503 })] })
    const { tokens, verified, warnings } = await grant
    expect(tokens.accessToken.reveal()).toBe('AT-1')
    expect(verified).toBe(false)
    expect(warnings.join()).toContain('could not be asked')
  })

  it.each([
    ['a code', (state: string) => `C-9#${state}`],
    ['a code alone', () => 'C-9'],
    ['the query', (state: string) => `code=C-9&state=${state}`],
    ['the whole address', (state: string) => `http://localhost:40000/callback?code=C-9&state=${state}`],
    ['an address with blanks', (state: string) => `  http://localhost:40000/callback?code=C-9 &state=${state} `],
    ['an address that was folded', (state: string) => `http://localhost:40000/call\nback?code=C-\r\n9&state=${state}`],
    ['an address in brackets', (state: string) => `<http://localhost:40000/callback?code=C-9&state=${state}>`],
    ['a code in quotes', (state: string) => `"C-9#${state}"`],
    ['a code in the quotes of print', (state: string) => `“C-9#${state}”`],
    [
      'an address at the end of a sentence',
      (state: string) => `http://localhost:40000/callback?code=C-9&state=${state}.`,
    ],
    ['a code before a comma', () => 'C-9,'],
    ['the rest of an address', (state: string) => `&code=C-9&state=${state}`],
    ['a code that is encoded', (state: string) => `C%2D9%23${state}`],
    [
      'an address that is encoded',
      (state: string) => encodeURIComponent(`http://localhost:40000/callback?code=C-9&state=${state}`),
    ],
    ['what a terminal marks as pasted', (state: string) => `\u001b[200~C-9#${state}\u001b[201~`],
  ])('L40: accepts %s that is pasted', async (_case, pasted) => {
    const typed: string[] = []
    const { ports, grant } = run({ browse: () => undefined, typed }, claude, {
      pasteQuestion: 'paste: ',
      announce: ({ url }) => void typed.push(pasted(new URL(url).searchParams.get('state') ?? '')),
    })
    await grant
    expect(JSON.parse(ports.requests[0]?.body ?? '')).toMatchObject({
      code: 'C-9',
      redirect_uri: 'http://localhost:40000/callback',
    })
  })

  it.each([
    ['the state comes later', (state: string) => ['http://localhost:40000/callback?code=C-9', `&state=${state}`]],
    ['the state itself is broken', (state: string) => [`C-9#${state.slice(0, 20)}`, state.slice(20)]],
    ['a code is broken', (state: string) => ['C-', `9#${state}`]],
    [
      'three lines come one by one',
      (state: string) => ['http://localhost:40000/', 'callback?code=C-9', `&state=${state}`],
    ],
    [
      'the whole follows a part',
      (state: string) => ['http://localhost:40000/callback?code=C', `code=C-9&state=${state}`],
    ],
  ])('L40: puts a paste together when %s', async (_case, pieces) => {
    const typed: string[] = []
    const { ports, grant } = run({ browse: () => undefined, typed }, claude, {
      pasteQuestion: 'paste: ',
      announce: ({ url }) => void typed.push(...pieces(new URL(url).searchParams.get('state') ?? '')),
    })
    await grant
    expect(JSON.parse(ports.requests[0]?.body ?? '')).toMatchObject({ code: 'C-9' })
  })

  it.each([
    ['other-sign-in', () => 'C-9#wrong'],
    ['other-sign-in', () => 'http://localhost:40000/callback?code=C-9&state=wrong'],
    ['incomplete', () => 'http://localhost:40000/callback?code=C-9'],
    ['incomplete', () => 'http://localhost:40000/callback'],
    ['incomplete', () => 'C-9#'],
    ['no-code', (url: URL) => `http://localhost:40000/callback?state=${url.searchParams.get('state') ?? ''}`],
    ['no-code', () => 'C\u00f6de'],
    ['own-address', (url: URL) => url.href],
  ])('L40: tells that a paste is of the kind "%s", spends nothing and asks again', async (fault, pasted) => {
    const typed: string[] = []
    const { ports, grant } = run({ browse: () => undefined, typed }, claude, {
      pasteQuestion: 'paste: ',
      announce: ({ url }) => {
        const state = new URL(url).searchParams.get('state') ?? ''
        typed.push(pasted(new URL(url)), `C-8#${state}`)
      },
    })
    await grant
    expect(ports.stderr).toContain(`refused: ${fault}`)
    expect(ports.requests.filter(({ purpose }) => purpose === 'token')).toHaveLength(1)
    expect(JSON.parse(ports.requests[0]?.body ?? '')).toMatchObject({ code: 'C-8' })
  })

  it('reminds a person who has not come back, once', async () => {
    const reminders: string[] = []
    const { ports, grant } = run({ browse: () => undefined }, claude, {
      stillWaiting: () => void reminders.push('still'),
    })
    await vi.waitFor(() => expect(reminders).toEqual(['still']))
    ports.interrupt(new AuthError('cancelled', 'stopped'))
    expect(await failureOf(grant)).toMatchObject({ code: 'cancelled' })
    expect(reminders).toEqual(['still'])
  })

  it('L40: sends no code whose end belongs to another sign-in', async () => {
    const world = { browse: () => undefined, typed: ['C-', '9#wrong'] }
    const { ports, grant } = run(world, claude, { pasteQuestion: 'paste: ' })
    await vi.waitFor(() => expect(ports.stderr).toContain('refused: other-sign-in'))
    ports.interrupt(new AuthError('cancelled', 'stopped'))
    expect(await failureOf(grant)).toMatchObject({ code: 'cancelled' })
    expect(ports.requests).toEqual([])
  })

  describe('where no browser opens', () => {
    const MANUAL = 'https://platform.claude.com/oauth/code/callback'
    const elsewhere = async (pasted: (state: string) => string, world: FakeWorld = {}) => {
      const typed: string[] = []
      const told: { url: string; manualUrl: string | undefined }[] = []
      const { ports, grant } = run({ browse: () => undefined, typed, ...world }, claude, {
        pasteQuestion: 'paste: ',
        browser: { open: false, command: undefined },
        announce: (addresses) => {
          told.push(addresses)
          typed.push(pasted(new URL(addresses.url).searchParams.get('state') ?? ''))
        },
      })
      await grant
      return { sent: JSON.parse(ports.requests[0]?.body ?? '') as unknown, told: told[0] }
    }

    it('offers the page that shows the code: one state and one challenge for both ways back', async () => {
      const { told } = await elsewhere((state) => `C-9#${state}`)
      const [here, there] = [told?.url, told?.manualUrl].map((url) => new URL(url ?? '').searchParams)
      expect(there?.get('redirect_uri')).toBe(MANUAL)
      for (const name of ['state', 'code_challenge', 'client_id', 'scope'])
        expect(there?.get(name)).toBe(here?.get(name))
    })

    it.each([
      ['a code and its state', (state: string) => `C-9#${state}`, MANUAL],
      ['a code', () => 'C-9', MANUAL],
      ['the address of that page', (state: string) => `${MANUAL}?code=C-9&state=${state}`, MANUAL],
      [
        'an address on this machine',
        (state: string) => `http://localhost:40000/callback?code=C-9&state=${state}`,
        'http://localhost:40000/callback',
      ],
    ])('U14: exchanges %s with the redirect URI of the way that was taken', async (_case, pasted, redirectUri) => {
      expect((await elsewhere(pasted)).sent).toMatchObject({ code: 'C-9', redirect_uri: redirectUri })
    })

    it('has no such page to offer where nobody can paste', async () => {
      const told: (string | undefined)[] = []
      const { grant } = run({}, claude, { announce: ({ manualUrl }) => void told.push(manualUrl) })
      await grant
      expect(told).toEqual([undefined])
    })
  })

  it('X7: shows no token in anything that it throws', async () => {
    const { grant } = run({
      answers: [json({ ...GRANTED, access_token: 'AT-LEAK\r\n', refresh_token: 'RT-LEAK' })],
    })
    const failure = await failureOf(grant)
    expect(failure?.code).toBe('provider-rejected')
    expect(inspect(failure, { depth: 9 })).not.toContain('LEAK')
  })
})

/** After everything that is ready has run: what has not settled by then is waiting. */
function soon<T>(value: T): Promise<T> {
  return new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(() => resolve(value)))))
}
