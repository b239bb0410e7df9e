import type { Account } from '../model/account.ts'
import { AuthError, type AuthErrorCode } from '../model/errors.ts'
import type { Hold } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { findProvider } from '../providers/registry.ts'
import { fingerprint } from '../vault/fingerprint.ts'
import { getById } from './account-by-id.ts'
import { signInAgain } from './choose-account.ts'
import { heldNow } from './held-now.ts'
import { heldToken, lasts } from './held-token.ts'
import { recoverRenewal } from './keep-renewal.ts'
import { linkedGrant } from './linked-grant.ts'
import { LONGEST_WAIT_MS, lostRenewal, renewAccount, type RenewAccountPorts, type Unrenewed } from './renew-account.ts'
import { renewableGrant, type RenewableGrant } from './renewable-grant.ts'
import { afterRenewal, served, stillUsable, type FreshToken } from './served-token.ts'
import { answerLost, coolDown, coolingMs, healFacts, killGrant, noteSpentGrant, stillCooling } from './unrenewed.ts'

export type { FreshToken } from './served-token.ts'
export type FreshTokenPorts = RenewAccountPorts

export interface FreshTokenInput {
  readonly account: Account
  /** What must be left of the token, in seconds. */
  readonly minValiditySeconds: number
  /** Renew also a token that would do: the user said so, or the provider has refused it. */
  readonly evenIfFresh?: boolean
}

/**
 * Returns tokens of which the access token stays valid for at least `minValiditySeconds`,
 * renewed once under the account's lock when it would not.
 *
 * Many processes may ask at once. All but one wait for the lock, see the first one's token and
 * leave with it: a refresh token is spent only once. While the access token lives, no renewal
 * whose outcome is unknown is sent again, for a server that has rotated would take the second
 * for theft and end the grant (RFC 9700 §4.14.2).
 *
 * @throws AuthError `sign-in-required`, `secret-missing`, `account-not-found`,
 * `provider-rejected`, `provider-unavailable`, `network`, `busy`, and what the storage throws.
 */
export async function freshToken(ports: FreshTokenPorts, input: FreshTokenInput): Promise<FreshToken> {
  const { minValiditySeconds, evenIfFresh = false } = input
  const stamp = ports.authFile.stamp()
  const { account, held } = await heldNow(ports, input.account)
  const isFresh = !evenIfFresh && lasts(held, minValiditySeconds, ports.clock.nowMs())
  if (isFresh) return served(await healFacts(ports, account, held), held)
  const isNewer = (bundle: TokenBundle) =>
    bundle.generation > held.generation && !isSameToken(bundle.tokens.accessToken, held.tokens.accessToken)
  try {
    return await ports.journal.exclusively(
      account.id,
      (hold) => underLock(ports, input, isNewer, hold),
      meanwhile(ports, account, isNewer, stamp),
    )
  } catch (error) {
    if (!(error instanceof AuthError) || !STORAGE_TROUBLE.includes(error.code)) throw error
    return stillUsable(ports, account, held, error, 'kept')
  }
}

/** These keep a renewal from being begun, and say nothing about the token that is still there. */
const STORAGE_TROUBLE: readonly AuthErrorCode[] = [
  'storage-unavailable',
  'storage-locked',
  'storage-timed-out',
  'auth-file-invalid',
  'busy',
]

/** Looks, whenever `auth.json` has changed, whether another process has renewed the token meanwhile. */
function meanwhile(
  ports: FreshTokenPorts,
  { id }: Account,
  isNewer: (bundle: TokenBundle) => boolean,
  firstStamp: string,
): () => Promise<FreshToken | undefined> {
  let seen = firstStamp
  return async () => {
    const stamp = ports.authFile.stamp()
    if (stamp === seen) return undefined
    seen = stamp
    const { account, held } = await heldNow(ports, getById(ports.authFile.read(), id))
    return isNewer(held) ? served(account, held) : undefined
  }
}

/** Reads everything again, since all of it may have changed while we waited; then renews if it is still needed. */
async function underLock(
  ports: FreshTokenPorts,
  input: FreshTokenInput,
  isNewer: (bundle: TokenBundle) => boolean,
  hold: Hold,
): Promise<FreshToken> {
  const { account: asked, evenIfFresh = false } = input
  const found = getById(ports.authFile.read(), asked.id)
  const provider = findProvider(ports.settings.read(), found)
  const kept = await heldToken(ports, found)
  // What was renewed while we waited is as fresh as can be had, however short it lasts.
  if (isNewer(kept)) return served(await healFacts(ports, found, kept), kept)
  const recovered = await recoverRenewal(ports, found, provider, kept)
  if (recovered !== undefined && (recovered.trouble !== undefined || isFreshEnough(ports, input, recovered.bundle))) {
    return afterRenewal(ports, recovered, found)
  }
  const account = recovered === undefined ? found : getById(ports.authFile.read(), asked.id)
  const held = recovered?.bundle ?? kept
  if (!evenIfFresh && isFreshEnough(ports, input, held)) return served(await healFacts(ports, account, held), held)
  return renewUnlessAdopted(ports, input, { account, provider, held }, hold)
}

interface Shared extends Pick<RenewableGrant, 'held'> {
  readonly account: Account
  readonly provider: Provider | undefined
}

/** Another tool may have renewed the grant that it shares with us: then what it has got counts. */
async function renewUnlessAdopted(
  ports: FreshTokenPorts,
  { minValiditySeconds, evenIfFresh = false }: FreshTokenInput,
  { provider, ...own }: Shared,
  hold: Hold,
): Promise<FreshToken> {
  const { account, held, isAdopted, outdated, obstacle, warnings } = await linkedGrant(ports, own.account, own.held)
  const neededSeconds = evenIfFresh ? 0 : minValiditySeconds
  if (isAdopted && lasts(held, neededSeconds, ports.clock.nowMs())) return served(account, held)
  if (obstacle !== undefined) {
    const usable = stillUsable(ports, account, held, obstacle.problem, obstacle.outcome)
    // Where another tool is to renew, only who insists has been refused anything.
    const isTold = evenIfFresh || obstacle.outcome === 'kept'
    return { ...usable, warnings: isTold ? [...warnings, ...usable.warnings] : warnings }
  }
  await noteSpentGrant(ports, account, held)
  const grant = renewableGrant(account, provider, held)
  const fresh = await renew(ports, { account, ...grant, isForced: evenIfFresh, outdated }, hold)
  return { ...fresh, warnings: [...warnings, ...fresh.warnings] }
}

/** A renewal that is only finished counts as one, also for whoever wants a renewal however fresh the token is. */
function isFreshEnough(ports: FreshTokenPorts, { minValiditySeconds }: FreshTokenInput, held: TokenBundle): boolean {
  return lasts(held, minValiditySeconds, ports.clock.nowMs())
}

interface Renewing extends RenewableGrant {
  readonly account: Account
  readonly isForced: boolean
  /** As `linkedGrant` tells it. */
  readonly outdated: string | undefined
  /** The tokens were found elsewhere after others had been refused: tried once. */
  readonly isSecond?: boolean
}

async function renew(ports: FreshTokenPorts, renewing: Renewing, hold: Hold): Promise<FreshToken> {
  const { account, provider, held, refreshToken, isForced, outdated } = renewing
  const isAlive = lasts(held, 0, ports.clock.nowMs())
  const insist = isForced || !isAlive
  const coolingForMs = coolingMs(account, ports.clock.nowMs())
  const mustWait = coolingForMs > (insist ? LONGEST_WAIT_MS : 0)
  const lost = lostRenewal(ports, account, refreshToken)
  // Who insists on a token without a known end has had it refused: there is nothing left to protect.
  const isLost = lost !== undefined && isAlive && !(isForced && held.tokens.expiresAtMs === undefined)
  const obstacle = mustWait ? stillCooling(account, coolingForMs) : isLost ? answerLost(account, lost.at) : undefined
  if (obstacle !== undefined) return stillUsable(ports, account, held, obstacle, 'waiting')
  if (coolingForMs > 0) await ports.clock.sleep(coolingForMs, ports.interruption)
  const input = { account, provider, held, refreshToken, outdated, insist, isAlive }
  const outcome = await renewAccount(ports, input, hold)
  if (outcome === undefined) return (await adoptNewer(ports, renewing, hold, false)) ?? overtaken(account)
  if ('bundle' in outcome) return afterRenewal(ports, outcome, account)
  if (outcome.kind !== 'dead') {
    await coolDown(ports, account, outcome)
    return stillUsable(ports, account, held, outcome.error, 'kept')
  }
  return (await adoptNewer(ports, renewing, hold, true)) ?? refused(ports, account, refreshToken, outcome)
}

/**
 * Refused or overtaken, but meanwhile somebody else's tokens stand in the vault, or in the file
 * of a tool that shares the grant: those count (security case R5).
 */
async function adoptNewer(
  ports: FreshTokenPorts,
  renewing: Renewing,
  hold: Hold,
  isRefused: boolean,
): Promise<FreshToken | undefined> {
  const { refreshToken: sent, isSecond = false } = renewing
  const kept = await heldToken(ports, renewing.account)
  const isNew = ({ tokens: { refreshToken } }: TokenBundle) => refreshToken && !isSameToken(refreshToken, sent)
  const own = { account: renewing.account, held: kept }
  const { account, held } = isNew(kept) ? own : await linkedGrant(ports, own.account, kept, isRefused)
  const { refreshToken } = held.tokens
  if (refreshToken === undefined || !isNew(held)) return undefined
  if (lasts(held, 0, ports.clock.nowMs())) return served(await healFacts(ports, account, held), held)
  return isSecond ? undefined : renew(ports, { ...renewing, account, held, refreshToken, isSecond: true }, hold)
}

async function refused(
  ports: FreshTokenPorts,
  account: Account,
  refreshToken: Secret,
  { error, lostAt }: Unrenewed,
): Promise<never> {
  const story = lostAt === undefined ? '' : `; the answer to the renewal of ${lostAt} was lost before it arrived`
  const reason = `${error.message}${story}`
  await killGrant(ports, account, refreshToken, reason)
  throw new AuthError('sign-in-required', `${account.name}: ${reason}`, { hint: signInAgain(account), cause: error })
}

function overtaken({ name }: Account): never {
  throw new AuthError('busy', `another tool is renewing the grant of ${name}`, { hint: 'try again' })
}

function isSameToken(a: Secret, b: Secret): boolean {
  return fingerprint(a) === fingerprint(b)
}
