import type { Account } from '../model/account.ts'
import { AuthError, type AuthErrorCode } from '../model/errors.ts'
import { linkOf } from '../model/linked.ts'
import { isApiKey, type Provider } from '../model/provider.ts'
import { switchedOff } from '../model/switched-off.ts'
import { findProvider } from '../providers/registry.ts'
import { freshToken, type FreshTokenPorts } from './fresh-token.ts'
import { lanes } from './lanes.ts'

export interface RefreshAccountsInput {
  readonly accounts: readonly Account[]
  /** What must be left of a token; `undefined` renews each of them, however fresh it is. */
  readonly withinMs: number | undefined
  /** How many lanes run side by side. */
  readonly concurrency: number
  /** Called whenever an account is done. */
  readonly onDone: () => void
  /** What must be known of a renewal that went well, such as a linked tool that could not be told. */
  readonly onWarning: (warning: string) => void
}

/** What became of one account. The names are part of the public contract. */
export interface RefreshRow {
  readonly name: string
  readonly outcome: 'renewed' | 'fresh' | 'failed' | 'skipped'
  readonly code?: AuthErrorCode
  readonly message?: string
  readonly hint?: string
  readonly expiresAt: string | null
  readonly durationMs: number
}

/** Between two renewals of one lane: vendors count them by client and address. */
const GAP_MS = 250

/** A renewal that was cut off and has only to be finished counts as one when its token has this much left. */
const RECOVERED_VALIDITY_SECONDS = 60

/**
 * Renews accounts, each under its own lock: those of one issuer and client one after the
 * other, the lanes side by side. One that fails does not keep the others from their turn.
 * What is switched off, or has no way to be renewed, is skipped. Rows come back in the order of
 * the accounts.
 *
 * @throws AuthError `cancelled`.
 */
export async function refreshAccounts(
  ports: FreshTokenPorts,
  { accounts, withinMs, concurrency, onDone, onWarning }: RefreshAccountsInput,
): Promise<RefreshRow[]> {
  const rows = new Map<Account, RefreshRow>()
  const settings = ports.settings.read()
  for (const account of accounts) {
    const reason = switchedOff(settings, account) ?? unrenewable(account, findProvider(settings, account))
    if (reason === undefined) continue
    rows.set(account, rowOf(account, 'skipped', 0, reason))
    onDone()
  }
  const toRenew = accounts.filter((account) => !rows.has(account))
  const waiting = lanes(toRenew, (account) => findProvider(settings, account))
  const runLanes = async () => {
    for (let lane = waiting.shift(); lane !== undefined; lane = waiting.shift()) {
      for (const [index, account] of lane.entries()) {
        if (index > 0) await ports.clock.sleep(GAP_MS + ports.clock.jitterMs(GAP_MS), ports.interruption)
        ports.interruption.throwIfAborted()
        rows.set(account, await refreshed(ports, account, withinMs, onWarning))
        onDone()
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, runLanes))
  return accounts.flatMap((account) => rows.get(account) ?? [])
}

async function refreshed(
  ports: FreshTokenPorts,
  account: Account,
  withinMs: number | undefined,
  onWarning: RefreshAccountsInput['onWarning'],
): Promise<RefreshRow> {
  const startedAtMs = ports.clock.nowMs()
  const tookMs = () => Math.max(0, ports.clock.nowMs() - startedAtMs)
  const minValiditySeconds = withinMs === undefined ? RECOVERED_VALIDITY_SECONDS : Math.ceil(withinMs / 1000)
  const asked = { minValiditySeconds, evenIfFresh: withinMs === undefined }
  try {
    const fresh = await freshToken(ports, { account, ...asked })
    for (const warning of fresh.warnings) onWarning(warning)
    const outcome = fresh.trouble === undefined ? ROW_OUTCOMES[fresh.outcome] : 'failed'
    const { name } = account
    return rowOf({ name, expiresAt: fresh.account.expiresAt }, outcome, tookMs(), fresh.trouble ?? fresh.problem)
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'cancelled') throw error
    // It is for that tool to renew, and nothing here has failed.
    const isTheirs = linkOf(account)?.tool === 'claude-code' && error.code === 'sign-in-required'
    return rowOf(account, isTheirs ? 'skipped' : 'failed', tookMs(), error)
  }
}

const ROW_OUTCOMES = { fresh: 'fresh', renewed: 'renewed', kept: 'failed', waiting: 'skipped' } as const

function rowOf(
  { name, expiresAt }: Pick<Account, 'name' | 'expiresAt'>,
  outcome: RefreshRow['outcome'],
  durationMs: number,
  problem?: AuthError,
): RefreshRow {
  return {
    name,
    outcome,
    ...(problem !== undefined && { code: problem.code, message: problem.message }),
    ...(problem?.hint !== undefined && { hint: problem.hint }),
    expiresAt,
    durationMs,
  }
}

function unrenewable(account: Account, provider: Provider | undefined): AuthError | undefined {
  const { name, secret } = account
  if (provider !== undefined && isApiKey(provider)) {
    return new AuthError('usage', `${name} is an API key, there is nothing to renew`)
  }
  const isRenewed = secret.renewable || linkOf(account) !== undefined
  return isRenewed ? undefined : new AuthError('sign-in-required', `${name} has no way to be renewed`)
}
