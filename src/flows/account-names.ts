import { looksLike } from '../model/account-name.ts'
import type { AuthFile } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import { allProviders } from '../providers/registry.ts'

export interface WantedName {
  readonly name: string
  /** Id of the provider that the account is of. */
  readonly provider: string
  /** What to type instead, with a place for another name. */
  readonly hint: string
  /** Id of the account that is to be renamed, whose own name is not in its way. */
  readonly ownId?: string
}

/**
 * A name stands for one account, also to the eye. Asked before the browser opens and once
 * more under the file's lock, since two sign-ins may run at once.
 *
 * @throws AuthError `usage` that names the account which has it, or one that looks like it.
 */
export function assertNameIsFree(
  file: AuthFile | undefined,
  { name, hint, ownId }: Omit<WantedName, 'provider'>,
): void {
  const others = file?.accounts.filter(({ id }) => id !== ownId) ?? []
  const taken =
    others.find((account) => account.name.toLowerCase() === name.toLowerCase()) ??
    others.find((account) => looksLike(account.name, name))
  if (taken === undefined) return
  const isSame = taken.name.toLowerCase() === name.toLowerCase()
  const fault = isSame
    ? `an account named ${taken.name} exists`
    : `${name} is easily taken for the account ${taken.name}`
  const again = ownId === undefined && isSame ? `, or aiauth --reauthenticate ${taken.name}` : ''
  throw new AuthError('usage', fault, { hint: `${hint}${again}` })
}

/**
 * A provider's id speaks of its accounts: one of another provider may not be called so, or
 * `aiauth token claude` would give the token of somebody else.
 *
 * @throws AuthError `usage`.
 */
export function assertIsNoProvider(settings: UntrustedRecord, { name, provider, hint }: WantedName): void {
  const other = allProviders(settings).find(({ id }) => id !== provider && looksLike(id, name))
  if (other === undefined) return
  const likeness = other.id === name ? 'is' : 'is easily taken for'
  throw new AuthError('usage', `${name} ${likeness} the name of a provider, and the account is of ${provider}`, {
    hint,
  })
}
