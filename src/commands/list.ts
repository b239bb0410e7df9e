import type { Command } from 'commander'
import { SIGN_IN } from '../flows/choose-account.ts'
import type { Ports } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'
import { jsonText } from '../ui/account-json.ts'
import { isJson } from './options.ts'
import { shownAccounts } from './shown-account.ts'

/** `aiauth list`: the accounts' names, for a quick look and for scripts. */
export function addListCommand(program: Command, ports: Ports): void {
  program
    .command('list')
    .description('list the accounts, one a line, its name first')
    .addHelpText('after', '\nExamples:\n  aiauth list\n  aiauth list --json')
    .action((_options: unknown, command: Command) => list(ports, isJson(command)))
}

function list(ports: Ports, json: boolean): void {
  const file = ports.authFile.read()
  const accounts = shownAccounts(ports, file, file?.accounts ?? [])
  if (json) {
    ports.terminal.out(jsonText({ schemaVersion: 1, accounts }))
    return
  }
  if (accounts.length === 0) ports.terminal.say(`aiauth: nobody is signed in; ${SIGN_IN}`)
  const width = Math.max(...accounts.map(({ name }) => name.length))
  for (const { name, provider, mode, isDefault, enabled } of accounts) {
    const notes = [...(isDefault ? ['default'] : []), ...(enabled ? [] : ['disabled'])]
    const facts = cleanLine([`${provider}/${mode}`, ...notes].join(', '))
    ports.terminal.out(`${ports.terminal.outStyle.bold(cleanLine(name).padEnd(width))}  ${facts}\n`)
  }
}
