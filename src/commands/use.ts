import type { Command } from 'commander'
import { defaultAccount, effectiveAccount, getAccount } from '../flows/choose-account.ts'
import { getById } from '../flows/account-by-id.ts'
import type { Account, AuthFile } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { presetSource } from '../model/preset.ts'
import { switchedOff } from '../model/switched-off.ts'
import { jsonText } from '../ui/account-json.ts'
import { isJson } from './options.ts'
import { settingsToShow } from './settings-to-show.ts'
import { warn } from './warn.ts'

const HELP = `
The default account is used where none is named, and goes first among those of its provider. For one folder
put the account's name into a file named .aiauth there; for one shell set AIAUTH_ACCOUNT. Both go before it.

Examples:
  aiauth use work
  aiauth use --none`

/** `aiauth use <name>`: the account that is meant when none is named. */
export function addUseCommand(program: Command, ports: Ports): void {
  program
    .command('use')
    .description('make an account the default, which is used when none is named')
    .argument('[name]', 'the account')
    .option('--none', 'have no default account')
    .addHelpText('after', HELP)
    .action(async (name: string | undefined, options: { none?: true }, command: Command) => {
      if ((name === undefined) === (options.none === undefined)) {
        const fault = name === undefined ? 'which account?' : 'name an account or say --none, not both'
        throw new AuthError('usage', fault, { hint: 'aiauth use <name>, or aiauth use --none' })
      }
      await use(ports, name, isJson(command))
    })
}

async function use(ports: Ports, name: string | undefined, json: boolean): Promise<void> {
  const file = ports.authFile.read()
  const account = name === undefined ? undefined : getAccount(file, name)
  const before = defaultAccount(file)
  const isSame = before?.id === account?.id
  if (!isSame) await ports.authFile.update((current) => withDefault(current, account?.id))
  const was = isSame ? '' : before === undefined ? ' (there was none)' : ` (it was ${before.name})`
  const now = account === undefined ? 'there is no default account' : `${account.name} is the default account`
  ports.terminal.say(`aiauth: ${now}${isSame ? ', as it was' : was}`)
  if (account !== undefined) tellWhoIsUsedInstead(ports, account)
  if (json) ports.terminal.out(jsonText({ default: account?.name ?? null, previous: before?.name ?? null }))
}

/** Whoever chooses a default account expects it to be used, and would not look for a file in a folder above. */
function tellWhoIsUsedInstead(ports: Ports, account: Account): void {
  const settings = settingsToShow(ports)
  const off = switchedOff(settings, account)
  if (off !== undefined) {
    warn(ports, `${off.message}, so another is used until it is switched on: ${off.hint ?? ''}`)
    return
  }
  try {
    const { preset } = ports.environment
    const used = effectiveAccount(ports.authFile.read(), { preset, nowMs: ports.clock.nowMs(), settings })?.account
    if (preset === undefined || used === undefined || used.id === account.id) return
    warn(ports, `${presetSource(preset)} goes before it here: ${used.name} is used where none is named`)
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    warn(ports, `nobody is used here where none is named: ${error.message}`)
  }
}

function withDefault(file: AuthFile, id: string | undefined): AuthFile {
  const chosen = id === undefined ? null : getById(file, id).id
  return { ...file, preferences: { ...file.preferences, defaultAccount: chosen } }
}
