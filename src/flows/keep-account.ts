import type { Account, AuthFile, StorageKind } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports, Vault } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { time, withBundle, withHappening } from './account-facts.ts'
import { assertNameIsFree } from './account-names.ts'
import type { Grant } from './sign-in.ts'

export interface KeepAccountInput {
  readonly name: string
  readonly provider: Provider
  readonly storage: StorageKind
  readonly grant: Grant
  /** The account's own way to its provider; `undefined` where the settings and the environment decide. */
  readonly proxy: string | undefined
}

/**
 * Makes a grant an account: the secrets into the vault and read back, then the facts into
 * `auth.json`.
 *
 * In this order a crash leaves at worst a secret that nothing refers to; the other order
 * would leave an account that says "signed in" and is not.
 *
 * @throws AuthError what vault and file throw; then neither of them holds the account.
 */
export async function keepAccount(
  ports: Pick<Ports, 'vaults' | 'authFile' | 'clock' | 'environment' | 'identifiers'>,
  input: KeepAccountInput,
): Promise<Account> {
  const { provider, grant } = input
  const vault = ports.vaults.vault(input.storage)
  const bundle: TokenBundle = {
    accountId: ports.identifiers.uuid(),
    generation: 1,
    provider: provider.id,
    tokenEndpoint: provider.tokenEndpoint ?? '',
    clientId: grant.clientId ?? provider.clientId,
    tokens: grant.tokens,
  }
  const atMs = ports.clock.nowMs()
  const signedIn = { event: 'signed-in', atMs, by: ports.environment.caller } as const
  const account = withHappening(newAccount(input, bundle, atMs), signedIn)
  await writeAndReadBack(vault, bundle)
  try {
    await ports.authFile.update((file) => withAccount(file, account))
  } catch (error) {
    // The file's failure is the one to tell; a secret that stays behind is referred to by nothing.
    await vault.remove(bundle.accountId).catch(() => undefined)
    throw error
  }
  return account
}

/**
 * When this returns, the vault holds the bundle, as reading has shown.
 *
 * @throws AuthError `storage-unavailable`, and what the vault throws.
 */
export async function writeAndReadBack(vault: Vault, bundle: TokenBundle): Promise<void> {
  await vault.write(bundle)
  const stored = await vault.read(bundle.accountId)
  if (stored !== undefined && isSame(stored, bundle)) return
  throw new AuthError('storage-unavailable', `the ${vault.kind} did not keep what was written to it`, {
    hint: 'choose another storage: --storage passphrase',
  })
}

function isSame(a: TokenBundle, b: TokenBundle): boolean {
  return (
    a.generation === b.generation &&
    a.tokens.accessToken.reveal() === b.tokens.accessToken.reveal() &&
    a.tokens.refreshToken?.reveal() === b.tokens.refreshToken?.reveal()
  )
}

/** What is known of an account when it is made, beside what stands in its bundle. */
export interface NewAccount {
  readonly name: string
  readonly provider: Pick<Provider, 'id' | 'mode'>
  readonly storage: StorageKind
  readonly grant: Pick<Grant, 'identity' | 'verified' | 'reservation'>
  readonly proxy: string | undefined
}

/** An account and its bundle's facts; nothing has happened to it yet. */
export function newAccount(input: NewAccount, bundle: TokenBundle, nowMs: number): Account {
  const { name, provider, storage, grant } = input
  const { identity, verified } = grant
  const now = time(nowMs)
  const account: Account = {
    id: bundle.accountId,
    name,
    provider: provider.id,
    mode: provider.mode,
    state: verified ? 'active' : 'created',
    stateReason: grant.reservation ?? null,
    tier: identity.tier ?? null,
    email: identity.email ?? null,
    accountId: identity.accountId ?? null,
    organizations: identity.organizations,
    scopes: [],
    expiresAt: null,
    refreshExpiresAt: null,
    createdAt: now,
    updatedAt: now,
    lastRefreshedAt: null,
    lastUsedAt: null,
    cooldownUntil: null,
    priority: 0,
    endpoint: null,
    proxy: input.proxy ?? null,
    notes: null,
    usage: null,
    history: [],
    secret: { store: storage, generation: bundle.generation, renewable: false },
    linkedTo: null,
  }
  return withBundle(account, bundle)
}

/** The file with one account more. @throws AuthError `usage` when its name is taken. */
export function withAccount(file: AuthFile, account: Account): AuthFile {
  const { name, provider } = account
  assertNameIsFree(file, { name, hint: nameHint(provider) })
  // The kind is decided anew where nothing is kept any more (choose-storage.ts).
  const decided = file.accounts.length === 0 ? null : file.storage
  return { ...file, storage: decided ?? account.secret.store, accounts: [...file.accounts, account] }
}

/** What to type where the name of a new account is taken. */
export function nameHint(provider: string): string {
  return `aiauth login ${provider} --name <another name>`
}
