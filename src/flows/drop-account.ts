import type { Account, AuthFile } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import { linkOf, type Link, type LinkedTool } from '../model/linked.ts'
import type { Ports } from '../model/ports.ts'
import { isApiKey, type Provider } from '../model/provider.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { revokeToken } from '../oauth/revocation.ts'
import { defaultAccount } from './choose-account.ts'
import { httpFor } from './http-for.ts'
import { recoverRenewal } from './keep-renewal.ts'
import { unlessDamaged } from './held-token.ts'
import { isIssuerOf } from './renewable-grant.ts'
import { tellLinked } from './tell-linked.ts'
import { vaultOf } from './vault-of.ts'

export interface DropAccountInput {
  readonly account: Account
  /** Where to revoke; `undefined` when the settings no longer know the provider. */
  readonly provider: Provider | undefined
  /** Forget it here, and tell the provider nothing. */
  readonly localOnly: boolean
}

export type DropAccountPorts = Pick<
  Ports,
  'vaults' | 'authFile' | 'journal' | 'foreignFiles' | 'http' | 'settings' | 'clock' | 'interruption'
>

/** What became of the grant at the provider, with the reason where it has not ended there for all we know. */
export type Revocation =
  | { readonly outcome: 'confirmed' }
  | { readonly outcome: 'not-asked'; readonly reason?: string }
  | { readonly outcome: 'not-confirmed'; readonly reason: string }

export interface Dropped {
  readonly revocation: Revocation
  /** Why the secret may still be in its store, where that store is gone. */
  readonly leftBehind: string | undefined
  /** Why the tool that shares the grant may be left with tokens that are over. */
  readonly untold: string | undefined
}

/**
 * Ends the grant at the provider, then forgets the account: the secret first, then the
 * facts, then what the journal holds of it. The provider's no, or its silence, does not keep
 * the account here; it is told. No renewal runs meanwhile, so none can bring it back.
 *
 * A grant that another tool shares does not end with our part of it: that tool is left with
 * the newest tokens.
 *
 * A keychain that is locked or silent does keep it, for it can be opened. One that is not
 * there at all does not, when nothing else was asked than to forget the account here.
 *
 * @throws AuthError what vault and file throw, `busy`; then the account is still there.
 */
export async function dropAccount(
  ports: DropAccountPorts,
  input: DropAccountInput,
  signal: AbortSignal,
): Promise<Dropped> {
  return ports.journal.exclusively(input.account.id, () => {
    // Its secret may have been moved to another storage while we waited.
    const account = ports.authFile.read()?.accounts.find(({ id }) => id === input.account.id) ?? input.account
    return drop(ports, { ...input, account }, signal)
  })
}

async function drop(ports: DropAccountPorts, input: DropAccountInput, signal: AbortSignal): Promise<Dropped> {
  const { account, localOnly } = input
  const vault = vaultOf(ports.vaults, account)
  const link = linkOf(account)
  let revocation = link === undefined ? NOT_ASKED : sharedWith(link)
  let leftBehind: string | undefined
  let untold: AuthError | undefined
  try {
    const newest = localOnly && link === undefined ? undefined : await unlessDamaged(newestTokens(ports, input))
    if (link !== undefined) untold = await leaveWith(ports, account, newest)
    else if (!localOnly) revocation = await revoke(ports, input, newest, signal)
    await vault.remove(account.id)
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'storage-unavailable') throw error
    if (!localOnly) throw error.withHint(`to forget it here all the same: aiauth logout ${account.name} --local-only`)
    leftBehind = error.message
  }
  await ports.authFile.update((file) => withoutAccount(file, account))
  ports.journal.drop(account.id)
  return { revocation, leftBehind, untold: untold?.message }
}

const NOT_ASKED: Revocation = { outcome: 'not-asked' }

function sharedWith({ tool }: Link): Revocation {
  return { outcome: 'not-asked', reason: `not revoked: ${tool} uses the same grant; ${SIGN_OUT[tool]} ends it` }
}

const SIGN_OUT: Readonly<Record<LinkedTool, string>> = { codex: 'codex logout', 'claude-code': 'claude auth logout' }

/** An earlier try to tell the tool of a renewal may have failed, and soon nobody else has the tokens. */
async function leaveWith(
  ports: DropAccountPorts,
  account: Account,
  newest: TokenBundle | undefined,
): Promise<AuthError | undefined> {
  if (newest === undefined) return undefined
  const renewedAtMs = account.lastRefreshedAt === null ? ports.clock.nowMs() : Date.parse(account.lastRefreshedAt)
  return tellLinked(ports, account, { tokens: newest.tokens, renewedAtMs, replaced: [] })
}

/** A renewal that was cut off may have left newer tokens in the journal: those are the ones to end. */
async function newestTokens(
  ports: DropAccountPorts,
  { account, provider }: DropAccountInput,
): Promise<TokenBundle | undefined> {
  const held = await vaultOf(ports.vaults, account).read(account.id)
  const recovered = held === undefined ? undefined : await recoverRenewal(ports, account, provider, held)
  return recovered?.bundle ?? held
}

async function revoke(
  ports: Pick<Ports, 'http' | 'settings'>,
  { account, provider }: DropAccountInput,
  bundle: TokenBundle | undefined,
  signal: AbortSignal,
): Promise<Revocation> {
  if (provider === undefined) return notConfirmed('the settings do not know it any more, so it could not be asked')
  if (isApiKey(provider)) return notConfirmed('an API key is not ended by signing out')
  if (bundle === undefined) return notConfirmed('the tokens are gone or damaged here, so it could not be asked')
  const { revocationEndpoint } = provider
  if (revocationEndpoint === undefined) return notConfirmed('it has no revocation endpoint')
  if (!isIssuerOf(bundle, provider)) {
    return notConfirmed('its settings have changed since the sign-in, so the tokens were not sent there')
  }
  const { refreshToken, accessToken } = bundle.tokens
  const issuer = { ...provider, revocationEndpoint, clientId: bundle.clientId }
  try {
    const http = httpFor(ports, account.proxy)
    const isConfirmed = await (refreshToken === undefined
      ? revokeToken(http, issuer, accessToken, 'access_token', signal)
      : revokeToken(http, issuer, refreshToken, 'refresh_token', signal))
    return isConfirmed ? { outcome: 'confirmed' } : notConfirmed('it sent no receipt')
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'cancelled') throw error
    return notConfirmed(error.message)
  }
}

function notConfirmed(reason: string): Revocation {
  return { outcome: 'not-confirmed', reason }
}

function withoutAccount(file: AuthFile, { id }: Account): AuthFile {
  const isDefault = defaultAccount(file)?.id === id
  return {
    ...file,
    accounts: file.accounts.filter((account) => account.id !== id),
    preferences: isDefault ? { ...file.preferences, defaultAccount: null } : file.preferences,
  }
}
