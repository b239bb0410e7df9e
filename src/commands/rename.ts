import { Argument, type Command } from 'commander'
import { getById } from '../flows/account-by-id.ts'
import { time, withChanged } from '../flows/account-facts.ts'
import { assertIsNoProvider, assertNameIsFree } from '../flows/account-names.ts'
import { defaultAccount, getAccount } from '../flows/choose-account.ts'
import type { Account, AuthFile } from '../model/account.ts'
import type { Ports } from '../model/ports.ts'
import { jsonText } from '../ui/account-json.ts'
import { accountName, isJson } from './options.ts'
import { shownAccounts } from './shown-account.ts'

/** `aiauth rename <old> <new>`: another name, and nothing else changes. */
export function addRenameCommand(program: Command, ports: Ports): void {
  program
    .command('rename')
    .description('give an account another name')
    .argument('<old>', 'the account')
    .addArgument(new Argument('<new>', 'its new name').argParser(accountName))
    .addHelpText('after', '\nExamples:\n  aiauth rename claude work')
    .action(async (old: string, name: string, _options: unknown, command: Command) => {
      await rename(ports, old, name, isJson(command))
    })
}

async function rename(ports: Ports, old: string, name: string, json: boolean): Promise<void> {
  const file = ports.authFile.read()
  const { id, provider } = getAccount(file, old)
  const hint = `aiauth rename ${old} <another name>`
  assertIsNoProvider(ports.settings.read(), { name, provider, hint })
  const change = (current: AuthFile) => {
    assertNameIsFree(current, { name, hint, ownId: id })
    return renamed(current, getById(current, id), name, time(ports.clock.nowMs()))
  }
  const isSame = old === name
  const after = isSame ? file : await ports.authFile.update(change)
  ports.terminal.say(isSame ? `aiauth: ${name} is its name already` : `aiauth: ${old} is named ${name} now`)
  if (json) ports.terminal.out(jsonText({ account: shownAccounts(ports, after, [getById(after, id)])[0] }))
}

/** Preferences may speak of the default account by its name. */
function renamed(file: AuthFile, { id, name: old }: Account, name: string, updatedAt: string): AuthFile {
  const isDefault = defaultAccount(file)?.id === id && file.preferences.defaultAccount === old
  const changed = withChanged(file, id, (account) => ({ ...account, name, updatedAt }))
  return isDefault ? { ...changed, preferences: { ...file.preferences, defaultAccount: id } } : changed
}
