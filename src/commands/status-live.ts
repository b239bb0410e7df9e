import { checkedAccount, type CheckedAccount } from '../flows/checked-account.ts'
import { getAccount } from '../flows/choose-account.ts'
import { knownUsage, type KnownUsage } from '../flows/known-usage.ts'
import { lanes } from '../flows/lanes.ts'
import type { Account } from '../model/account.ts'
import { AuthError, type AuthErrorCode } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { switchedOff } from '../model/switched-off.ts'
import { findProvider } from '../providers/registry.ts'
import { usageBars } from '../ui/usage-bars.ts'
import { settingsToShow } from './settings-to-show.ts'
import { shadows } from './shadows.ts'
import { showStatus, type StatusInput } from './status.ts'
import { warn } from './warn.ts'

export interface LiveStatusInput extends StatusInput {
  /** Ask whether the tokens work. */
  readonly check?: boolean
  /** Show the rate limits. */
  readonly usage?: boolean
  readonly watch?: boolean
}

/** What the providers said, by account, in the order of the accounts. */
interface Round {
  readonly checks: readonly CheckedAccount[]
  readonly usages: readonly KnownUsage[]
}

const WATCH_EVERY_MS = 5000
/** Also what lies between two questions for the usage, which stands in for the check of some providers. */
const CHECK_EVERY_MS = 180_000

/**
 * `aiauth status` with answers of the providers, once or until Ctrl-C. What they say is
 * written to `auth.json`, and what is shown is what stands there.
 *
 * @throws AuthError when everything has been shown: `sign-in-required` when an account needs
 * a sign-in or was refused, else what kept an account from being checked; `cancelled`.
 */
export async function showLiveStatus(ports: Ports, input: LiveStatusInput): Promise<void> {
  if (input.watch === true) return watchStatus(ports, input)
  const round = await ask(ports, input)
  show(ports, input, round)
  const problem = notAll(round)
  if (problem !== undefined) throw problem
}

/** Asks for each account that is meant: those of one issuer one after the other, the issuers side by side. */
async function ask(ports: Ports, input: LiveStatusInput): Promise<Round> {
  if (input.check !== true && input.usage !== true) return { checks: [], usages: [] }
  const file = ports.authFile.read()
  const all = file?.accounts ?? []
  const named = input.names.length === 0 ? all : [...new Set(input.names.map((name) => getAccount(file, name)))]
  const settings = ports.settings.read()
  const accounts = named.filter((account) => switchedOff(settings, account) === undefined)
  const checks = new Map<Account, CheckedAccount>()
  const usages = new Map<Account, KnownUsage>()
  const runLane = async (lane: readonly Account[]) => {
    for (const account of lane) {
      const checked = input.check === true ? await unlessGone(checkedAccount(ports, account)) : undefined
      if (checked !== undefined) checks.set(account, checked)
      const current = checked?.account ?? account
      const usage = input.usage === true ? await unlessGone(knownUsage(ports, current, ports.interruption)) : undefined
      if (usage !== undefined) usages.set(account, usage)
    }
  }
  const issuers = lanes(accounts, (account) => findProvider(settings, account))
  await ports.terminal.during('asking the providers', () => Promise.all(issuers.map(runLane)))
  const inOrder = <T>(found: ReadonlyMap<Account, T>) => accounts.flatMap((account) => found.get(account) ?? [])
  return { checks: inOrder(checks), usages: inOrder(usages) }
}

/** An account that was signed out meanwhile has nothing to tell. */
async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (error instanceof AuthError && error.code === 'account-not-found') return undefined
    throw error
  })
}

function show(ports: Ports, input: LiveStatusInput, round: Round): void {
  showStatus(ports, input, settingsToShow(ports), shadows)
  const { outColumns: columns, outStyle: style } = ports.terminal
  if (!input.json && round.usages.length > 0) {
    const views = round.usages.map(({ account, usage, ageMs, problem }) => {
      return { account: account.name, windows: usage?.windows ?? [], ageMs, problem }
    })
    ports.terminal.out(`\n${usageBars(views, { nowMs: ports.clock.nowMs(), columns, style })}`)
  }
  for (const note of notes(round, input.json)) warn(ports, note)
}

/** What the table does not say. A refusal stands in it, and in the hints below it. */
function notes({ checks, usages }: Round, json: boolean): string[] {
  const unchecked = checks.filter(({ outcome }) => outcome !== 'refused')
  return [
    ...checks.flatMap(({ warnings }) => warnings),
    ...unchecked.flatMap(({ account, outcome, reason }) =>
      reason === null ? [] : [`${account.name}${outcome === 'unreachable' ? ' was not checked' : ''}: ${reason}`],
    ),
    ...usages.flatMap(({ warnings }) => warnings),
    ...usages.flatMap(({ account, problem }) =>
      json && problem !== undefined ? [`usage of ${account.name}: ${problem}`] : [],
    ),
  ]
}

/** Where only the provider, or the way to it, is in trouble. */
const PASSING_CODES: readonly AuthErrorCode[] = ['network', 'provider-unavailable', 'provider-rejected']

/** A sign-in that is needed goes before a storage in trouble, and that before a provider that was not reached. */
function gravity({ code }: AuthError): number {
  return code === 'sign-in-required' ? 0 : PASSING_CODES.includes(code) ? 2 : 1
}

/** The exit code is that of the gravest problem; the table and the lines below it tell of each. */
function notAll({ checks }: Round): AuthError | undefined {
  const failed = checks.flatMap(({ account, problem }) => (problem === undefined ? [] : [{ account, problem }]))
  const [gravest] = failed.map(({ problem }) => problem).sort((a, b) => gravity(a) - gravity(b))
  if (gravest === undefined || failed.length === 1) return gravest?.behindResult()
  const names = failed.map(({ account }) => account.name).join(', ')
  const message = `${failed.length} of ${checks.length} are not in order: ${names}`
  return new AuthError(gravest.code, message, { hint: gravest.hint, afterResult: true })
}

/**
 * The same again and again. On a terminal the screen is drawn anew each time, since times run
 * on; elsewhere only what has changed is worth a table.
 *
 * @throws AuthError `cancelled`, and what has made the accounts unknown; on stderr only, once
 * something was shown.
 */
async function watchStatus(ports: Ports, input: LiveStatusInput): Promise<never> {
  const isScreen = isDrawable(ports) && !input.json
  let checkedAtMs = -Infinity
  let checks: Round['checks'] = []
  let shown: string | undefined
  try {
    for (;;) {
      const isDue = input.check === true && ports.clock.nowMs() - checkedAtMs >= CHECK_EVERY_MS
      const asked = await ask(ports, { ...input, check: isDue })
      if (isDue) [checkedAtMs, checks] = [ports.clock.nowMs(), asked.checks]
      const round = { ...asked, checks }
      const facts = ports.authFile.stamp() + notes(round, input.json).join('\n')
      if (isScreen) ports.terminal.out(CLEAR_SCREEN)
      else if (shown !== undefined && shown !== facts && !input.json) ports.terminal.out('\n')
      if (isScreen || shown !== facts) show(ports, { ...input, onOneLine: true }, round)
      shown = facts
      await ports.clock.sleep(WATCH_EVERY_MS, ports.interruption)
    }
  } catch (error) {
    throw error instanceof AuthError && shown !== undefined ? error.behindResult() : error
  }
}

/** To the first line and column, and everything below away. */
const CLEAR_SCREEN = '\u001b[H\u001b[J'

function isDrawable({ terminal, environment }: Ports): boolean {
  return terminal.outColumns !== undefined && environment.variables['TERM'] !== 'dumb'
}
