import type { Command } from 'commander'
import { getById } from '../flows/account-by-id.ts'
import { time, withChanged } from '../flows/account-facts.ts'
import { getAccount } from '../flows/choose-account.ts'
import type { Account, AuthFile } from '../model/account.ts'
import { isSafeAddress } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { accountProxy } from '../model/proxy.ts'
import { cleanLine } from '../model/untrusted.ts'
import { jsonText } from '../ui/account-json.ts'
import { isJson } from './options.ts'
import { shownAccounts } from './shown-account.ts'

type Change = (account: Account) => Account

interface KeyRule {
  readonly expected: string
  /** The change that a value stands for, `undefined` for one that is none; the empty value clears what can be cleared. */
  readonly read: (value: string) => Change | undefined
}

const KEYS: Readonly<Record<string, KeyRule>> = {
  enabled: { expected: 'true or false', read: enabled },
  priority: { expected: 'a whole number', read: priority },
  endpoint: {
    expected: 'an https address (http only on loopback)',
    read: (value) => (value === '' || isSafeAddress(value) ? textIn('endpoint', value) : undefined),
  },
  notes: {
    expected: 'a text on one line, at most 500 characters',
    read: (value) => (NOTES.test(value) ? textIn('notes', value.trim()) : undefined),
  },
  proxy: {
    expected: 'the address of an HTTP proxy',
    read: (value) => textIn('proxy', value === '' ? '' : accountProxy(value, 'proxy')),
  },
}

/** For those who offer them. */
export const SET_KEYS = Object.entries(KEYS).map(([key, { expected }]) => ({ key, expected }))

/** No controls, no separators of lines, nothing that turns the direction of a text or hides in it. */
const NOTES = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]{0,500}$/u

const HELP = `
Keys; all that are given are set, or none. A key without a value (notes=) is cleared.
  enabled   true or false: whether the account is used and renewed
  priority  a whole number; of accounts that would do equally well, the one with the lower is used
  endpoint  address that exec and env name to programs in place of the vendor's (ANTHROPIC_BASE_URL, OPENAI_BASE_URL)
  notes     a line of your own
  proxy     HTTP proxy for this account's requests, without a password (cleared: as config.json or HTTPS_PROXY says)

Examples:
  aiauth set work priority=1 notes='the team seat'
  aiauth set work endpoint=https://gateway.example
  aiauth set work proxy=
  aiauth set work enabled=false`

/** `aiauth set <name> key=value...`: what the user decides about one account. */
export function addSetCommand(program: Command, ports: Ports): void {
  program
    .command('set')
    .description('set what you decide about an account: its priority, endpoint, proxy, notes, and whether it is used')
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
  ports.terminal.say(`aiauth: ${name}: ${pairs.map(cleanLine).join(', ')}${isSame ? ', as it was' : ''}`)
  if (json) ports.terminal.out(jsonText({ account: shownAccounts(ports, after, [getById(after, before.id)])[0] }))
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
  if (rule === undefined) {
    const keys = Object.keys(KEYS).map((known) => `${known}=`)
    throw new AuthError('usage', `${cleanLine(pair)} sets nothing that is known`, { hint: keys.join(', ') })
  }
  const change = rule.read(value)
  if (change !== undefined) return change
  throw new AuthError('usage', `${key} must be ${rule.expected}`, { hint: `${key}=<${rule.expected}>` })
}

/** On is what an account is, so nothing is written for it. */
function enabled(value: string): Change | undefined {
  if (/^(?:false|no|off)$/i.test(value)) return (account) => ({ ...account, enabled: false })
  if (!/^(?:true|yes|on)$/i.test(value)) return undefined
  return ({ enabled: _, ...account }) => account
}

function priority(value: string): Change | undefined {
  return /^(?:-?\d{1,6})?$/.test(value) ? (account) => ({ ...account, priority: Number(value) + 0 }) : undefined
}

function textIn(key: 'endpoint' | 'notes' | 'proxy', value: string): Change {
  return (account) => ({ ...account, [key]: value === '' ? null : value })
}
