import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import { readUsage, type Usage } from '../model/usage.ts'
import { retryAfterMs } from '../oauth/retry-after.ts'
import { fetchUsage } from '../oauth/usage.ts'
import { findProvider } from '../providers/registry.ts'
import { getById } from './account-by-id.ts'
import { time, withChanged } from './account-facts.ts'
import { askedWithToken, type Asked } from './asked-with-token.ts'
import type { FreshTokenPorts } from './fresh-token.ts'

/** What is known of an account's rate limits. */
export interface KnownUsage {
  readonly account: Account
  /** The last good answer; `null` where there is none. */
  readonly usage: Usage | null
  /** Of the last good answer. */
  readonly ageMs: number | undefined
  /** Why there is no newer answer. */
  readonly problem: string | undefined
  /** What the user should be told on stderr. */
  readonly warnings: readonly string[]
}

/** Between two questions for one account, whatever came of the first; longer where the provider says so. */
const PAUSE_MS = 180_000
/** A later time than this comes from a clock that was wrong: `retryAfterMs` gives no longer wait. */
const PAUSE_LIMIT_MS = 86_400_000

/**
 * The account's rate-limit windows, asked for at most once in three minutes by all processes
 * together: the answer, or that there was none, stands in `auth.json`. A failure leaves the
 * last good answer in place.
 *
 * The lock is not the one for renewals, which must not wait for a server that is slow to
 * count; and a token that is refused can be renewed while it is held.
 *
 * @throws AuthError `account-not-found` when it was signed out meanwhile, `cancelled`, `usage`
 * for settings that cannot be read.
 */
export async function knownUsage(ports: FreshTokenPorts, account: Account, signal: AbortSignal): Promise<KnownUsage> {
  const provider = findProvider(ports.settings.read(), account)
  if (provider?.usageEndpoint === undefined || provider.usage === undefined) {
    const problem = `${account.provider} is not known to tell how much is used`
    return { account, usage: null, ageMs: undefined, problem, warnings: [] }
  }
  const recent = () => recentUsage(ports, getById(ports.authFile.read(), account.id))
  try {
    return (
      recent() ??
      (await ports.journal.exclusively(
        `${account.id}.usage`,
        async () => recent() ?? askForUsage(ports, getById(ports.authFile.read(), account.id), provider, signal),
        () => Promise.resolve(recent()),
      ))
    )
  } catch (error) {
    const { message: problem } = faultIn(error)
    return known(ports, getById(ports.authFile.read(), account.id), { problem })
  }
}

/** The usage that an answer of the provider tells, as it is kept. */
export function usageIn(provider: Provider, body: UntrustedRecord, nowMs: number): Usage {
  return {
    checkedAt: time(nowMs),
    windows: provider.usage?.windows(body) ?? [],
    askAgainAt: time(nowMs + PAUSE_MS),
  }
}

/** What is known, if the provider may not be asked yet. */
function recentUsage(ports: Pick<Ports, 'clock'>, account: Account): KnownUsage | undefined {
  const askAgainAt = readUsage(account.usage)?.askAgainAt
  const leftMs = askAgainAt === undefined ? 0 : Date.parse(askAgainAt) - ports.clock.nowMs()
  return leftMs > 0 && leftMs <= PAUSE_LIMIT_MS ? known(ports, account) : undefined
}

/** Asks, and writes down what came of it. */
async function askForUsage(
  ports: FreshTokenPorts,
  account: Account,
  provider: Provider,
  signal: AbortSignal,
): Promise<KnownUsage> {
  const asked = await askedWithToken(ports, account, provider, (http, { tokens }) =>
    fetchUsage(http, provider, tokens.accessToken, account.accountId, signal),
  ).catch((error: unknown): Attempt => {
    return { answer: { kind: 'failed', error: faultIn(error), retryAfter: undefined }, warnings: [] }
  })
  const usage = usageAfter(asked, provider, readUsage(account.usage), ports.clock.nowMs())
  const file = await ports.authFile.update((current) =>
    withChanged(current, account.id, (before) => ({ ...before, usage })),
  )
  return known(ports, getById(file, account.id), { warnings: asked.warnings })
}

type Attempt = Pick<Asked, 'answer' | 'warnings'> & Partial<Pick<Asked, 'unrenewed'>>

/** The new answer; or the last good one, with why there is none. */
function usageAfter({ answer, unrenewed }: Attempt, provider: Provider, last: Usage | undefined, nowMs: number): Usage {
  if (answer.kind === 'answered') return usageIn(provider, answer.body, nowMs)
  const waitMs = answer.kind === 'failed' ? retryAfterMs(answer.retryAfter, nowMs) : undefined
  const because = unrenewed === undefined ? '' : `; ${unrenewed.message}`
  return {
    checkedAt: last?.checkedAt ?? null,
    windows: last?.windows ?? [],
    askAgainAt: time(nowMs + Math.max(PAUSE_MS, waitMs ?? 0)),
    problem: `${answer.error.message}${because}`,
  }
}

/** The failure of one account. A bug, Ctrl-C and an account that is gone go on their way. */
function faultIn(error: unknown): AuthError {
  if (error instanceof AuthError && error.code !== 'cancelled' && error.code !== 'account-not-found') return error
  throw error
}

function known(
  { clock }: Pick<Ports, 'clock'>,
  account: Account,
  { problem, warnings = [] }: { readonly problem?: string; readonly warnings?: readonly string[] } = {},
): KnownUsage {
  const stored = readUsage(account.usage)
  const checkedAt = stored?.checkedAt ?? undefined
  return {
    account,
    usage: checkedAt === undefined ? null : (stored ?? null),
    ageMs: checkedAt === undefined ? undefined : Math.max(0, clock.nowMs() - Date.parse(checkedAt)),
    problem: problem ?? stored?.problem,
    warnings,
  }
}
