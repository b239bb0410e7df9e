import type { Command } from 'commander'
import type { Ports } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import { allProviders } from '../providers/registry.ts'
import { jsonText } from '../ui/account-json.ts'
import { isJson } from './options.ts'

/** `aiauth providers [list]`: whom one can sign in to, and in which modes. */
export function addProvidersCommand(program: Command, ports: Ports): void {
  program
    .command('providers')
    .description('show the providers that can be signed in to')
    .command('list', { isDefault: true })
    .description('one line a provider')
    .addHelpText('after', '\nExamples:\n  aiauth providers list\n  aiauth providers list --json')
    .action((_options: unknown, command: Command) => listProviders(ports, isJson(command)))
}

function listProviders(ports: Pick<Ports, 'settings' | 'terminal'>, json: boolean): void {
  const rows = allProviders(ports.settings.read())
  const firsts = rows.filter((row, index) => rows.findIndex(({ id }) => id === row.id) === index)
  const providers = firsts.map((first) => summary(first, rows))
  if (json) {
    ports.terminal.out(jsonText({ providers }))
    return
  }
  const width = Math.max(...providers.map(({ id }) => id.length))
  for (const { id, title, modes, enabled } of providers) {
    const notes = `${modes.join(', ')}${enabled ? '' : '; switched off'}`
    ports.terminal.out(`${ports.terminal.outStyle.bold(id.padEnd(width))}  ${title} (${notes})\n`)
  }
}

function summary(first: Provider, rows: readonly Provider[]) {
  const { id, title, builtIn, enabled, scopes } = first
  const modes = rows.filter((row) => row.id === id).map((row) => row.mode)
  return { id, title, modes, builtIn, enabled, supportsPkce: true, scopes }
}
