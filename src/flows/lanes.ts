import type { Account } from '../model/account.ts'
import type { Provider } from '../model/provider.ts'

/**
 * The accounts of one issuer and client: a vendor counts their renewals together, so they
 * are renewed one after the other.
 */
export function lanes<T extends { readonly account: Account }>(
  items: readonly T[],
  providerOf: (account: Account) => Provider | undefined,
): T[][] {
  const found = new Map<string, T[]>()
  for (const item of items) {
    const provider = providerOf(item.account)
    const { id, mode } = { id: item.account.provider, mode: item.account.mode }
    const lane = JSON.stringify(
      provider === undefined ? [id, mode] : [provider.issuer ?? provider.tokenEndpoint ?? id, provider.clientId],
    )
    const members = found.get(lane)
    if (members === undefined) found.set(lane, [item])
    else members.push(item)
  }
  return [...found.values()]
}
