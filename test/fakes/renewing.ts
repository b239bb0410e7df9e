import { newAuthFile } from '../../src/auth-file/format.ts'
import { freshToken, type FreshToken } from '../../src/flows/fresh-token.ts'
import type { Account } from '../../src/model/account.ts'
import { AuthError, type AuthErrorOptions } from '../../src/model/errors.ts'
import type { Hold, HttpReply, Vault } from '../../src/model/ports.ts'
import type { TokenBundle } from '../../src/model/tokens.ts'
import { account, bundle } from './account.ts'
import { fakePorts, NOW_MS, type FakePorts, type FakeWorld } from './ports.ts'

type Answer = () => Partial<HttpReply>

/** Seconds from the moment at which the fake clock stands. */
export const inSeconds = (seconds: number) => NOW_MS + seconds * 1000
export const timeIn = (seconds: number) => new Date(inSeconds(seconds)).toISOString()

/** One account, `work`, whose access token has `leftSeconds`. */
export function worldWith(leftSeconds: number, world: FakeWorld = {}, change: Partial<Account> = {}): FakePorts {
  const facts = account({ expiresAt: timeIn(leftSeconds), ...change })
  const ports = fakePorts({ file: { ...newAuthFile('file-1'), storage: 'keychain', accounts: [facts] }, ...world })
  putTokens(ports, { expiresAtMs: inSeconds(leftSeconds) })
  return ports
}

/** Puts tokens into the vault, as another program would. */
export function putTokens(
  ports: FakePorts,
  tokens: Partial<TokenBundle['tokens']>,
  change: Partial<TokenBundle> = {},
): void {
  ports.bundles.set(account().id, bundle({ tokens: { ...bundle().tokens, ...tokens }, ...change }))
}

/** A grant of `AT-2` and `RT-2` for eight hours. */
export const granted =
  (change: object = {}): Answer =>
  () => ({
    body: JSON.stringify({
      token_type: 'Bearer',
      access_token: 'AT-2',
      refresh_token: 'RT-2',
      expires_in: 28_800,
      ...change,
    }),
  })

export const answers =
  (status: number, body: unknown = '', headers: Record<string, string> = {}): Answer =>
  () => ({ status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) })

export const refusedForGood = answers(400, { error: 'invalid_grant' })

export const fails =
  (message: string, options: AuthErrorOptions = {}): Answer =>
  () => {
    throw new AuthError('network', message, options)
  }

export interface Asking {
  readonly minValiditySeconds?: number
  readonly evenIfFresh?: boolean
}

/** Asks for a token of the account as `auth.json` tells of it. */
export const ask = (ports: FakePorts, asking: Asking = {}): Promise<FreshToken> =>
  freshToken(ports, { account: facts(ports) ?? account(), minValiditySeconds: 60, ...asking })

/** What the work failed with; `undefined` when it did not. */
export const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

export const facts = (ports: FakePorts) => ports.current()?.accounts[0]
export const events = (ports: FakePorts) => facts(ports)?.history.map(({ event }) => event)

/** The tokens in the vault, as plain text. */
export function held(ports: FakePorts) {
  const found = ports.bundles.get(account().id)
  return {
    access: found?.tokens.accessToken.reveal(),
    refresh: found?.tokens.refreshToken?.reveal(),
    generation: found?.generation,
  }
}

export function setClock(ports: FakePorts, seconds: number): void {
  Object.assign(ports.clock, { nowMs: () => inSeconds(seconds) })
}

/** Lets something happen between the first look at the tokens and the turn under the lock. */
export function whileWaiting(ports: FakePorts, happens: () => unknown): void {
  Object.assign(ports.journal, {
    exclusively: async (_id: string, work: (hold: Hold) => Promise<unknown>) => {
      await happens()
      return work({ assertHeld: () => undefined })
    },
  })
}

/** Lets one step of the vault fail from now on; what is returned mends it. */
export function breakVault(ports: FakePorts, step: keyof Omit<Vault, 'kind'>, error: AuthError): () => void {
  const working = { ...ports.vaults }
  const vault = working.vault('keychain')
  Object.assign(ports.vaults, { vault: () => ({ ...vault, [step]: () => Promise.reject(error) }) })
  return () => void Object.assign(ports.vaults, working)
}
