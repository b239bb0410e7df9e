import type { Account, AuthFile, HistoryEventName } from '../model/account.ts'
import { failuresInARow, withEvent } from '../model/history.ts'
import type { Caller } from '../model/ports.ts'
import type { Identity } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { text, texts } from '../model/untrusted.ts'
import { fingerprint } from '../vault/fingerprint.ts'

/** How many spent refresh tokens an account remembers. */
const SPENT_LIMIT = 50

/**
 * Where the provider names no time: short enough that who has mended the fault is not made to
 * wait, doubled with each failure in a row, so that a crowd does not keep an outage going.
 */
const COOL_DOWN_MS = 2000
const LONGEST_COOL_DOWN_MS = 128_000

/** How long the provider is left alone after one failure more. */
export function coolDownMs({ history }: Account, longestMs = LONGEST_COOL_DOWN_MS): number {
  const failures = failuresInARow(history).reduce((sum, { count = 1 }) => sum + count, 0)
  return Math.min(COOL_DOWN_MS * 2 ** Math.min(failures, 30), longestMs)
}

/** Something that happened to an account, as its history tells it. */
export interface Happening {
  readonly event: HistoryEventName
  readonly atMs: number
  /** Without a process id where it is known by its file only. */
  readonly by: Pick<Caller, 'program'> & Partial<Caller>
  /** Fingerprint of the refresh token that was spent or refused, and must never be sent again. */
  readonly spent?: string | undefined
  readonly reason?: string | undefined
}

/** The file with one account changed; one that is gone stays gone. */
export function withChanged(file: AuthFile, id: string, change: (account: Account) => Account): AuthFile {
  return { ...file, accounts: file.accounts.map((account) => (account.id === id ? change(account) : account)) }
}

/** The facts that stand in a bundle: what `auth.json` copies for `status`, and heals from. */
export function withBundle(account: Account, { tokens, generation }: TokenBundle): Account {
  return {
    ...account,
    scopes: tokens.scopes,
    expiresAt: timeOrNull(tokens.expiresAtMs),
    refreshExpiresAt: timeOrNull(tokens.refreshExpiresAtMs),
    secret: {
      ...account.secret,
      generation,
      renewable: tokens.refreshToken !== undefined,
      fingerprint: fingerprint(tokens.accessToken),
    },
  }
}

/** A provider that has just issued tokens for an account has thereby accepted it. */
export function renewed(account: Account, bundle: TokenBundle, identity: Identity | undefined, atMs: number): Account {
  return {
    ...withBundle(account, bundle),
    state: 'active',
    // What was granted in part only is not made whole by a renewal.
    stateReason: account.state === 'created' || account.state === 'active' ? account.stateReason : null,
    tier: identity?.tier ?? account.tier,
    email: identity?.email ?? account.email,
    lastRefreshedAt: time(atMs),
    cooldownUntil: null,
  }
}

/** The account with one event more; a token that was spent is remembered beyond the history. */
export function withHappening(account: Account, { event, atMs, by, spent, reason }: Happening): Account {
  const [token, old] = [text(account.secret.fingerprint), texts(account.secret.spent)]
  const history = withEvent(account.history, {
    at: time(atMs),
    event,
    program: by.program,
    ...(by.pid !== undefined && { pid: by.pid }),
    ...(token !== undefined && { fingerprint: token }),
    ...(spent !== undefined && { spent }),
    ...(reason !== undefined && { reason }),
  })
  const spentTokens = spent === undefined || old.includes(spent) ? old : [...old, spent].slice(-SPENT_LIMIT)
  const secret = spentTokens.length === 0 ? account.secret : { ...account.secret, spent: spentTokens }
  return { ...account, updatedAt: time(atMs), history, secret }
}

/** Whether this refresh token was spent by us, or refused for good: sending it again could end the whole grant. */
export function isSpent({ secret }: Account, refreshToken: Secret): boolean {
  return texts(secret.spent).includes(fingerprint(refreshToken))
}

export function time(ms: number): string {
  return new Date(ms).toISOString()
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : time(ms)
}
