import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { getById } from './account-by-id.ts'
import { lasts } from './held-token.ts'
import type { Kept } from './keep-renewal.ts'

type ServedTokenPorts = Pick<Ports, 'authFile' | 'clock'>

/**
 * - `fresh`: nothing had to be done, or another process has just done it
 * - `renewed`: by us
 * - `kept`: a renewal was tried and failed for now; the old token still works
 * - `waiting`: a renewal may not be tried yet; the old token still works
 */
export interface FreshToken {
  /** The newest facts; they may differ from those that were asked with. */
  readonly account: Account
  readonly bundle: TokenBundle
  readonly outcome: 'fresh' | 'renewed' | 'kept' | 'waiting'
  /** Why the token is `kept` or `waiting`. */
  readonly problem: AuthError | undefined
  /** What the user should be told on stderr. */
  readonly warnings: readonly string[]
  /** The token is good and its keeping is not: to be thrown once the token has been used. */
  readonly trouble: AuthError | undefined
}

/** Tokens that last, for which we have done nothing. */
export function served(account: Account, bundle: TokenBundle): FreshToken {
  return { account, bundle, outcome: 'fresh', problem: undefined, warnings: [], trouble: undefined }
}

/**
 * The old token as long as it lives, with a word about why.
 *
 * @throws AuthError the problem itself, once the token is over.
 */
export function stillUsable(
  { clock }: Pick<Ports, 'clock'>,
  account: Account,
  bundle: TokenBundle,
  problem: AuthError,
  outcome: 'kept' | 'waiting',
): FreshToken {
  if (!lasts(bundle, 0, clock.nowMs())) throw problem
  const warnings = [`${account.name} was not renewed, its old token still works: ${problem.message}`]
  return { account, bundle, outcome, problem, warnings, trouble: undefined }
}

/**
 * What a renewal has led to.
 *
 * @throws AuthError the trouble in keeping tokens that are no good.
 */
export function afterRenewal(ports: ServedTokenPorts, kept: Kept, known: Account): FreshToken {
  const { bundle, flaw, warnings } = kept
  const { account, unread } = newestFacts(ports, known)
  const trouble = kept.trouble ?? unread
  const isOver = !lasts(bundle, 0, ports.clock.nowMs())
  if (trouble !== undefined && (flaw !== undefined || isOver)) throw trouble
  if (flaw === undefined) return { account, bundle, outcome: 'renewed', problem: undefined, warnings, trouble }
  const usable = stillUsable(ports, account, bundle, flaw, 'kept')
  return { ...usable, warnings: [...warnings, ...usable.warnings] }
}

/** Tokens that are good and kept are not withheld because `auth.json` cannot be read just now. */
function newestFacts(
  { authFile }: ServedTokenPorts,
  known: Account,
): { readonly account: Account; readonly unread: AuthError | undefined } {
  try {
    return { account: getById(authFile.read(), known.id), unread: undefined }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    return { account: known, unread: error }
  }
}
