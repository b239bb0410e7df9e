import type { Account, StorageKind } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Clock, Vault } from '../model/ports.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { signInAgain } from './choose-account.ts'
import { vaultOf } from './vault-of.ts'

export interface FreshTokenPorts {
  readonly vaults: { vault(kind: StorageKind): Pick<Vault, 'read'> }
  readonly clock: Pick<Clock, 'nowMs'>
}

export interface FreshTokenInput {
  readonly account: Account
  /** What must be left of the token, in seconds. */
  readonly minValiditySeconds: number
}

/**
 * Returns the account's tokens when the access token stays valid for at least
 * `minValiditySeconds`. The vault is the truth for that; `auth.json` only holds a copy. A
 * token whose end the provider did not tell is handed out as it is.
 *
 * @throws AuthError `sign-in-required`, `secret-missing`, and what the vault throws.
 */
export async function freshToken(
  ports: FreshTokenPorts,
  { account, minValiditySeconds }: FreshTokenInput,
): Promise<TokenBundle> {
  const bundle = await readBundleOf(ports, account)
  const { expiresAtMs } = bundle.tokens
  if (expiresAtMs === undefined) return bundle
  const leftSeconds = Math.floor((expiresAtMs - ports.clock.nowMs()) / 1000)
  if (leftSeconds > 0 && leftSeconds >= minValiditySeconds) return bundle
  throw tooOld(account, leftSeconds)
}

async function readBundleOf(ports: FreshTokenPorts, account: Account): Promise<TokenBundle> {
  const gone = `the tokens of ${account.name} are gone from the ${account.secret.store}`
  try {
    const bundle = await vaultOf(ports.vaults, account).read(account.id)
    if (bundle !== undefined) return bundle
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'secret-missing') throw error
    throw new AuthError('secret-missing', error.message, { hint: signInAgain(account), cause: error })
  }
  throw new AuthError('secret-missing', gone, { hint: signInAgain(account) })
}

function tooOld(account: Account, leftSeconds: number): AuthError {
  return leftSeconds > 0
    ? new AuthError('sign-in-required', `the token of ${account.name} lasts only ${leftSeconds} s more`, {
        hint: `aiauth token ${account.name} --min-validity 0, or ${signInAgain(account)}`,
      })
    : new AuthError('sign-in-required', `the token of ${account.name} has expired`, { hint: signInAgain(account) })
}
