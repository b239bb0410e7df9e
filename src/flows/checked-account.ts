import type { Account, AccountState } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { isApiKey, type Identity, type Provider } from '../model/provider.ts'
import { record } from '../model/untrusted.ts'
import { askProfile } from '../oauth/profile.ts'
import { fetchUsage } from '../oauth/usage.ts'
import { findProvider } from '../providers/registry.ts'
import { getById } from './account-by-id.ts'
import { withChanged, withHappening } from './account-facts.ts'
import { askedWithToken, type Asked, type Question } from './asked-with-token.ts'
import { signInAgain } from './choose-account.ts'
import type { FreshTokenPorts } from './fresh-token.ts'
import { usageIn } from './known-usage.ts'

/**
 * - `accepted`: the token works
 * - `refused`: only a new sign-in helps
 * - `unreachable`: nothing is known of it, so nothing was changed
 * - `cannot-be-asked`: there is nobody to ask
 */
export type CheckOutcome = 'accepted' | 'refused' | 'unreachable' | 'cannot-be-asked'

export interface CheckedAccount {
  readonly account: Account
  readonly outcome: CheckOutcome
  /** In the words of the provider's refusal, or what an acceptance leaves open. */
  readonly reason: string | null
  /** What keeps the account from being in order. */
  readonly problem: AuthError | undefined
  /** What the user should be told on stderr. */
  readonly warnings: readonly string[]
}

/** What a check has found out, and how it changes the account. */
interface Finding {
  readonly outcome: CheckOutcome
  readonly reason: string | null
  readonly problem?: AuthError
  readonly change?: (account: Account) => Account
}

/**
 * Asks the provider whether the account's token works, and writes down what it says: an
 * accepted account becomes `active`, a refused one `error` with the reason. Whoever cannot
 * be reached says nothing, and nothing is changed then.
 *
 * The profile is asked where there is one, for it also tells who the token belongs to; else
 * the usage, whose answer is kept for `knownUsage`.
 *
 * @throws AuthError `account-not-found` when it was signed out meanwhile, `cancelled`, `usage`
 * for settings that cannot be read.
 */
export async function checkedAccount(ports: FreshTokenPorts, account: Account): Promise<CheckedAccount> {
  const provider = findProvider(ports.settings.read(), account)
  const question = provider === undefined ? undefined : questionTo(provider, account, ports.interruption)
  if (provider === undefined || question === undefined) {
    const what = provider !== undefined && isApiKey(provider) ? 'an API key' : 'a token'
    const reason = `${account.provider} cannot be asked whether ${what} works`
    return { account, outcome: 'cannot-be-asked', reason, problem: undefined, warnings: [] }
  }
  try {
    const asked = await askedWithToken(ports, account, provider, question)
    const finding = findingOf(ports, account, provider, asked)
    const written = await write(ports, asked, finding)
    const problem = finding.problem ?? endedGrant(written)
    return { account: written, outcome: finding.outcome, reason: finding.reason, problem, warnings: asked.warnings }
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'cancelled' || error.code === 'account-not-found') throw error
    const outcome = error.code === 'sign-in-required' ? 'refused' : 'unreachable'
    const current = getById(ports.authFile.read(), account.id)
    return { account: current, outcome, reason: error.message, problem: error, warnings: [] }
  }
}

function questionTo(provider: Provider, { accountId }: Account, signal: AbortSignal): Question | undefined {
  if (provider.profileEndpoint !== undefined) {
    return (http, { tokens }) => askProfile(http, provider, tokens.accessToken, signal)
  }
  if (provider.usageEndpoint === undefined) return undefined
  return (http, { tokens }) => fetchUsage(http, provider, tokens.accessToken, accountId, signal)
}

function findingOf(
  { clock }: Pick<Ports, 'clock'>,
  account: Account,
  provider: Provider,
  { answer, unrenewed }: Asked,
): Finding {
  const active = (current: Account) => inState(current, 'active', null)
  if (answer.kind === 'out-of-scope') {
    return { outcome: 'accepted', reason: `the token works, but not for this: ${answer.error.message}`, change: active }
  }
  if (answer.kind === 'failed') return { outcome: 'unreachable', reason: answer.error.message, problem: answer.error }
  if (answer.kind === 'refused') return refusal(account, answer.error, unrenewed)
  if (provider.profileEndpoint === undefined) {
    const usage = usageIn(provider, answer.body, clock.nowMs())
    return { outcome: 'accepted', reason: null, change: (current) => ({ ...active(current), usage }) }
  }
  const identity = provider.identify({ profile: answer.body, tokenResponse: record({}), claims: record({}) })
  const isAnother = account.accountId !== null && (identity.accountId ?? account.accountId) !== account.accountId
  if (isAnother) return refused(account, `${account.provider} says that the token is of another account`, 'error')
  return { outcome: 'accepted', reason: null, change: (current) => active(withIdentity(current, identity)) }
}

/** Refused twice, or once when nothing can take the token's place; else another attempt may still help. */
function refusal(account: Account, { message }: AuthError, unrenewed: AuthError | undefined): Finding {
  if (unrenewed === undefined) return refused(account, message, 'error')
  const reason = `${message}, and the token cannot be renewed: ${unrenewed.message}`
  if (unrenewed.code === 'sign-in-required') return refused(account, reason, 'needs-login')
  return { outcome: 'unreachable', reason, problem: unrenewed }
}

function refused(account: Account, reason: string, state: AccountState): Finding {
  const problem = new AuthError('sign-in-required', `${account.name}: ${reason}`, { hint: signInAgain(account) })
  return { outcome: 'refused', reason, problem, change: (current) => inState(current, state, reason) }
}

/** Only a sign-in takes `needs-login` away: a token that still works is the last one of its grant. */
function inState(account: Account, state: AccountState, stateReason: string | null): Account {
  return account.state === 'needs-login' ? account : { ...account, state, stateReason }
}

function withIdentity(account: Account, { accountId, email, tier, organizations }: Identity): Account {
  return {
    ...account,
    accountId: account.accountId ?? accountId ?? null,
    email: email ?? account.email,
    tier: tier ?? account.tier,
    organizations: organizations.length === 0 ? account.organizations : organizations,
  }
}

/** Writes the finding, unless other tokens than those asked with stand there by now: it says nothing of them. */
async function write(ports: FreshTokenPorts, { fresh }: Asked, finding: Finding): Promise<Account> {
  const { account, bundle } = fresh
  const { outcome, reason, change } = finding
  if (change === undefined) return getById(ports.authFile.read(), account.id)
  const event = outcome === 'accepted' ? 'checked' : 'failed'
  const [atMs, by] = [ports.clock.nowMs(), ports.environment.caller]
  const file = await ports.authFile.update((current) =>
    withChanged(current, account.id, (before) =>
      before.secret.generation > bundle.generation
        ? before
        : withHappening(change(before), { event, atMs, by, reason: reason ?? undefined }),
    ),
  )
  return getById(file, account.id)
}

/** A token that works does not make up for a grant that has ended. */
function endedGrant(account: Account): AuthError | undefined {
  if (account.state !== 'needs-login') return undefined
  const reason = account.stateReason ?? 'the provider has ended the grant'
  return new AuthError('sign-in-required', `${account.name}: ${reason}`, { hint: signInAgain(account) })
}
