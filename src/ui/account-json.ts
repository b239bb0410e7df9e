import { stateAt } from '../model/account-state.ts'
import type { Account } from '../model/account.ts'

export { jsonText } from './json-text.ts'

/**
 * One account as `--json` shows it. The names are part of the public contract; fields may be
 * added, never renamed.
 */
export function accountJson(
  account: Account,
  { isDefault, isEnabled = true, nowMs }: { isDefault: boolean; isEnabled?: boolean; nowMs: number },
) {
  const { state, reason } = stateAt(account, nowMs)
  return {
    id: account.id,
    name: account.name,
    provider: account.provider,
    mode: account.mode,
    enabled: isEnabled,
    state,
    stateReason: reason,
    tier: account.tier,
    email: account.email,
    accountId: account.accountId,
    scopes: account.scopes,
    expiresAt: account.expiresAt,
    expiresInSeconds: account.expiresAt === null ? null : Math.floor((Date.parse(account.expiresAt) - nowMs) / 1000),
    refreshExpiresAt: account.refreshExpiresAt,
    storage: account.secret.store,
    isDefault,
    priority: account.priority,
    endpoint: account.endpoint,
    notes: account.notes,
    linkedTo: account.linkedTo,
    lastRefreshedAt: account.lastRefreshedAt,
    usage: account.usage,
  }
}
