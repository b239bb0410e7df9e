import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Intent } from '../model/journal.ts'
import type { Hold, Ports } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { requestRefresh, type RefreshOutcome } from '../oauth/refresh.ts'
import { fingerprint } from '../vault/fingerprint.ts'
import { time } from './account-facts.ts'
import { httpFor } from './http-for.ts'
import { keepRenewal, type Kept } from './keep-renewal.ts'
import { isRenewedElsewhere } from './linked-sign-in.ts'
import { vaultOf } from './vault-of.ts'

export type RenewAccountPorts = Pick<
  Ports,
  'vaults' | 'authFile' | 'journal' | 'foreignFiles' | 'http' | 'clock' | 'settings' | 'interruption' | 'uninterrupted'
> & { readonly environment: Pick<Ports['environment'], 'variables' | 'caller'> }

export interface RenewAccountInput {
  readonly account: Account
  readonly provider: Provider
  readonly held: TokenBundle
  readonly refreshToken: Secret
  /** Fingerprint of another one, which the linked tool's file holds and is to hold no longer. */
  readonly outdated: string | undefined
  /** Try again when it may help. */
  readonly insist: boolean
  /** The access token still works: then nothing is sent again whose outcome is unknown. */
  readonly isAlive: boolean
}

/** The refusals and faults that leave the old tokens in place. */
export type Unrenewed = Exclude<RefreshOutcome, { kind: 'answered' }> & {
  /** When the same token had been sent before, without an answer. */
  readonly lostAt?: string | undefined
}

const TRIES = 3
const BACK_OFF_MS = 500
/** What is waited for at most with the lock in hand; longer waits end the run with the time to come back. */
export const LONGEST_WAIT_MS = 3000
/** A renewal that took longer is not tried again by the same program: its caller has given up by now. */
const PATIENCE_MS = 20_000

/**
 * Spends the refresh token, under the account's lock, and keeps what comes back.
 *
 * Before anything is sent, the vault and the journal have proven that they can be written,
 * and an intent tells that this token is on its way. From then until the answer is kept, no
 * signal ends the program.
 *
 * Returns nothing, and has sent nothing, when a tool that shares the grant turns out to have
 * renewed it: it may do so between two of our tries.
 *
 * @throws AuthError what the storage throws before anything is sent, `provider-rejected` when
 * the answer is for another account, `cancelled` once what came is kept.
 */
export async function renewAccount(
  ports: RenewAccountPorts,
  input: RenewAccountInput,
  hold: Hold,
): Promise<Kept | Unrenewed | undefined> {
  await vaultOf(ports.vaults, input.account).probe(input.account.id)
  const startedAtMs = ports.clock.nowMs()
  for (let tries = 1; ; tries++) {
    if (await isRenewedElsewhere(ports, input.account, input.held)) return undefined
    const outcome = await ports.uninterrupted(() => renewOnce(ports, input, hold))
    if (ports.interruption.aborted) throw interruptionOf(ports.interruption, outcome)
    if ('bundle' in outcome || outcome.kind === 'dead') return outcome
    const waitMs = outcome.waitMs ?? BACK_OFF_MS * 2 ** (tries - 1)
    const isTooLate = ports.clock.nowMs() - startedAtMs > PATIENCE_MS
    const mayRepeat = outcome.kind === 'unknown' ? !input.isAlive : input.insist
    if (!mayRepeat || tries === TRIES || waitMs > LONGEST_WAIT_MS || isTooLate) return outcome
    await ports.clock.sleep(waitMs + ports.clock.jitterMs(waitMs / 2), ports.interruption)
  }
}

/** Whoever interrupts should still learn that the new tokens are not where they belong yet. */
function interruptionOf(signal: AbortSignal, outcome: Kept | Unrenewed): Error {
  const trouble = 'bundle' in outcome ? outcome.trouble : undefined
  if (trouble === undefined) return signal.reason as Error
  return new AuthError('cancelled', trouble.message, { hint: trouble.hint })
}

async function renewOnce(
  ports: RenewAccountPorts,
  { account, provider, held, refreshToken, outdated }: RenewAccountInput,
  hold: Hold,
): Promise<Kept | Unrenewed> {
  const http = httpFor(ports, account.proxy)
  const lost = lostRenewal(ports, account, refreshToken)
  const intent: Intent = {
    accountId: account.id,
    generation: Math.max(held.generation, account.secret.generation) + 1,
    spends: fingerprint(refreshToken),
    ...(outdated !== undefined && { outdated }),
    at: lost?.at ?? time(ports.clock.nowMs()),
    ...ports.environment.caller,
  }
  hold.assertHeld()
  ports.journal.announce(intent)
  const outcome = await requestRefresh({ http, clock: ports.clock }, provider, held, refreshToken).catch(
    (error: unknown) => {
      if (lost === undefined) ports.journal.drop(account.id)
      throw error
    },
  )
  if (outcome.kind === 'answered') return keepRenewal(ports, account, provider, { old: held, intent, answer: outcome })
  // Only where the server may have spent the token does the record have something to tell.
  if (outcome.kind === 'dead' || (outcome.kind !== 'unknown' && lost === undefined)) ports.journal.drop(account.id)
  return { ...outcome, lostAt: lost?.at }
}

/** The renewal of which no answer arrived, when this refresh token was sent with it. */
export function lostRenewal(
  { journal }: Pick<Ports, 'journal'>,
  { id }: Account,
  refreshToken: Secret,
): Intent | undefined {
  const left = journal.read(id)
  return left?.intent.spends === fingerprint(refreshToken) ? left.intent : undefined
}
