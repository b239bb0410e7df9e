import type { Command } from 'commander'
import { getAccount } from '../flows/choose-account.ts'
import { dropAccount } from '../flows/drop-account.ts'
import type { Account } from '../model/account.ts'
import { linkOf } from '../model/linked.ts'
import type { Ports } from '../model/ports.ts'
import { isApiKey } from '../model/provider.ts'
import { jsonText } from '../ui/account-json.ts'
import { agreed } from './agreed.ts'
import { isJson } from './options.ts'
import { providerToTell } from './provider-to-tell.ts'
import { settingsToShow } from './settings-to-show.ts'
import { warn } from './warn.ts'

interface RemoveOptions {
  readonly yes?: true
}

const HELP = `
It is what aiauth logout --local-only does. To end the grant at the provider as well: aiauth logout.
Where nobody can be asked, nobody is.

Examples:
  aiauth remove work
  aiauth remove work home --yes`

/** `aiauth remove <name...>`: the account is forgotten here, and its provider is not told. */
export function addRemoveCommand(program: Command, ports: Ports): void {
  program
    .command('remove')
    .description('forget accounts here without telling the provider')
    .argument('<name...>', 'accounts to forget')
    .option('-y, --yes', 'ask nothing')
    .addHelpText('after', HELP)
    .action(async (names: string[], options: RemoveOptions, command: Command) => {
      await remove(ports, names, options, isJson(command))
    })
}

async function remove(ports: Ports, names: readonly string[], { yes }: RemoveOptions, json: boolean): Promise<void> {
  const file = ports.authFile.read()
  const accounts = [...new Set(names)].map((name) => getAccount(file, name))
  const called = accounts.map(({ name }) => name).join(', ')
  if (ports.terminal.interactive && yes !== true) await agreed(ports, `forget ${called} here, tokens and all? [y/N]`)
  const results = []
  for (const account of accounts) {
    const left = whatIsLeft(ports, account)
    const { leftBehind } = await dropAccount(
      ports,
      { account, provider: undefined, localOnly: true },
      ports.interruption,
    )
    ports.terminal.say(`aiauth: ${account.name} is forgotten here`)
    ports.terminal.say(`aiauth: ${ports.terminal.errStyle.cyan('hint')}: ${left}`, { always: true })
    if (leftBehind !== undefined) warn(ports, `its tokens may still be in the ${account.secret.store} (${leftBehind})`)
    results.push({ name: account.name, outcome: 'removed', message: left })
  }
  if (json) ports.terminal.out(jsonText({ results }))
}

/** The provider was not told, so what it has granted goes on there; whoever forgets it must know where it ends. */
function whatIsLeft(ports: Ports, account: Account): string {
  const { name, provider } = account
  const tool = linkOf(account)?.tool
  if (tool !== undefined) return `${tool} shares its grant and goes on with it`
  const row = providerToTell(settingsToShow(ports), account)
  const where = row?.managePage === undefined ? 'in your settings there' : `at ${row.managePage}`
  if (row !== undefined && isApiKey(row)) return `the key of ${name} stays valid until it is deleted ${where}`
  return `the grant of ${name} lives on at ${provider}; end it ${where}`
}
