import { describe, expect, it } from 'vitest'
import { AuthError, type AuthErrorCode } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { account } from '../fakes/account.ts'
import type { FakePorts } from '../fakes/ports.ts'
import {
  ask,
  breakVault,
  events,
  facts,
  failure,
  granted,
  held,
  inSeconds,
  putTokens,
  timeIn,
  worldWith,
} from '../fakes/renewing.ts'

const FULL = new AuthError('storage-unavailable', 'the disk is full', { hint: 'make room' })
const LOCKED = new AuthError('storage-locked', 'the keychain is locked', { hint: 'unlock it' })
const breakAuthFile = (ports: FakePorts) => {
  const working = { ...ports.authFile }
  Object.assign(ports.authFile, { update: () => Promise.reject(FULL) })
  return () => void Object.assign(ports.authFile, working)
}
const breakJournal = (ports: FakePorts, step: 'announce' | 'keep') => {
  const broken = () => {
    throw FULL
  }
  Object.assign(ports.journal, { [step]: broken })
}

describe('freshToken, with storage that is broken before', () => {
  it.each([
    ['the vault cannot be written', (ports: FakePorts) => void breakVault(ports, 'probe', FULL)],
    ['the keychain is locked', (ports: FakePorts) => void breakVault(ports, 'probe', LOCKED)],
    ['the vault cannot be read', (ports: FakePorts) => void breakVault(ports, 'read', LOCKED)],
    ['the journal cannot be written', (ports: FakePorts) => breakJournal(ports, 'announce')],
  ])('R8: sends nothing and says what to mend when %s', async (_case, prepare) => {
    const ports = worldWith(0)
    prepare(ports)
    const error = await failure(ask(ports))
    expect(error).toMatchObject({ hint: expect.stringMatching(/make room|unlock it/) as string })
    expect(['storage-unavailable', 'storage-locked']).toContain((error as AuthError).code)
    expect(ports.requests).toEqual([])
    expect(held(ports)).toEqual({ access: 'AT-1', refresh: 'RT-1', generation: 1 })
    expect(facts(ports)).toMatchObject({ state: 'active', history: [] })
  })

  it.each([
    ['the vault cannot be written', (ports: FakePorts) => void breakVault(ports, 'probe', FULL)],
    ['the journal cannot be written', (ports: FakePorts) => breakJournal(ports, 'announce')],
  ])('R8, R13: serves the old token while it lives, and sends nothing, when %s', async (_case, prepare) => {
    const ports = worldWith(40)
    prepare(ports)
    expect(await ask(ports)).toMatchObject({ outcome: 'kept', problem: { code: 'storage-unavailable' } })
    expect(ports.requests).toEqual([])
  })

  it.each(['storage-locked', 'storage-timed-out', 'storage-unavailable'] as AuthErrorCode[])(
    'K3: never takes %s for signed out',
    async (code) => {
      const ports = worldWith(0)
      breakVault(ports, 'read', new AuthError(code, 'no'))
      expect(await failure(ask(ports))).toMatchObject({ code })
      expect(facts(ports)?.state).toBe('active')
    },
  )

  it('K5: says that the tokens are gone, and keeps the facts', async () => {
    const ports = worldWith(0)
    ports.bundles.clear()
    expect(await failure(ask(ports))).toMatchObject({
      code: 'secret-missing',
      message: 'the tokens of work are gone from the keychain',
      hint: 'aiauth reauthenticate work',
    })
    expect(facts(ports)).toMatchObject({ state: 'active', email: 'ada@example.com' })
    expect(ports.requests).toEqual([])
  })

  it('K6: says that the tokens are damaged, and leaves them as they are', async () => {
    const ports = worldWith(0)
    breakVault(ports, 'read', new AuthError('secret-missing', 'the stored tokens of this account are damaged'))
    expect(await failure(ask(ports))).toMatchObject({
      code: 'secret-missing',
      hint: 'aiauth reauthenticate work',
    })
    expect(ports.bundles.size).toBe(1)
  })

  it('K7: serves a vault that is newer than auth.json, and brings the facts up to it', async () => {
    const change = { state: 'needs-login', stateReason: 'refused' } as const
    const ports = worldWith(-5, {}, change)
    const newer = { accessToken: new Secret('AT-9'), expiresAtMs: inSeconds(3600), scopes: ['a'] }
    putTokens(ports, newer, { generation: 4 })
    const fresh = await ask(ports)
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-9')
    const expected = { state: 'created', stateReason: null, expiresAt: timeIn(3600), scopes: ['a'] }
    expect(fresh.account).toMatchObject(expected)
    expect(facts(ports)).toMatchObject({ ...expected, secret: { generation: 4 } })
    expect(events(ports)).toEqual(['adopted'])
    await ask(ports)
    expect(events(ports)).toEqual(['adopted'])
  })

  it('K7: serves a vault that is older than auth.json as it is', async () => {
    const ports = worldWith(3600, {}, { secret: { ...account().secret, generation: 9 } })
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh', bundle: { generation: 1 } })
    expect(facts(ports)?.secret.generation).toBe(9)
  })

  it('K7: counts on from the higher of two generations', async () => {
    const ports = worldWith(0, { answers: [granted()] }, { secret: { ...account().secret, generation: 9 } })
    await ask(ports)
    expect([held(ports).generation, facts(ports)?.secret.generation]).toEqual([10, 10])
  })
})

/** A world whose answer breaks something just before it arrives. */
function breaking(breakIt: (ports: FakePorts) => () => void, answer = granted()) {
  let mend: () => void = () => undefined
  const ports: FakePorts = worldWith(0, {
    answers: [
      () => {
        mend = breakIt(ports)
        return answer()
      },
      granted({ access_token: 'AT-3', refresh_token: 'RT-3' }),
    ],
  })
  return { ports, mend: () => mend() }
}

describe('freshToken, with storage that breaks after the grant', () => {
  it('R9: gives the token with the trouble, leaves the record, and the next run adopts it', async () => {
    const { ports, mend } = breaking((broken) => breakVault(broken, 'write', LOCKED))
    const fresh = await ask(ports)
    expect(fresh.bundle.tokens.accessToken.reveal()).toBe('AT-2')
    expect(fresh.trouble).toMatchObject({
      code: 'storage-locked',
      message: 'the new tokens of work stand in the journal only and wait for the storage: the keychain is locked',
      hint: 'unlock it; then aiauth refresh work',
    })
    expect(held(ports)).toEqual({ access: 'AT-1', refresh: 'RT-1', generation: 1 })
    expect(ports.records.size).toBe(1)

    mend()
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', trouble: undefined })
    expect(held(ports)).toEqual({ access: 'AT-2', refresh: 'RT-2', generation: 2 })
    expect([ports.requests.length, ports.records.size]).toEqual([1, 0])
    expect(events(ports)).toEqual(['renewed'])
  })

  it('R9: gives the same again, and sends nothing, as long as the vault stays broken', async () => {
    const { ports } = breaking((broken) => breakVault(broken, 'write', LOCKED))
    await ask(ports)
    const again = await ask(ports)
    expect(again).toMatchObject({ trouble: { code: 'storage-locked' }, bundle: { generation: 2 } })
    expect(ports.requests.length).toBe(1)
  })

  it('R9: does not believe a vault that says yes and keeps nothing', async () => {
    const { ports } = breaking((broken) => {
      const vault = broken.vaults.vault('keychain')
      Object.assign(broken.vaults, { vault: () => ({ ...vault, write: () => Promise.resolve() }) })
      return () => undefined
    })
    expect(await ask(ports)).toMatchObject({ trouble: { code: 'storage-unavailable' } })
    expect(ports.records.size).toBe(1)
  })

  it('R9: says that the token is kept nowhere when the journal fails too', async () => {
    const { ports } = breaking((broken) => {
      breakJournal(broken, 'keep')
      return breakVault(broken, 'write', LOCKED)
    })
    const { bundle, trouble } = await ask(ports)
    expect(bundle.tokens.accessToken.reveal()).toBe('AT-2')
    expect(trouble?.message).toBe('the new tokens of work could be kept nowhere: the keychain is locked')
    expect(trouble?.hint).toContain('use the token while it lasts, then sign in again')
  })

  it('R9: goes on without a word when the vault keeps what the journal could not', async () => {
    const { ports } = breaking((broken) => {
      breakJournal(broken, 'keep')
      return () => undefined
    })
    expect(await ask(ports)).toMatchObject({ outcome: 'renewed', trouble: undefined })
    expect(held(ports)).toEqual({ access: 'AT-2', refresh: 'RT-2', generation: 2 })
  })

  it('R9, K7: says that only auth.json lags behind, and the next run mends it', async () => {
    const { ports, mend } = breaking(breakAuthFile)
    const { trouble } = await ask(ports)
    expect(trouble).toMatchObject({
      code: 'storage-unavailable',
      message: 'the new tokens of work are kept, only auth.json does not tell of them yet: the disk is full',
      hint: 'make room',
    })
    expect(held(ports).generation).toBe(2)
    expect(facts(ports)?.secret.generation).toBe(1)
    mend()
    expect(await ask(ports)).toMatchObject({ outcome: 'fresh', trouble: undefined })
    expect(facts(ports)).toMatchObject({ secret: { generation: 2 }, expiresAt: timeIn(28_800) })
  })

  it('R9: gives the token when auth.json cannot be read any more, and says why', async () => {
    const { ports } = breaking((broken) => {
      const invalid = () => {
        throw new AuthError('auth-file-invalid', 'auth.json cannot be read')
      }
      Object.assign(broken.authFile, { read: invalid, update: invalid })
      return () => undefined
    })
    const { bundle, trouble } = await ask(ports)
    expect(bundle.tokens.accessToken.reveal()).toBe('AT-2')
    expect(trouble?.code).toBe('auth-file-invalid')
  })

  it('R21: keeps nothing for an account that is gone when the answer arrives', async () => {
    const { ports } = breaking((broken) => {
      void broken.authFile.update((file) => ({ ...file, accounts: [] }))
      broken.bundles.clear()
      return () => undefined
    })
    expect(await failure(ask(ports))).toMatchObject({ code: 'account-not-found' })
    expect([ports.bundles.size, ports.records.size]).toEqual([0, 0])
    expect(ports.current()?.accounts).toEqual([])
  })

  it('T17: keeps the new refresh token where the access token is of no use, whatever the vault does', async () => {
    const { ports, mend } = breaking((broken) => breakVault(broken, 'write', LOCKED), granted({ token_type: 'mac' }))
    expect(await failure(ask(ports))).toMatchObject({ code: 'storage-locked' })
    mend()
    await ask(ports)
    expect(held(ports).refresh).not.toBe('RT-1')
    expect(JSON.parse(ports.requests[1]?.body ?? '{}')).toMatchObject({ refresh_token: 'RT-2' })
  })
})
