import type { Account } from '../model/account.ts'
import type { Provider } from '../model/provider.ts'

/**
 * The accounts of one issuer and client: a vendor counts their renewals together, so they
 * are renewed one after the other.
 */
export function lanes(
  accounts: readonly Account[],
  providerOf: (account: Account) => Provider | undefined,
): Account[][] {
  const found = new Map<string, Account[]>()
  for (const account of accounts) {
    const lane = laneOf(account, providerOf(account))
    found.set(lane, [...(found.get(lane) ?? []), account])
  }
  return [...found.values()]
}

function laneOf({ provider: id, mode }: Account, provider: Provider | undefined): string {
  const server = provider?.tokenEndpoint ?? provider?.issuer
  return JSON.stringify(server === undefined ? [id, mode] : [server, provider?.clientId])
}
