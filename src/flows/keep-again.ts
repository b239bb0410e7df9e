import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import { linkOf } from '../model/linked.ts'
import type { Ports } from '../model/ports.ts'
import type { Identity, Provider } from '../model/provider.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { cleanLine } from '../model/untrusted.ts'
import { fingerprint } from '../vault/fingerprint.ts'
import { withBundle, withChanged, withHappening } from './account-facts.ts'
import { getById } from './account-by-id.ts'
import { unlessDamaged } from './held-token.ts'
import { writeAndReadBack } from './keep-account.ts'
import type { Grant } from './sign-in.ts'
import { tellLinked, untoldWords } from './tell-linked.ts'
import { vaultOf } from './vault-of.ts'

export type KeepAgainPorts = Pick<
  Ports,
  'vaults' | 'authFile' | 'journal' | 'clock' | 'environment' | 'foreignFiles' | 'interruption'
>

export interface KeepAgainInput {
  readonly account: Account
  readonly provider: Provider
  readonly grant: Grant
  /** The user said that it may be somebody else. */
  readonly mayDiffer: boolean
}

export interface KeptAgain {
  readonly account: Account
  readonly warnings: readonly string[]
}

/**
 * Puts a new grant into the place of an account's old one: tokens, expiry, scopes and tier
 * change, all else that is known of the account stays. No renewal runs meanwhile, so none can
 * put the old tokens back (security case R20).
 *
 * Who signed in is compared by the provider's stable id before anything is written; the
 * e-mail address can change hands.
 *
 * @throws AuthError `sign-in-denied` for another account, and what vault and file throw; then
 * the account is as it was.
 */
export function keepAgain(ports: KeepAgainPorts, input: KeepAgainInput): Promise<KeptAgain> {
  return ports.journal.exclusively(input.account.id, async () => {
    const account = getById(ports.authFile.read(), input.account.id)
    assertSame(account, input)
    const vault = vaultOf(ports.vaults, account)
    const old = await unlessDamaged(vault.read(account.id))
    const bundle = bundleOf(account, old, input)
    await writeAndReadBack(vault, bundle)
    const kept = await tell(ports, input, { old, bundle })
    ports.journal.drop(account.id)
    const replaced = [old?.tokens.refreshToken && fingerprint(old.tokens.refreshToken)]
    const renewal = { tokens: bundle.tokens, renewedAtMs: ports.clock.nowMs(), replaced }
    const untold = await tellLinked(ports, kept, renewal)
    return { account: kept, warnings: untold === undefined ? [] : [untoldWords(kept, untold)] }
  })
}

function assertSame({ name, accountId, provider }: Account, { grant, mayDiffer }: KeepAgainInput): void {
  const found = grant.identity.accountId
  if (mayDiffer || accountId === null || found === accountId) return
  const who = grant.identity.email ?? found
  const whom = who === undefined ? 'nobody that can be recognized' : `${cleanLine(who)}, another account`
  throw new AuthError('sign-in-denied', `${name} was not changed: the sign-in was for ${whom}`, {
    hint: `sign out of ${provider} in the browser and try again, or aiauth login ${provider} --name <another name>, or aiauth reauthenticate ${name} --allow-different-account`,
  })
}

function bundleOf(account: Account, old: TokenBundle | undefined, { provider, grant }: KeepAgainInput): TokenBundle {
  return {
    accountId: account.id,
    generation: Math.max(old?.generation ?? 0, account.secret.generation) + 1,
    provider: provider.id,
    tokenEndpoint: provider.tokenEndpoint ?? '',
    clientId: grant.clientId ?? provider.clientId,
    tokens: grant.tokens,
  }
}

async function tell(
  ports: KeepAgainPorts,
  { account: { id }, grant }: KeepAgainInput,
  { old, bundle }: { readonly old: TokenBundle | undefined; readonly bundle: TokenBundle },
): Promise<Account> {
  const [atMs, by] = [ports.clock.nowMs(), ports.environment.caller]
  const spent = old?.tokens.refreshToken && fingerprint(old.tokens.refreshToken)
  const file = await ports.authFile.update((current) => {
    getById(current, id)
    return withChanged(current, id, (account) =>
      withHappening(signedInAgain(account, bundle, grant), { event: 'signed-in', atMs, by, spent }),
    )
  })
  return getById(file, id)
}

function signedInAgain(account: Account, bundle: TokenBundle, { identity, verified, reservation }: Grant): Account {
  const isSame = account.accountId !== null && account.accountId === identity.accountId
  return {
    ...withBundle(account, bundle),
    ...(isSame ? {} : person(account, identity)),
    state: verified ? 'active' : 'created',
    stateReason: reservation ?? null,
    tier: identity.tier ?? account.tier,
    cooldownUntil: null,
    // Only Codex's file can be told of the new grant; any other link would be to the old one.
    linkedTo: linkOf(account)?.tool === 'codex' && isSame ? account.linkedTo : null,
  }
}

/** Of an account that was not known, or is somebody else's now. */
function person(account: Account, { email, accountId, organizations }: Identity): Partial<Account> {
  return { email: email ?? account.email, accountId: accountId ?? account.accountId, organizations }
}
