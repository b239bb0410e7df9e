import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { signInAgain } from './choose-account.ts'
import { heldToken, lasts } from './held-token.ts'

export type FreshTokenPorts = Pick<
  Ports,
  | 'vaults'
  | 'authFile'
  | 'journal'
  | 'http'
  | 'clock'
  | 'settings'
  | 'environment'
  | 'interruption'
  | 'uninterrupted'
  | 'trace'
>

export interface FreshTokenInput {
  readonly account: Account
  /** What must be left of the token, in seconds. */
  readonly minValiditySeconds: number
  /** Renew also a token that would do: the user said so, or the provider has refused it. */
  readonly evenIfFresh?: boolean
}

export interface FreshToken {
  /** The newest facts; they may differ from those that were asked with. */
  readonly account: Account
  readonly bundle: TokenBundle
  readonly outcome: 'fresh' | 'renewed'
  /** What the user should be told on stderr. */
  readonly warnings: readonly string[]
  /** The token is good and its keeping is not: to be thrown once the token has been used. */
  readonly trouble: AuthError | undefined
}

export async function freshToken(ports: FreshTokenPorts, input: FreshTokenInput): Promise<FreshToken> {
  const { account, minValiditySeconds } = input
  const bundle = await heldToken(ports, account)
  if (lasts(bundle, minValiditySeconds, ports.clock.nowMs())) {
    return { account, bundle, outcome: 'fresh', warnings: [], trouble: undefined }
  }
  throw new AuthError('sign-in-required', `the token of ${account.name} has expired`, { hint: signInAgain(account) })
}
