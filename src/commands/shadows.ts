import type { Account } from '../model/account.ts'
import { TOKEN } from '../model/provider.ts'
import { cleanLine, type UntrustedRecord } from '../model/untrusted.ts'
import { providerToTell } from './provider-to-tell.ts'

type Variables = Readonly<Record<string, string | undefined>>

/**
 * A line for each variable that programs take in place of an account, or that sends them
 * elsewhere, when they are started without `aiauth exec`. Names only: the values are secrets.
 */
export function shadows(accounts: readonly Account[], settings: UntrustedRecord, variables: Variables): string[] {
  const told = new Map<string, string>()
  for (const account of accounts) {
    for (const [name, harm] of harms(account, settings, variables)) {
      const what = `${cleanLine(account.name)}: ${name} is set: in programs that aiauth exec has not started`
      if (!told.has(name)) told.set(name, `${what}, ${harm}; to be rid of it: unset ${name}`)
    }
  }
  return [...told.values()]
}

function harms(account: Account, settings: UntrustedRecord, variables: Variables): [name: string, harm: string][] {
  const { set, remove, endpoint } = providerToTell(settings, account)?.environment ?? { set: () => ({}), remove: {} }
  const tokens = Object.entries(set(account.accountId)).filter(([, value]) => value === TOKEN)
  const all = [...tokens.map(([name]) => [name, USED] as const), ...Object.entries(remove)]
  return all.flatMap(([name, harm]) => {
    const value = variables[name] ?? ''
    // What exec and env have put there is the account's own.
    const isOwn = value === variables['AIAUTH_TOKEN'] || (name === endpoint && value === account.endpoint)
    return value === '' || isOwn ? [] : [[name, harm]]
  })
}

const USED = 'it would be used in place of this account'
