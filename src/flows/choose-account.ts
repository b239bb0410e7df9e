import { stateAt } from '../model/account-state.ts'
import type { Account, AccountState, AuthFile } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import { isExhausted } from '../model/exhausted.ts'
import { nearest } from '../model/nearest.ts'
import { presetSource, type Preset } from '../model/preset.ts'
import { switchedOff } from '../model/switched-off.ts'
import { cleanLine, type UntrustedRecord } from '../model/untrusted.ts'

/** An account and, in a few words, how it came to be chosen. */
export interface Choice {
  readonly account: Account
  readonly why: string
}

export interface ChooseAccountInput {
  /** An account's name or a provider's id; `undefined` asks for the effective account. */
  readonly wanted: string | undefined
  /** What the environment says where none is wanted. */
  readonly preset: Preset | undefined
  readonly nowMs: number
  /** `config.json`, which may switch providers off. */
  readonly settings: UntrustedRecord
}

/** What to type where nobody is signed in. */
export const SIGN_IN = 'aiauth login claude, or aiauth login openai'

/** What to type to sign the same account in again under its name. */
export function signInAgain({ name }: Account): string {
  return `aiauth reauthenticate ${name}`
}

/** Better states first; within one, the order of `priority` (lower first) and then of age. */
const STATE_RANK: Readonly<Record<AccountState, number>> = {
  active: 0,
  created: 0,
  expired: 1,
  error: 2,
  'needs-login': 3,
}

/**
 * Finds the account that a command speaks of: by name, else among a provider's accounts, and
 * without either the preset, the default, the preferred provider's or the first by priority.
 * One that is switched off is passed over, or refused where it was named.
 *
 * @throws AuthError `account-not-found`, `usage` when all that could be meant is switched off.
 */
export function chooseAccount(file: AuthFile | undefined, input: ChooseAccountInput): Account {
  return candidates(file, input)[0]
}

/**
 * The account that is meant, and after it those that may stand in for it: the others of a
 * provider that was named, in their order, unless `fallbackEnabled` is false.
 *
 * @throws AuthError as `chooseAccount`.
 */
export function candidates(file: AuthFile | undefined, input: ChooseAccountInput): readonly [Account, ...Account[]] {
  if (input.wanted !== undefined) return nameOrProvider(file, input.wanted, input)
  const choice = effectiveAccount(file, input)
  if (choice !== undefined) return [choice.account]
  throw new AuthError('account-not-found', 'nobody is signed in', { hint: SIGN_IN })
}

/**
 * The account used when none is named, `undefined` when nobody is signed in.
 *
 * @throws AuthError `account-not-found` when the preset names none, `usage` when what it names,
 * or every account, is switched off.
 */
export function effectiveAccount(
  file: AuthFile | undefined,
  { preset, ...input }: Omit<ChooseAccountInput, 'wanted'>,
): Choice | undefined {
  const standard = defaultAccount(file)
  if (preset !== undefined) {
    const account = named(file, preset.name) ?? nameOrProvider(file, preset.name, input)[0]
    assertOn(account, input.settings)
    const overridden = standard === undefined || standard === account ? '' : `, before the default ${standard.name}`
    return { account, why: presetSource(preset) + overridden }
  }
  const accounts = file?.accounts ?? []
  if (standard !== undefined && switchedOff(input.settings, standard) === undefined)
    return { account: standard, why: 'the default account' }
  const preferred = file?.preferences.preferredProvider
  const ordered = switchedOn(inOrder(accounts, input.nowMs), input.settings)
  const ofPreferred = ordered.find((account) => account.provider === preferred)
  if (ofPreferred !== undefined) return { account: ofPreferred, why: 'the preferred provider' }
  const first = ordered[0]
  if (first === undefined) return undefined
  return { account: first, why: accounts.length === 1 ? 'the only account' : 'the first by state, priority and age' }
}

/** The default account: preferences name it by id or by name. */
export function defaultAccount(file: AuthFile | undefined): Account | undefined {
  const standard = file?.preferences.defaultAccount ?? undefined
  return file?.accounts.find((account) => account.id === standard || account.name === standard)
}

/**
 * Exactly the account of a name, for commands that change or forget it.
 *
 * @throws AuthError `account-not-found`.
 */
export function getAccount(file: AuthFile | undefined, name: string): Account {
  const accounts = file?.accounts ?? []
  const account = accounts.find((candidate) => candidate.name === name)
  if (account !== undefined) return account
  throw unknown(accounts, name)
}

function named(file: AuthFile | undefined, name: string): Account | undefined {
  return file?.accounts.find((account) => account.name === name)
}

/** An account bears its provider's id as its name unless another was given: then the word means the provider. */
function nameOrProvider(
  file: AuthFile | undefined,
  wanted: string,
  { nowMs, settings }: Pick<ChooseAccountInput, 'nowMs' | 'settings'>,
): readonly [Account, ...Account[]] {
  const byName = named(file, wanted)
  const isName = byName !== undefined && byName.provider !== wanted
  const [first, ...others] = switchedOn(isName ? [byName] : ofProvider(file, wanted, nowMs), settings)
  if (first === undefined) throw unknown(file?.accounts ?? [], wanted)
  return file?.preferences.fallbackEnabled === false ? [first] : [first, ...others]
}

/** Those that are not switched off. Where all are, the first of them is refused. */
function switchedOn(accounts: readonly Account[], settings: UntrustedRecord): Account[] {
  const found = accounts.filter((account) => switchedOff(settings, account) === undefined)
  if (found.length === 0 && accounts[0] !== undefined) assertOn(accounts[0], settings)
  return found
}

function assertOn(account: Account, settings: UntrustedRecord): void {
  const reason = switchedOff(settings, account)
  if (reason !== undefined) throw reason
}

/** The default account first, then by state, priority and age; those that cannot serve now come last. */
function ofProvider(file: AuthFile | undefined, provider: string, nowMs: number): Account[] {
  const standard = defaultAccount(file)
  const isCostOptimized = file?.preferences.selectionStrategy === 'cost-optimized'
  const mustRest = ({ cooldownUntil, usage }: Account) =>
    (cooldownUntil !== null && Date.parse(cooldownUntil) > nowMs) || (isCostOptimized && isExhausted(usage, nowMs))
  const ordered = inOrder(file?.accounts.filter((account) => account.provider === provider) ?? [], nowMs)
  const rank = (account: Account) => (mustRest(account) ? 2 : account === standard ? 0 : 1)
  return ordered.sort((a, b) => rank(a) - rank(b))
}

function inOrder(accounts: readonly Account[], nowMs: number): Account[] {
  const ranked = accounts.map((account) => ({
    account,
    rank: STATE_RANK[stateAt(account, nowMs).state],
    createdAtMs: Date.parse(account.createdAt),
  }))
  ranked.sort((a, b) => a.rank - b.rank || a.account.priority - b.account.priority || a.createdAtMs - b.createdAtMs)
  return ranked.map(({ account }) => account)
}

function unknown(accounts: readonly Account[], name: string): AuthError {
  const meant = nearest(
    name,
    accounts.map((account) => account.name),
  )
  const hint = accounts.length === 0 ? SIGN_IN : 'aiauth status'
  return new AuthError('account-not-found', `no account named ${cleanLine(name)}`, {
    hint: meant === undefined ? hint : `did you mean ${meant}?`,
  })
}
