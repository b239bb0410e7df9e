import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { getById } from './account-by-id.ts'
import { heldToken, type HeldTokenPorts } from './held-token.ts'

/**
 * The account's tokens, and the account as it is now: without the account's lock, its secret may
 * be moved to another storage between the reading of `auth.json` and that of the vault, and a
 * rollback may take the account and then its tokens.
 *
 * @throws AuthError as `heldToken`, `account-not-found` when it has gone.
 */
export async function heldNow(
  ports: HeldTokenPorts & { readonly authFile: Pick<Ports['authFile'], 'read'> },
  account: Account,
): Promise<{ readonly account: Account; readonly held: TokenBundle }> {
  try {
    return { account, held: await heldToken(ports, account) }
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'secret-missing') throw error
    const now = getById(ports.authFile.read(), account.id)
    if (now.secret.store === account.secret.store) throw error
    return heldNow(ports, now)
  }
}
