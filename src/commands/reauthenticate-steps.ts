import { getAccount } from '../flows/choose-account.ts'
import { keepAgain, type KeepAgainInput } from '../flows/keep-again.ts'
import { vaultOf } from '../flows/vault-of.ts'
import { stateAt } from '../model/account-state.ts'
import type { Account } from '../model/account.ts'
import { AuthError, type AuthErrorCode } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { isApiKey, type Provider } from '../model/provider.ts'
import { getProvider } from '../providers/registry.ts'
import { jsonText } from '../ui/account-json.ts'
import { signInRows } from '../ui/sign-in-rows.ts'
import { signedIn } from '../ui/sign-in-words.ts'
import { signInWith, type SignInOptions } from './sign-in-with.ts'
import { tellOfSignIn } from './tell-of-sign-in.ts'
import { warn } from './warn.ts'

export interface ReauthenticateOptions extends SignInOptions {
  readonly all?: true
  readonly expired?: true
  readonly allowDifferentAccount?: true
}

/** What became of one account. The names are part of the public contract. */
interface Row {
  readonly name: string
  readonly outcome: 'signed-in' | 'failed' | 'cancelled'
  readonly code?: AuthErrorCode
  readonly message?: string
}

/** One after the other, since one browser can sign in one person; what was done stays done after Ctrl-C. */
export async function reauthenticate(
  ports: Ports,
  names: readonly string[],
  options: ReauthenticateOptions,
  json: boolean,
): Promise<void> {
  const accounts = chosen(ports, names, options)
  const rows: Row[] = []
  let failure: AuthError | undefined
  for (const [index, account] of accounts.entries()) {
    const isBegun = !ports.interruption.aborted
    if (isBegun && accounts.length > 1)
      ports.terminal.say(`aiauth: ${account.name} (${index + 1} of ${accounts.length})`)
    const error = isBegun ? await again(ports, account, options) : new AuthError('cancelled', 'not begun')
    rows.push(rowOf(account, error))
    failure ??= error
  }
  if (ports.interruption.aborted && rows.length > 1) failure = cutShort(rows) ?? failure
  if (json) ports.terminal.out(jsonText({ results: rows }))
  else if (accounts.length > 1) ports.terminal.out(signInRows(rows, ports.terminal.outStyle))
  else if (accounts.length === 0) ports.terminal.say('aiauth: no account needs a new sign-in')
  if (failure !== undefined) throw json || accounts.length > 1 ? failure.behindResult() : failure
}

function chosen(ports: Ports, names: readonly string[], { all, expired }: ReauthenticateOptions): readonly Account[] {
  const file = ports.authFile.read()
  if (names.length > 0) return [...new Set(names.map((name) => getAccount(file, name)))]
  const accounts = file?.accounts ?? []
  if (all === true) return accounts
  const nowMs = ports.clock.nowMs()
  const needsIt = (account: Account) => ['needs-login', 'error'].includes(stateAt(account, nowMs).state)
  return expired === true ? accounts.filter(needsIt) : []
}

/** @returns why it failed, or what happened once it had not. */
async function again(ports: Ports, account: Account, options: ReauthenticateOptions): Promise<AuthError | undefined> {
  try {
    const kept = await signInAgain(ports, account, options)
    ports.terminal.say(signedIn(kept, ports.clock.nowMs(), ports.terminal.errStyle))
    await tellOfSignIn(ports, kept)
    return undefined
  } catch (error) {
    if (error instanceof AuthError) return error
    throw error
  }
}

async function signInAgain(ports: Ports, account: Account, options: ReauthenticateOptions): Promise<Account> {
  const { mayDiffer, ...asked } = askedAgain(ports, account, options)
  return signInWith(ports, {
    ...asked,
    inHalves: `${asked.again} --begin`,
    keep: (provider: Provider, grant) => keepSignIn(ports, { account, provider, grant, mayDiffer }),
  })
}

/** How an account is asked for once more, and what proves that the answer can be kept. */
export function askedAgain(ports: Ports, account: Account, options: ReauthenticateOptions) {
  const mayDiffer = options.allowDifferentAccount === true
  return {
    mayDiffer,
    provider: askingAgain(getProvider(ports.settings.read(), account.provider, account.mode), account),
    options: { ...options, ...(account.proxy !== null && { proxy: account.proxy }) },
    loginHint: mayDiffer ? undefined : (account.email ?? undefined),
    again: `aiauth reauthenticate ${account.name}`,
    beforehand: async () => {
      await vaultOf(ports.vaults, account).probe(account.id)
      await ports.authFile.probe()
    },
  }
}

/** @throws AuthError as `keepAgain`. */
export async function keepSignIn(ports: Ports, input: KeepAgainInput): Promise<Account> {
  const { account, warnings } = await keepAgain(ports, input)
  for (const warning of warnings) warn(ports, warning)
  const { managePage = 'its vendor' } = input.provider
  if (isApiKey(input.provider)) warn(ports, `the key before it stays valid until it is deleted at ${managePage}`)
  return account
}

/** Whoever has granted in part only is asked once more, and not waved through (OpenID Connect Core §3.1.2.1). */
function askingAgain(provider: Provider, { scopes }: Account): Provider {
  const { scopeOfUse, authorizationParameters } = provider
  if (scopeOfUse === undefined || scopes.includes(scopeOfUse.scope)) return provider
  return { ...provider, authorizationParameters: { ...authorizationParameters, prompt: 'consent' } }
}

/** What stands before the Ctrl-C is done; `undefined` where that is all. */
function cutShort(rows: readonly Row[]): AuthError | undefined {
  const left = rows.filter(({ outcome }) => outcome !== 'signed-in').map(({ name }) => name)
  if (left.length === 0) return undefined
  return new AuthError('cancelled', 'cancelled', { hint: `aiauth reauthenticate ${left.join(' ')}` })
}

function rowOf({ name }: Account, error: AuthError | undefined): Row {
  if (error === undefined || error.afterResult) return { name, outcome: 'signed-in' }
  const { code, message } = error
  return { name, outcome: code === 'cancelled' ? 'cancelled' : 'failed', code, message }
}
