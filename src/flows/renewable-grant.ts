import type { Account } from '../model/account.ts'
import { isLoopbackAddress } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import type { Provider } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import { providerOff } from '../model/switched-off.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { cleanLine } from '../model/untrusted.ts'
import { isSpent } from './account-facts.ts'
import { signInAgain } from './choose-account.ts'

/** Everything that a renewal needs, proven to be there. */
export interface RenewableGrant {
  readonly provider: Provider
  /** The tokens as the vault holds them, with the endpoint that the settings now name for their issuer. */
  readonly held: TokenBundle
  readonly refreshToken: Secret
}

/**
 * The grant of an account, if it may be renewed at all.
 *
 * @throws AuthError `sign-in-required` when only a new sign-in helps, `usage` for a provider
 * that is switched off.
 */
export function renewableGrant(account: Account, provider: Provider | undefined, held: TokenBundle): RenewableGrant {
  const { refreshToken } = held.tokens
  if (refreshToken === undefined) throw over(account, 'has no way to be renewed')
  if (isSpent(account, refreshToken)) {
    const reason =
      account.stateReason === null ? 'was spent, or ended by the provider' : `ended: ${cleanLine(account.stateReason)}`
    throw over(account, reason)
  }
  if (provider === undefined)
    throw over(account, `is of ${account.provider}/${account.mode}, which the settings do not know`)
  if (!provider.enabled) throw providerOff(provider.id)
  if (!isIssuerOf(held, provider)) throw over(account, 'was issued by another server than the settings now name')
  return { provider, held: { ...held, tokenEndpoint: provider.tokenEndpoint ?? held.tokenEndpoint }, refreshToken }
}

/**
 * Whether the tokens were issued by the server that the settings name now: a refresh token
 * goes to nobody else. All of loopback counts as one server, this machine.
 */
export function isIssuerOf(held: TokenBundle, provider: Provider): boolean {
  const { tokenEndpoint = held.tokenEndpoint, clientId, dynamicClient } = provider
  // Any id that was given out to this installation stays one of ours, also when the settings are lost.
  const isClient = clientId === held.clientId || dynamicClient?.shape.test(held.clientId) === true
  const isSameServer =
    tokenEndpoint === held.tokenEndpoint || [tokenEndpoint, held.tokenEndpoint].every(isLoopbackAddress)
  return isSameServer && isClient
}

function over(account: Account, reason: string): AuthError {
  return new AuthError('sign-in-required', `the grant of ${account.name} ${reason}`, { hint: signInAgain(account) })
}
