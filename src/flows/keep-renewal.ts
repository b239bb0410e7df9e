import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Intent } from '../model/journal.ts'
import type { Ports } from '../model/ports.ts'
import type { Identity, Provider } from '../model/provider.ts'
import { Secret } from '../model/secret.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { record, texts } from '../model/untrusted.ts'
import { readRenewal, type Renewal } from '../oauth/renewal.ts'
import { fingerprint } from '../vault/fingerprint.ts'
import { openAnswer, sealAnswer } from '../vault/write-ahead.ts'
import { getById } from './account-by-id.ts'
import { coolDownMs, renewed, time, withBundle, withChanged, withHappening } from './account-facts.ts'
import { writeAndReadBack } from './keep-account.ts'
import { tellLinked, untoldWords, type RenewedGrant } from './tell-linked.ts'
import { vaultOf } from './vault-of.ts'

export type KeepRenewalPorts = Pick<Ports, 'vaults' | 'authFile' | 'journal' | 'foreignFiles' | 'interruption'>

/** A provider's answer, as it arrived. */
export interface Answer {
  readonly body: string
  readonly receivedAtMs: number
}

/** Tokens that can be used, with what went wrong in reading or keeping them. */
export interface Kept {
  readonly bundle: TokenBundle
  /** The answer held no usable access token; the old one is still in place. */
  readonly flaw: AuthError | undefined
  readonly warnings: readonly string[]
  readonly trouble: AuthError | undefined
}

/**
 * Makes an answer the account's own: into the journal as it is, then judged, then into the file
 * of a tool that shares the grant, then into the vault and read back, then the facts into
 * `auth.json`; then the journal's record goes. After the first of these steps nothing can lose
 * it any more.
 *
 * What cannot be kept is not a reason to throw away tokens that work: they come back with the
 * `trouble`, and the record stays for whoever comes next.
 *
 * @throws AuthError `provider-rejected` when the answer is for another account: then nothing
 * of it is kept.
 */
export async function keepRenewal(
  ports: KeepRenewalPorts,
  account: Account,
  provider: Provider | undefined,
  { old, intent, answer }: { readonly old: TokenBundle; readonly intent: Intent; readonly answer: Answer },
): Promise<Kept> {
  const journaled = attempt(() => ports.journal.keep(intent, sealed(intent, answer, old)))
  return settleAnswer(ports, account, provider, { old, intent, answer, journaled: await journaled })
}

/**
 * Finishes what a crash has left: `undefined` when no answer of this account's current tokens
 * stands in the journal. A record that the vault has overtaken is cleared away.
 */
export async function recoverRenewal(
  ports: KeepRenewalPorts,
  account: Account,
  provider: Provider | undefined,
  held: TokenBundle,
): Promise<Kept | undefined> {
  const left = ports.journal.read(account.id)
  if (left === undefined) return undefined
  const { intent } = left
  const { refreshToken } = held.tokens
  if (intent.generation === held.generation) await tellOvertaken(ports, account, held, intent)
  if (
    refreshToken === undefined ||
    intent.generation <= held.generation ||
    intent.spends !== fingerprint(refreshToken)
  ) {
    ports.journal.drop(account.id)
    return undefined
  }
  const opened = openAnswer(left, refreshToken)
  if (opened === undefined) return undefined
  const { body, receivedAtMs } = record(JSON.parse(opened.reveal()))
  const answer: Answer = { body: String(body), receivedAtMs: Number(receivedAtMs) }
  return settleAnswer(ports, account, provider, { old: held, intent, answer, journaled: undefined })
}

/** Killed between the vault and `auth.json`: the vault is right, and what is not yet told of it is told now. */
async function tellOvertaken(ports: KeepRenewalPorts, account: Account, held: TokenBundle, intent: Intent) {
  const [atMs, spent] = [Date.parse(intent.at), spentWith(intent, held)]
  await tellLinked(ports, account, renewedGrant(held, intent, atMs))
  await ports.authFile.update((file) =>
    withChanged(file, account.id, (current) => {
      const isHealed = current.secret.generation >= held.generation
      const isTold = spent === undefined ? isHealed : texts(current.secret.spent).includes(spent)
      const facts = isHealed ? current : renewed(current, held, undefined, atMs)
      return isTold ? current : withHappening(facts, { event: 'renewed', atMs, by: intent, spent })
    }),
  )
}

function renewedGrant({ tokens }: TokenBundle, { spends, outdated }: Intent, renewedAtMs: number): RenewedGrant {
  return { tokens, renewedAtMs, replaced: [spends, outdated] }
}

/** The refresh token that was sent is spent only if another one has taken its place. */
function spentWith({ spends }: Intent, { tokens }: TokenBundle): string | undefined {
  return tokens.refreshToken !== undefined && fingerprint(tokens.refreshToken) === spends ? undefined : spends
}

function sealed(intent: Intent, answer: Answer, old: TokenBundle): string {
  const { refreshToken } = old.tokens
  if (refreshToken === undefined) throw new Error('only a refresh token gets an answer')
  return sealAnswer(intent, new Secret(JSON.stringify(answer)), refreshToken)
}

interface Settlement {
  readonly old: TokenBundle
  readonly intent: Intent
  readonly answer: Answer
  /** Why the journal does not hold the answer. */
  readonly journaled: AuthError | undefined
}

async function settleAnswer(
  ports: KeepRenewalPorts,
  account: Account,
  provider: Provider | undefined,
  { old, intent, answer, journaled }: Settlement,
): Promise<Kept> {
  const renewal = readRenewal(answer.body, old.tokens, answer.receivedAtMs)
  const identity = identityIn(renewal, provider)
  if (isAnother(account, identity)) throw await refuse(ports, account, intent, answer.receivedAtMs)
  const bundle: TokenBundle = { ...old, generation: intent.generation, tokens: renewal.tokens }
  const { flaw } = renewal
  const untoldTool = await tellLinked(ports, account, renewedGrant(bundle, intent, answer.receivedAtMs))
  const warnings = untoldTool ? [...renewal.warnings, untoldWords(account, untoldTool)] : renewal.warnings
  const unkept = await attempt(() => writeAndReadBack(vaultOf(ports.vaults, account), bundle))
  if (unkept !== undefined) return { bundle, flaw, warnings, trouble: inDanger(account, unkept, journaled) }
  const untold = await attempt(() => tell(ports, account, { intent, answer, bundle, identity, flaw }))
  ports.journal.drop(account.id)
  if (untold?.code === 'account-not-found') {
    // Forgotten by other means than ours, which wait for the lock: nothing refers to the tokens any more.
    await vaultOf(ports.vaults, account).remove(account.id)
    throw untold
  }
  return { bundle, flaw, warnings, trouble: untold && onlyUntold(account, untold) }
}

async function tell(
  ports: KeepRenewalPorts,
  { id }: Account,
  settled: Pick<Settlement, 'intent' | 'answer'> & {
    readonly bundle: TokenBundle
    readonly identity: Identity | undefined
    readonly flaw: AuthError | undefined
  },
): Promise<void> {
  const { intent, answer, bundle, identity, flaw } = settled
  const [atMs, spent] = [answer.receivedAtMs, spentWith(intent, bundle)]
  const by = intent
  const good = (current: Account) =>
    withHappening(renewed(current, bundle, identity, atMs), { event: 'renewed', atMs, by, spent })
  const flawed = (current: Account, { message: reason }: AuthError) => ({
    ...withHappening(withBundle(current, bundle), { event: 'failed', atMs, by, spent, reason }),
    cooldownUntil: time(atMs + coolDownMs(current)),
  })
  await ports.authFile.update((file) => {
    getById(file, id)
    return withChanged(file, id, (current) => (flaw === undefined ? good(current) : flawed(current, flaw)))
  })
}

function identityIn({ claims, extras, flaw }: Renewal, provider: Provider | undefined): Identity | undefined {
  if (flaw !== undefined) return undefined
  return provider?.identify({ claims, tokenResponse: extras, profile: record(undefined) })
}

function isAnother({ accountId }: Account, identity: Identity | undefined): boolean {
  return accountId !== null && identity?.accountId !== undefined && identity.accountId !== accountId
}

/** Tokens of somebody else must not take the place of this account's (security case R22). */
async function refuse(ports: KeepRenewalPorts, account: Account, intent: Intent, atMs: number): Promise<AuthError> {
  const reason = `${account.provider} answered for another account; its tokens were not taken over`
  await ports.authFile.update((file) =>
    withChanged(file, account.id, (current) => ({
      ...withHappening(current, { event: 'refused', atMs, by: intent, spent: intent.spends, reason }),
      state: 'error',
      stateReason: reason,
    })),
  )
  ports.journal.drop(account.id)
  return new AuthError('provider-rejected', reason)
}

/** The fault of a storage step; anything else is a bug and goes on its way. */
async function attempt(step: () => Promise<void> | void): Promise<AuthError | undefined> {
  try {
    await step()
    return undefined
  } catch (error) {
    if (error instanceof AuthError) return error
    throw error
  }
}

function inDanger({ name }: Account, unkept: AuthError, journaled: AuthError | undefined): AuthError {
  const isSafe = journaled === undefined
  const where = isSafe ? 'stand in the journal only and wait for the storage' : 'could be kept nowhere'
  const hint = isSafe ? `then aiauth refresh ${name}` : 'use the token while it lasts, then sign in again'
  return new AuthError(unkept.code, `the new tokens of ${name} ${where}: ${unkept.message}`, {
    hint: unkept.hint === undefined ? hint : `${unkept.hint}; ${hint}`,
    cause: unkept,
  })
}

function onlyUntold({ name }: Account, untold: AuthError): AuthError {
  const message = `the new tokens of ${name} are kept, only auth.json does not tell of them yet: ${untold.message}`
  return new AuthError(untold.code, message, { hint: untold.hint, cause: untold })
}
