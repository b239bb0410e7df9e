import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Use } from '../model/history.ts'
import type { Caller, Vault } from '../model/ports.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { signInAgain } from './choose-account.ts'
import { vaultOf } from './vault-of.ts'

export interface HeldTokenPorts {
  readonly vaults: { vault(kind: string): Pick<Vault, 'read'> }
}

/**
 * The account's tokens as the vault holds them. The vault is the truth for tokens and expiry;
 * `auth.json` only holds a copy.
 *
 * @throws AuthError `secret-missing`, and what the vault throws.
 */
export async function heldToken({ vaults }: HeldTokenPorts, account: Account): Promise<TokenBundle> {
  const gone = `the tokens of ${account.name} are gone from the ${account.secret.store}`
  try {
    const bundle = await vaultOf(vaults, account).read(account.id)
    if (bundle !== undefined) return bundle
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'secret-missing') throw error
    throw new AuthError('secret-missing', error.message, { hint: signInAgain(account), cause: error })
  }
  throw new AuthError('secret-missing', gone, { hint: signInAgain(account) })
}

/** What was read, `undefined` where it is damaged: for who is about to forget or to replace it. */
export async function unlessDamaged(reading: Promise<TokenBundle | undefined>): Promise<TokenBundle | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof AuthError && error.code === 'secret-missing') return undefined
    throw error
  }
}

/**
 * Whether the access token stays valid for at least `seconds`, and at all. One whose end the
 * provider did not tell is used until the provider refuses it.
 */
export function lasts({ tokens }: TokenBundle, seconds: number, nowMs: number): boolean {
  if (tokens.expiresAtMs === undefined) return true
  const leftSeconds = Math.floor((tokens.expiresAtMs - nowMs) / 1000)
  return leftSeconds > 0 && leftSeconds >= seconds
}

/** A use of the account's token by a program, as it is noted. */
export function useOf({ id, secret }: Account, { program, pid }: Caller, nowMs: number): Use {
  const { fingerprint } = secret
  const at = new Date(nowMs).toISOString()
  return { accountId: id, at, program, pid, ...(fingerprint !== undefined && { fingerprint }) }
}
