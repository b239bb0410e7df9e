import type { Account, AuthFile } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import { failuresInARow } from '../model/history.ts'
import type { Ports } from '../model/ports.ts'
import type { Secret } from '../model/secret.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { fingerprint } from '../vault/fingerprint.ts'
import { coolDownMs, isSpent, time, withBundle, withChanged, withHappening } from './account-facts.ts'
import type { LinkedTokens } from './linked-sign-in.ts'
import type { Unrenewed } from './renew-account.ts'

type FactPorts = Pick<Ports, 'authFile' | 'clock'> & { readonly environment: Pick<Ports['environment'], 'caller'> }

/** Nothing left this machine, so the wait only keeps a crowd from trying all at once. */
const LONGEST_OFFLINE_MS = 4000
/** A later end than this comes from a clock that was wrong, for no cool-down is longer. */
const COOL_DOWN_LIMIT_MS = 86_400_000

/** Writes down, for all processes, that the provider is not to be asked for a while, and why. */
export async function coolDown(ports: FactPorts, { id }: Account, outcome: Unrenewed): Promise<void> {
  const [atMs, by] = [ports.clock.nowMs(), ports.environment.caller]
  const [kind, reason] = [outcome.kind, outcome.error.message]
  const asked = 'waitMs' in outcome ? outcome.waitMs : undefined
  const longestMs = kind === 'not-sent' ? LONGEST_OFFLINE_MS : undefined
  await note(ports, id, (account) => ({
    ...withHappening(account, { event: kind === 'unknown' ? 'lost' : 'failed', atMs, by, reason }),
    cooldownUntil: time(atMs + (asked ?? coolDownMs(account, longestMs))),
  }))
}

/** For how long the provider may not be asked yet. */
export function coolingMs({ cooldownUntil }: Account, nowMs: number): number {
  const leftMs = cooldownUntil === null ? 0 : Date.parse(cooldownUntil) - nowMs
  return leftMs > COOL_DOWN_LIMIT_MS ? 0 : Math.max(0, leftMs)
}

/** Why the provider is not asked. */
export function stillCooling({ provider, history }: Account, leftMs: number): AuthError {
  const reason = failuresInARow(history).at(-1)?.reason
  const why = reason === undefined ? '' : `, after ${reason}`
  const again = `${Math.ceil(leftMs / 1000)} s`
  return new AuthError('provider-unavailable', `${provider} is not asked again for ${again}${why}`, {
    hint: `try again in ${again}`,
  })
}

/** Why a renewal whose answer did not arrive is not sent once more as long as the old token lives. */
export function answerLost({ provider }: Account, at: string): AuthError {
  return new AuthError('provider-unavailable', `no answer of ${provider} arrived to the renewal of ${at}`, {
    hint: 'it is tried once more when the old token is over',
  })
}

/** Marks the account as needing a new sign-in. Its tokens stay; the refused one is never sent again. */
export async function killGrant(
  ports: FactPorts,
  { id }: Account,
  refreshToken: Secret,
  reason: string,
): Promise<void> {
  const [atMs, by, spent] = [ports.clock.nowMs(), ports.environment.caller, fingerprint(refreshToken)]
  await note(ports, id, (account) => ({
    ...withHappening(account, { event: 'refused', atMs, by, spent, reason }),
    state: 'needs-login',
    stateReason: reason,
    cooldownUntil: null,
  }))
}

/** An older item that was put back into the vault: what it holds was spent, so the account has to say what it needs. */
export async function noteSpentGrant(ports: FactPorts, account: Account, { tokens }: TokenBundle): Promise<void> {
  const { refreshToken } = tokens
  const isTold = account.state === 'needs-login' || account.state === 'error'
  if (refreshToken === undefined || isTold || !isSpent(account, refreshToken)) return
  await killGrant(ports, account, refreshToken, 'the tokens in the vault are older than those that were renewed')
}

/** The account with the facts of its bundle, written down where the file lags behind the vault. */
export async function healFacts(ports: FactPorts, account: Account, held: TokenBundle): Promise<Account> {
  if (account.secret.generation >= held.generation) return account
  const [atMs, by] = [ports.clock.nowMs(), ports.environment.caller]
  const adopted = (current: Account) =>
    withHappening(unsettled(withBundle(current, held)), { event: 'adopted', atMs, by })
  const heal = (current: Account) => (current.secret.generation < held.generation ? adopted(current) : current)
  await note(ports, account.id, heal)
  return heal(account)
}

export interface AdoptedTokens {
  /** The tool that has renewed them. */
  readonly from: string
  readonly old: TokenBundle
  readonly adopted: TokenBundle
  readonly found: Pick<LinkedTokens, 'identity' | 'refreshedAtMs'>
}

/** The account with the facts of tokens that another tool has renewed; ours were spent by that. */
export async function tellAdopted(
  ports: FactPorts,
  account: Account,
  { from, old, adopted, found }: AdoptedTokens,
): Promise<Account> {
  const atMs = ports.clock.nowMs()
  const [before, after] = [old, adopted].map(({ tokens }) => tokens.refreshToken && fingerprint(tokens.refreshToken))
  const spent = before === after ? undefined : before
  const change = (current: Account): Account => ({
    ...withHappening(unsettled(withBundle(current, adopted)), { event: 'adopted', atMs, by: { program: from }, spent }),
    tier: found.identity.tier ?? current.tier,
    email: found.identity.email ?? current.email,
    lastRefreshedAt: time(Math.min(found.refreshedAtMs ?? atMs, atMs)),
    cooldownUntil: null,
  })
  await note(ports, account.id, change)
  return change(account)
}

/** What was said of the old tokens does not hold for the new ones. */
function unsettled(account: Account): Account {
  const isSettled = account.state === 'needs-login' || account.state === 'error'
  return isSettled ? { ...account, state: 'created', stateReason: null } : account
}

/** What is noted here is worth having, and never worth a failure: what led to it is the thing to tell. */
async function note(ports: FactPorts, id: string, change: (account: Account) => Account): Promise<void> {
  try {
    await ports.authFile.update((file: AuthFile) => withChanged(file, id, change))
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
  }
}
