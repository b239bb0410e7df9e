import type { Account, AuthFile } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { revokeToken } from '../oauth/revocation.ts'
import { vaultOf } from './vault-of.ts'

export interface DropAccountInput {
  readonly account: Account
  /** Where to revoke; `undefined` forgets locally only. */
  readonly provider: Provider | undefined
}

/** What became of the grant at the provider, with the reason where it was not confirmed. */
export type Revocation =
  | { readonly outcome: 'confirmed' | 'not-asked' | 'nothing-to-revoke' }
  | { readonly outcome: 'not-confirmed'; readonly reason: string }

/**
 * Ends the grant at the provider, then forgets the account: the secret first, then the
 * facts. The provider's no, or its silence, does not keep the account here; it is told.
 *
 * @throws AuthError what vault and file throw; then the account is still there.
 */
export async function dropAccount(
  ports: Pick<Ports, 'vaults' | 'authFile' | 'http'>,
  { account, provider }: DropAccountInput,
  signal: AbortSignal,
): Promise<Revocation> {
  const vault = vaultOf(ports.vaults, account)
  const revocation =
    provider === undefined ? NOT_ASKED : await revoke(ports, await readable(vault.read(account.id)), provider, signal)
  await vault.remove(account.id)
  await ports.authFile.update((file) => withoutAccount(file, account))
  return revocation
}

const NOT_ASKED: Revocation = { outcome: 'not-asked' }

/** A damaged secret cannot be revoked; that must not make the account impossible to forget. */
async function readable(reading: Promise<TokenBundle | undefined>): Promise<TokenBundle | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof AuthError && error.code === 'secret-missing') return undefined
    throw error
  }
}

async function revoke(
  ports: Pick<Ports, 'http'>,
  bundle: TokenBundle | undefined,
  provider: Provider,
  signal: AbortSignal,
): Promise<Revocation> {
  if (bundle === undefined) return { outcome: 'nothing-to-revoke' }
  const { revocationEndpoint } = provider
  if (revocationEndpoint === undefined) return notConfirmed('it has no revocation endpoint')
  if (bundle.tokenEndpoint !== provider.tokenEndpoint || bundle.clientId !== provider.clientId) {
    return notConfirmed('its settings have changed since the sign-in, so the tokens were not sent there')
  }
  const { refreshToken, accessToken } = bundle.tokens
  try {
    const isConfirmed = await (refreshToken === undefined
      ? revokeToken(ports.http, { ...provider, revocationEndpoint }, accessToken, 'access_token', signal)
      : revokeToken(ports.http, { ...provider, revocationEndpoint }, refreshToken, 'refresh_token', signal))
    return isConfirmed ? { outcome: 'confirmed' } : notConfirmed('it sent no receipt')
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'cancelled') throw error
    return notConfirmed(error.message)
  }
}

function notConfirmed(reason: string): Revocation {
  return { outcome: 'not-confirmed', reason }
}

function withoutAccount(file: AuthFile, { id, name }: Account): AuthFile {
  const { defaultAccount } = file.preferences
  const isDefault = defaultAccount === id || defaultAccount === name
  return {
    ...file,
    accounts: file.accounts.filter((account) => account.id !== id),
    preferences: isDefault ? { ...file.preferences, defaultAccount: null } : file.preferences,
  }
}
