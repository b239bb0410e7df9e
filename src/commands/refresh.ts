import type { Command } from 'commander'
import { getAccount, SIGN_IN } from '../flows/choose-account.ts'
import { refreshAccounts, type RefreshRow } from '../flows/refresh-accounts.ts'
import type { Account, AuthFile } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { switchedOff } from '../model/switched-off.ts'
import { jsonText } from '../ui/account-json.ts'
import { refreshRows, refreshSummary, type RefreshSummary } from '../ui/refresh-rows.ts'
import { durationMs, isJson, lanesAtOnce } from './options.ts'
import { warn } from './warn.ts'

interface RefreshOptions {
  readonly all?: true
  readonly within?: number
  readonly concurrency: number
}

/** A token is renewed so long before its end that a failure leaves time for the next try. */
const DEFAULT_LEAD_SECONDS = 300

/** `aiauth refresh [name...]`: renew now what is named, or what ends soon. */
export function addRefreshCommand(program: Command, ports: Ports): void {
  program
    .command('refresh')
    .description('renew tokens now: those of the named accounts, or all that end soon')
    .argument('[name...]', 'accounts to renew, however fresh they are')
    .option('--all', 'every account, however fresh it is')
    .option('--within <duration>', 'without names: accounts with less than this left (default: 5m)', durationMs)
    .option('--concurrency <n>', 'how many issuers are asked at the same time', lanesAtOnce, 4)
    .addHelpText('after', '\nExamples:\n  aiauth refresh\n  aiauth refresh work\n  aiauth refresh --within 1h --json')
    .action(async (names: string[], options: RefreshOptions, command: Command) => {
      await refresh(ports, names, options, isJson(command))
    })
}

async function refresh(ports: Ports, names: string[], options: RefreshOptions, json: boolean): Promise<void> {
  const isForced = names.length > 0 || options.all === true
  if (isForced && (options.within !== undefined || (names.length > 0 && options.all === true))) {
    throw new AuthError('usage', 'names, --all and --within exclude each other', { hint: 'aiauth refresh --help' })
  }
  const file = ports.authFile.read()
  const withinMs = isForced ? undefined : (options.within ?? leadMs(ports))
  const accounts = chosen(ports, file, names, withinMs)
  const startedAtMs = ports.clock.nowMs()
  const words = `renewing ${accounts.length === 1 ? '1 account' : `${accounts.length} accounts`}`
  const rows = await ports.terminal.during(words, (tell) => {
    let done = 0
    const onDone = () => tell(`${words}, ${++done} done`)
    const { concurrency } = options
    return refreshAccounts(ports, { accounts, withinMs, concurrency, onDone, onWarning: (line) => warn(ports, line) })
  })
  const summary = summaryOf(rows, ports.clock.nowMs() - startedAtMs)
  if (json) ports.terminal.out(jsonText({ results: rows, summary }))
  else {
    ports.terminal.out(refreshRows(rows, ports.clock.nowMs(), ports.terminal.outStyle))
    ports.terminal.say(`aiauth: ${refreshSummary(summary, file?.accounts.length ?? 0, SIGN_IN)}`)
  }
  const failed = rows.filter((row) => row.outcome === 'failed')
  if (failed.length > 0) throw notAll(failed, rows.length)
}

/** `refreshLeadSeconds` of `config.json`, where it is a sound number. */
function leadMs(ports: Ports): number {
  const seconds = ports.settings.read()['refreshLeadSeconds'] ?? DEFAULT_LEAD_SECONDS
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= 31_536_000) return seconds * 1000
  throw new AuthError('usage', 'config.json: refreshLeadSeconds must be a number of seconds')
}

/** Without names, those that end soon and are worth a try: a dead grant waits for a sign-in, not for us. */
function chosen(
  { settings, clock }: Ports,
  file: AuthFile | undefined,
  names: readonly string[],
  withinMs: number | undefined,
): Account[] {
  if (names.length > 0) return [...new Set(names.map((name) => getAccount(file, name)))]
  const accounts = file?.accounts ?? []
  if (withinMs === undefined) return [...accounts]
  const [config, nowMs] = [settings.read(), clock.nowMs()]
  return accounts.filter((account) => {
    const { state, expiresAt, secret } = account
    const endsSoon = expiresAt !== null && Date.parse(expiresAt) - nowMs < withinMs
    return endsSoon && secret.renewable && state !== 'needs-login' && switchedOff(config, account) === undefined
  })
}

function summaryOf(rows: readonly RefreshRow[], tookMs: number): RefreshSummary {
  const count = (outcome: RefreshRow['outcome']) => rows.filter((row) => row.outcome === outcome).length
  return {
    total: rows.length,
    renewed: count('renewed'),
    fresh: count('fresh'),
    failed: count('failed'),
    skipped: count('skipped'),
    durationMs: Math.max(0, tookMs),
  }
}

/** The exit code is that of the first failure; the rows above tell of each. */
function notAll(failed: readonly RefreshRow[], total: number): AuthError {
  const names = failed.map(({ name }) => name).join(', ')
  const [first] = failed
  const message = total === 1 ? (first?.message ?? names) : `${failed.length} of ${total} were not renewed: ${names}`
  const hint = (failed.length === 1 ? first?.hint : undefined) ?? 'aiauth status'
  return new AuthError(first?.code ?? 'internal', message, { hint, afterResult: true })
}
