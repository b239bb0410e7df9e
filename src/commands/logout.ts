import type { Command } from 'commander'
import { getAccount } from '../flows/choose-account.ts'
import { dropAccount, type Revocation } from '../flows/drop-account.ts'
import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { isApiKey, type Provider } from '../model/provider.ts'
import { findProvider } from '../providers/registry.ts'
import { jsonText } from '../ui/account-json.ts'
import { isJson } from './options.ts'
import { warn } from './warn.ts'

interface LogoutOptions {
  readonly all?: true
  readonly localOnly?: true
}

/** `aiauth logout <name...>`: the grant ends at the provider, then the account is forgotten. */
export function addLogoutCommand(program: Command, ports: Ports): void {
  program
    .command('logout')
    .description('end the grant at the provider, then forget the account')
    .argument('[name...]', 'accounts to sign out')
    .option('--all', 'every account')
    .option('--local-only', 'forget it here without telling the provider')
    .addHelpText('after', '\nExamples:\n  aiauth logout work\n  aiauth logout --all')
    .action(async (names: string[], options: LogoutOptions, command: Command) => {
      await logout(ports, names, options, isJson(command))
    })
}

async function logout(ports: Ports, names: string[], options: LogoutOptions, json: boolean): Promise<void> {
  const file = ports.authFile.read()
  if (names.length === 0 && options.all !== true) {
    throw new AuthError('usage', 'which account?', { hint: 'aiauth logout <name>, or aiauth logout --all' })
  }
  if (names.length > 0 && options.all === true) {
    throw new AuthError('usage', 'name accounts or say --all, not both', { hint: 'aiauth logout --all' })
  }
  const chosen = options.all === true ? (file?.accounts ?? []) : names.map((name) => getAccount(file, name))
  const accounts = [...new Set(chosen)]
  const results = []
  for (const account of accounts) {
    const localOnly = options.localOnly === true
    const provider = localOnly ? undefined : findProvider(ports.settings.read(), account)
    const { revocation, leftBehind, untold } = await ports.terminal.during(`signing out ${account.name}`, () =>
      dropAccount(ports, { account, provider, localOnly }, ports.interruption),
    )
    tell(ports, account, provider, revocation)
    if (leftBehind !== undefined) warn(ports, `its tokens may still be in the ${account.secret.store} (${leftBehind})`)
    if (untold !== undefined)
      warn(ports, `codex may have to sign in again, it could not be left with the newest tokens: ${untold}`)
    results.push({
      name: account.name,
      outcome: 'signed-out',
      revocation: revocation.outcome,
      message: reasonOf(revocation),
    })
  }
  if (json) ports.terminal.out(jsonText({ results }))
  else if (accounts.length === 0) ports.terminal.say('aiauth: nobody is signed in')
}

function reasonOf(revocation: Revocation): string | null {
  return ('reason' in revocation ? revocation.reason : undefined) ?? null
}

function tell(ports: Ports, account: Account, provider: Provider | undefined, revocation: Revocation): void {
  const { errStyle: style } = ports.terminal
  const suffix =
    revocation.outcome === 'not-asked'
      ? ` here; ${revocation.reason ?? 'the provider was not told'}`
      : SUFFIXES[revocation.outcome]
  ports.terminal.say(`aiauth: ${style.green('signed out')} of ${account.name}${suffix}`)
  if (revocation.outcome !== 'not-confirmed') return
  if (provider !== undefined && isApiKey(provider)) {
    warn(ports, `the key stays valid until it is deleted at ${provider.managePage ?? 'its vendor'}`)
    return
  }
  const where = provider?.managePage === undefined ? 'in your settings there' : `at ${provider.managePage}`
  warn(ports, `${account.provider} did not confirm that the grant has ended (${revocation.reason}); end it ${where}`)
}

const SUFFIXES = {
  confirmed: ', the provider has ended the grant',
  'not-confirmed': ' here',
}
