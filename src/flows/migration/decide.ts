import { looksLike } from '../../model/account-name.ts'
import type { Account, AuthFile } from '../../model/account.ts'
import type { Custody, MigratedAccount } from '../../model/backup.ts'
import { linkOf } from '../../model/linked.ts'
import { fingerprint } from '../../vault/fingerprint.ts'
import { isSpent } from '../account-facts.ts'
import type { Carried } from './carry.ts'
import type { Source } from './find-source.ts'

/** A sign-in that becomes an account, or renews one that exists. */
export interface Import {
  readonly carried: Carried
  readonly target: MigratedAccount
  /** The account that gets newer tokens, or that a rolled back migration had made. */
  readonly existing: Account | undefined
}

export interface Decision {
  readonly imports: readonly Import[]
  /** Why a sign-in is left where it is, one sentence each. */
  readonly notes: readonly string[]
}

export interface DecideInput {
  readonly source: Source
  readonly custody: Custody
  readonly carried: readonly Carried[]
  readonly current: AuthFile | undefined
  /** Accounts of a run that was cut off, or of a migration that was rolled back: their ids and names are used again. */
  readonly planned: readonly MigratedAccount[]
  /** What was known of those that were rolled back. */
  readonly revived: readonly Account[]
  readonly uuid: () => string
}

/**
 * What becomes of each sign-in. The same account is known by the provider's id of it, else by
 * its token; the newer tokens win, and where nobody can tell which are newer, both are kept.
 */
export function decide(input: DecideInput): Decision {
  const imports: Import[] = []
  const notes: string[] = []
  for (const carried of input.carried) {
    const known = knownAs(carried, input)
    const verdict = known === undefined ? 'new' : compare(carried, known, input)
    if (known !== undefined && endsLink(input, known, verdict)) imports.push(importOf(input, carried, known, imports))
    else if (known !== undefined && verdict === 'same')
      notes.push(`${known.name} is the same sign-in and stays as it is`)
    else if (known !== undefined && verdict === 'older') notes.push(`${known.name} has newer tokens and keeps them`)
    else imports.push(importOf(input, carried, verdict === 'newer' ? known : undefined, imports))
  }
  return { imports, notes }
}

type Verdict = 'same' | 'older' | 'newer' | 'new'

/** An account that was linked is to have the grant for itself from now on. */
function endsLink({ custody }: DecideInput, known: Account, verdict: Verdict): boolean {
  return verdict === 'same' && (custody === 'take-over' || custody === 'copy') && linkOf(known) !== undefined
}

function knownAs({ part, provider, tokens, identity }: Carried, { current, source }: DecideInput): Account | undefined {
  const own = (current?.accounts ?? []).filter((account) => account.provider === provider)
  const mark = fingerprint(tokens.accessToken)
  const alike = own.filter((account) => (account.mode === 'api-key') === (part === 'api-key'))
  const bySameToken = alike.find(({ secret }) => secret.fingerprint === mark)
  if (bySameToken !== undefined || part === 'api-key') return bySameToken
  const { accountId } = identity
  const linked = alike.filter((account) => linkOf(account)?.path === source.file.path)
  if (accountId === undefined) return linked[0]
  return [...linked, ...alike].find((account) => account.accountId === accountId)
}

/** By the end of the access tokens, else by the time of the last renewal; a link is as old as its account. */
function compare({ tokens, lastRefreshedAtMs }: Carried, known: Account, { source }: DecideInput): Verdict {
  if (known.secret.fingerprint === fingerprint(tokens.accessToken)) return 'same'
  if (tokens.refreshToken !== undefined && isSpent(known, tokens.refreshToken)) return 'older'
  const ends = difference(tokens.expiresAtMs, known.expiresAt)
  const since = linkOf(known)?.path === source.file.path ? known.createdAt : null
  const age = ends ?? difference(lastRefreshedAtMs, known.lastRefreshedAt ?? since)
  if (age === undefined || age === 0) return known.state === 'needs-login' ? 'newer' : 'new'
  return age > 0 ? 'newer' : 'older'
}

function difference(aMs: number | undefined, b: string | null): number | undefined {
  return aMs === undefined || b === null ? undefined : aMs - Date.parse(b)
}

function importOf(
  input: DecideInput,
  carried: Carried,
  known: Account | undefined,
  earlier: readonly Import[],
): Import {
  const { part } = carried
  if (known !== undefined) {
    return { carried, existing: known, target: { id: known.id, name: known.name, part, isNew: false } }
  }
  const planned = input.planned.find((target) => target.part === part && target.isNew)
  const taken = [...(input.current?.accounts ?? []), ...earlier.map(({ target }) => target)].map(({ name }) => name)
  const isTaken = (name: string) => taken.some((other) => looksLike(other, name))
  const name = planned !== undefined && !isTaken(planned.name) ? planned.name : freeName(input, carried, isTaken)
  const target = { id: planned?.id ?? input.uuid(), name, part, isNew: true }
  return { carried, existing: input.revived.find(({ id }) => id === target.id), target }
}

/** The provider's id, as a sign-in would name it; a key beside a sign-in says what it is. */
function freeName({ carried }: DecideInput, { provider, part }: Carried, isTaken: (name: string) => boolean): string {
  const isBeside = part === 'api-key' && carried.some((other) => other.part === 'tokens')
  const wanted = isBeside ? `${provider}-api-key` : provider
  for (let count = 1; ; count++) {
    const name = count === 1 ? wanted : `${wanted}-${count}`
    if (!isTaken(name)) return name
  }
}
