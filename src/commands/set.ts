import type { Command } from 'commander'
import { time, withChanged } from '../flows/account-facts.ts'
import { defaultAccount, getAccount, getById } from '../flows/choose-account.ts'
import type { Account, AuthFile } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { switchedOff } from '../model/switched-off.ts'
import { cleanLine } from '../model/untrusted.ts'
import { accountJson, jsonText } from '../ui/account-json.ts'
import { isJson } from './options.ts'
import { settingsToShow } from './settings-to-show.ts'

type Change = (account: Account) => Account

/** What can be set, and the change that a value stands for; `undefined` for a value that is none. */
const KEYS: Readonly<
  Record<string, { readonly expected: string; readonly read: (value: string) => Change | undefined }>
> = { enabled: { expected: 'true or false', read: enabled } }

const HELP = `
Keys:
  enabled  true or false: whether the account is used and renewed

Examples:
  aiauth set work enabled=false`

/** `aiauth set <name> key=value...`: what the user decides about one account. */
export function addSetCommand(program: Command, ports: Ports): void {
  program
    .command('set')
    .description('set what you decide about an account: whether it is used')
    .argument('<name>', 'the account')
    .argument('<key=value...>', 'what to set')
    .addHelpText('after', HELP)
    .action(async (name: string, pairs: string[], _options: unknown, command: Command) => {
      await set(ports, name, pairs, isJson(command))
    })
}

async function set(ports: Ports, name: string, pairs: readonly string[], json: boolean): Promise<void> {
  const changes = pairs.map(changeOf)
  const change: Change = (account) => changes.reduce((changed, one) => one(changed), account)
  const file = ports.authFile.read()
  const before = getAccount(file, name)
  const isSame = JSON.stringify(change(before)) === JSON.stringify(before)
  const after = isSame ? file : await written(ports, before, change)
  ports.terminal.say(`aiauth: ${name}: ${pairs.join(', ')}${isSame ? ', as it was' : ''}`)
  if (!json) return
  const account = getById(after, before.id)
  const isDefault = defaultAccount(after)?.id === account.id
  const isEnabled = switchedOff(settingsToShow(ports), account) === undefined
  const shown = accountJson(account, { isDefault, isEnabled, nowMs: ports.clock.nowMs() })
  ports.terminal.out(jsonText({ account: shown }))
}

function written({ authFile, clock }: Ports, { id }: Account, change: Change): Promise<AuthFile> {
  const updatedAt = time(clock.nowMs())
  return authFile.update((current) =>
    withChanged(current, getById(current, id).id, (account) => ({ ...change(account), updatedAt })),
  )
}

/** @throws AuthError `usage` that names the keys, or what a value must be. */
function changeOf(pair: string): Change {
  const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? []
  const rule = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined
  const keys = Object.entries(KEYS).map(([name, { expected }]) => `${name}=<${expected}>`)
  if (rule === undefined) {
    throw new AuthError('usage', `${cleanLine(pair)} sets nothing that is known`, { hint: keys.join(', ') })
  }
  const change = rule.read(value)
  if (change === undefined) throw new AuthError('usage', `${key} must be ${rule.expected}`, { hint: keys.join(', ') })
  return change
}

/** On is what an account is, so nothing is written for it. */
function enabled(value: string): Change | undefined {
  if (/^(?:false|no|off)$/i.test(value)) return (account) => ({ ...account, enabled: false })
  if (!/^(?:true|yes|on)$/i.test(value)) return undefined
  return ({ enabled: _, ...account }) => account
}
