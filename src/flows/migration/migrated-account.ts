import type { Account, StorageKind } from '../../model/account.ts'
import type { Caller } from '../../model/ports.ts'
import type { Provider } from '../../model/provider.ts'
import type { Link } from '../../model/linked.ts'
import type { TokenBundle } from '../../model/tokens.ts'
import { fingerprint } from '../../vault/fingerprint.ts'
import { time, withBundle, withHappening } from '../account-facts.ts'
import { newAccount } from '../keep-account.ts'
import type { Import } from './decide.ts'

export interface MigratedAccountInput {
  readonly storage: StorageKind
  /** The provider's row in the settings; `undefined` where they do not know it. */
  readonly provider: Provider | undefined
  /** The bundle that the account has now. */
  readonly held: TokenBundle | undefined
  readonly link: Link | undefined
  readonly from: string
  readonly by: Caller
  readonly atMs: number
}

/** An account as it stands after a migration, with the bundle that goes into the vault. */
export interface Migrated {
  readonly account: Account
  readonly bundle: TokenBundle
}

/** What an import makes of the account that it is for, or makes anew. */
export function migrated({ carried, existing, target }: Import, input: MigratedAccountInput): Migrated {
  const { storage, provider, held, link, from, by, atMs } = input
  const { tokens, identity } = carried
  const bundle: TokenBundle = {
    accountId: target.id,
    generation: Math.max(held?.generation ?? 0, existing?.secret.generation ?? 0) + 1,
    provider: carried.provider,
    tokenEndpoint: provider?.tokenEndpoint ?? '',
    clientId: carried.clientId ?? provider?.clientId ?? '',
    tokens,
  }
  const row = { id: carried.provider, mode: carried.mode }
  const base =
    existing ??
    newAccount(
      { name: target.name, provider: row, storage, grant: { identity, verified: false }, proxy: undefined },
      bundle,
      atMs,
    )
  const facts: Account = {
    ...withBundle(base, bundle),
    name: target.name,
    state: existing?.state === 'active' ? 'active' : 'created',
    stateReason: null,
    tier: identity.tier ?? base.tier,
    email: identity.email ?? base.email,
    accountId: base.accountId ?? identity.accountId ?? null,
    lastRefreshedAt: carried.lastRefreshedAtMs === undefined ? base.lastRefreshedAt : time(carried.lastRefreshedAtMs),
    cooldownUntil: null,
    linkedTo: link ?? null,
  }
  const stored = { ...facts, secret: { ...facts.secret, store: storage } }
  const account = withHappening(stored, {
    event: 'migrated',
    atMs,
    by,
    spent: spentBy(held, bundle),
    reason: `from ${from}`,
  })
  return { account, bundle }
}

/** The refresh token whose place is taken: another program has spent or ended it. */
function spentBy(held: TokenBundle | undefined, bundle: TokenBundle): string | undefined {
  const old = held?.tokens.refreshToken
  const next = bundle.tokens.refreshToken
  if (old === undefined || (next !== undefined && fingerprint(old) === fingerprint(next))) return undefined
  return fingerprint(old)
}
