import type { Command } from 'commander'
import {
  defaultAccount,
  effectiveAccount,
  getAccount,
  SIGN_IN,
  signInAgain,
  type ChooseAccountInput,
} from '../flows/choose-account.ts'
import type { Account, AuthFile } from '../model/account.ts'
import { stateAt } from '../model/account-state.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { presetSource, type Preset } from '../model/preset.ts'
import { plaintextWarning } from '../model/storage-kind.ts'
import { switchedOff } from '../model/switched-off.ts'
import { oneLine, type UntrustedRecord } from '../model/untrusted.ts'
import { accountJson, jsonText } from '../ui/account-json.ts'
import { statusTable } from '../ui/status-table.ts'
import { isJson } from './options.ts'

export interface StatusPorts {
  readonly authFile: Pick<Ports['authFile'], 'read'>
  readonly clock: Pick<Ports['clock'], 'nowMs'>
  readonly environment: Pick<Ports['environment'], 'variables' | 'preset'>
  readonly terminal: Pick<Ports['terminal'], 'out' | 'say' | 'outStyle' | 'errStyle' | 'outColumns'>
  readonly storages: Pick<Ports['storages'], 'vaultPath'>
}

export interface StatusInput {
  readonly names: readonly string[]
  readonly json: boolean
  /** JSON on one line, for a stream of documents. */
  readonly onOneLine?: boolean
}

interface StatusOptions {
  readonly check?: true
  readonly usage?: true
  readonly watch?: true
}

/** `aiauth status [name...]`: what is known of the accounts; no network and no keychain but for `--check` and `--usage`. */
export function addStatusCommand(program: Command, ports: Ports): void {
  program
    .command('status')
    .description('show who is signed in, the tier, the state and how long the token lasts')
    .argument('[name...]', 'accounts to show (default: all)')
    .option('--check', 'ask the providers whether the tokens work, and renew those that are refused')
    .option('--usage', 'show how much of the rate limits is used (asked for at most once in 3 minutes)')
    .option('--watch', 'show it again every 5 s; --check asks every 3 minutes then')
    .addHelpText('after', HELP)
    .action(async (names: string[], options: StatusOptions, command: Command) => {
      const input = { names, json: isJson(command) }
      if (Object.keys(options).length === 0) {
        // The launcher has this file, too, and takes along all that stands at its head.
        const { settingsToShow } = await import('./settings-to-show.ts')
        const { shadows } = await import('./shadows.ts')
        showStatus(ports, input, settingsToShow(ports), shadows)
        return
      }
      const { showLiveStatus } = await import('./status-live.ts')
      await showLiveStatus(ports, { ...input, ...options })
    })
}

const HELP = `
With --watch and no terminal, the table is printed whenever a fact has changed, a blank line between two of them;
with --json, each time on one line.

Examples:
  aiauth status
  aiauth status work --json
  aiauth status --check
  aiauth status --usage --watch`

/** What in the environment stands in the way of accounts, a line each. */
export type Shadows = (
  accounts: readonly Account[],
  settings: UntrustedRecord,
  variables: Ports['environment']['variables'],
) => readonly string[]

/** Shared with the launcher's short way, which must print the same bytes. */
export function showStatus(
  ports: StatusPorts,
  { names, json, onOneLine = false }: StatusInput,
  settings: UntrustedRecord,
  shadows: Shadows,
): void {
  const file = ports.authFile.read()
  const nowMs = ports.clock.nowMs()
  const accounts = names.length === 0 ? (file?.accounts ?? []) : names.map((name) => getAccount(file, name))
  const disabled = new Set(accounts.filter((account) => switchedOff(settings, account) !== undefined))
  const effective = effectiveOf(file, ports, { nowMs, settings })
  if (json) {
    const standard = defaultAccount(file)
    const shown = accounts.map((account) =>
      accountJson(account, { isDefault: account.id === standard?.id, isEnabled: !disabled.has(account), nowMs }),
    )
    const chosen = { account: effective.account?.name ?? null, why: effective.why }
    const document = { schemaVersion: 1, accounts: shown, effective: chosen }
    ports.terminal.out(onOneLine ? `${JSON.stringify(document)}\n` : jsonText(document))
    return
  }
  const { outStyle: style, outColumns: columns } = ports.terminal
  if (accounts.length > 0) {
    ports.terminal.out(statusTable({ accounts, effectiveId: effective.account?.id, disabled, nowMs, columns, style }))
  }
  if (columns !== undefined && effective.account !== undefined && accounts.includes(effective.account)) {
    ports.terminal.out(style.dim(`* used when none is named: ${effective.why}\n`))
  }
  if (accounts.some(({ secret }) => secret.store === 'plaintext')) {
    const words = oneLine(plaintextWarning(ports.storages.vaultPath))
    ports.terminal.say(`aiauth: ${ports.terminal.errStyle.yellow('warning')}: ${words}`)
  }
  const inTheWay = shadows(
    accounts.filter((account) => !disabled.has(account)),
    settings,
    ports.environment.variables,
  )
  for (const line of [...advice(accounts, disabled, nowMs), ...(effective.advice ?? []), ...inTheWay])
    ports.terminal.say(`aiauth: ${ports.terminal.errStyle.cyan('hint')}: ${line}`)
}

/** A preset that names nobody is worth telling, not a reason to show nothing. */
function effectiveOf(
  file: AuthFile | undefined,
  ports: StatusPorts,
  known: Pick<ChooseAccountInput, 'nowMs' | 'settings'>,
): { account?: Account; why: string; advice?: string[] } {
  let preset: Preset | undefined
  let isOdd = true
  try {
    preset = ports.environment.preset
    isOdd = false
    return effectiveAccount(file, { preset, ...known }) ?? { why: 'nobody is signed in' }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    const why = preset === undefined ? error.message : `${presetSource(preset)}: ${error.message}`
    const isPreset = isOdd || preset !== undefined
    return { why, advice: isPreset ? [`nobody is used when none is named: ${why}`] : [] }
  }
}

/** What to type for the accounts that need something. */
function advice(accounts: readonly Account[], disabled: ReadonlySet<Account>, nowMs: number): string[] {
  if (accounts.length === 0) return [`nobody is signed in; ${SIGN_IN}`]
  return accounts
    .filter((account) => !disabled.has(account))
    .map((account) => ({ account, now: stateAt(account, nowMs) }))
    .filter(({ now }) => now.state === 'needs-login' || now.state === 'error')
    .map(({ account, now }) => `${account.name}: ${now.reason ?? now.state}; sign in again: ${signInAgain(account)}`)
}
