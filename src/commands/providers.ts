import type { Command } from 'commander'
import type { Ports } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import { allProviders, modesOf } from '../providers/registry.ts'
import { jsonText } from '../ui/account-json.ts'
import { isJson } from './options.ts'

/** `aiauth providers [list|enable|disable]`: whom one can sign in to, in which modes, and who is not to be used. */
export function addProvidersCommand(program: Command, ports: Ports): void {
  const providers = program
    .command('providers')
    .description('show the providers that can be signed in to, or switch one off')
  providers
    .command('list', { isDefault: true })
    .description('one line a provider')
    .addHelpText('after', '\nExamples:\n  aiauth providers list\n  aiauth providers list --json')
    .action((_options: unknown, command: Command) => listProviders(ports, isJson(command)))
  for (const { verb, words, enabled } of SWITCHES) {
    providers
      .command(verb)
      .description(words)
      .argument('<id>', 'the provider, with all its modes')
      .addHelpText('after', `\nExamples:\n  aiauth providers ${verb} openai`)
      .action((id: string, _options: unknown, command: Command) => switchProvider(ports, id, enabled, isJson(command)))
  }
}

const SWITCHES = [
  { verb: 'enable', words: 'use a provider again that was switched off', enabled: true },
  { verb: 'disable', words: 'neither use nor renew the accounts of a provider; they stay', enabled: false },
] as const

async function switchProvider(ports: Ports, id: string, enabled: boolean, json: boolean): Promise<void> {
  const modes = modesOf(ports.settings.read(), id, `aiauth providers ${enabled ? 'enable' : 'disable'}`)
  const isSo = modes.every((mode) => mode.enabled === enabled)
  if (!isSo) await ports.settings.setEnabled(id, enabled)
  ports.terminal.say(`aiauth: the provider ${id} is ${isSo ? 'already ' : ''}switched ${enabled ? 'on' : 'off'}`)
  if (json) ports.terminal.out(jsonText({ provider: { id, enabled } }))
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
