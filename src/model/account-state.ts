import type { Account, AccountState } from './account.ts'
import { linkOf } from './linked.ts'

/** The state of an account at a moment, and why, as `status` tells it. */
export interface StateAt {
  readonly state: AccountState
  readonly reason: string | null
}

/**
 * What is true of an account now, from its facts alone: time passes without anybody writing
 * the file, so a stored `active` whose token is over is `expired`, or `needs-login` when
 * nothing is left to renew it with.
 */
export function stateAt(account: Account, nowMs: number): StateAt {
  const stored: StateAt = { state: account.state, reason: account.stateReason }
  const isSettled = account.state === 'needs-login' || account.state === 'error'
  if (isSettled || !isPast(account.expiresAt, nowMs)) return stored
  if (linkOf(account)?.tool === 'claude-code') {
    return { state: 'expired', reason: 'the token is over, and claude-code is to renew it' }
  }
  if (!account.secret.renewable) {
    return { state: 'needs-login', reason: 'the token is over and there is nothing to renew it with' }
  }
  if (isPast(account.refreshExpiresAt, nowMs)) {
    return { state: 'needs-login', reason: 'the token is over and the time to renew it has passed' }
  }
  return { state: 'expired', reason: 'the token is over and can be renewed' }
}

function isPast(time: string | null, nowMs: number): boolean {
  return time !== null && Date.parse(time) <= nowMs
}
