import type { Account } from './account.ts'
import { AuthError } from './errors.ts'
import type { UntrustedRecord } from './untrusted.ts'

/**
 * Why an account is neither used nor renewed, with what to type; `undefined` where it is: by
 * its own `enabled`, else by that of its mode, else by that of its provider in `config.json`.
 *
 * Settings of an odd shape switch nothing off: this is asked for every account at every
 * start, and whoever reads the provider itself names the fault.
 */
export function switchedOff(
  settings: UntrustedRecord,
  { name, provider, mode, enabled }: Account,
): AuthError | undefined {
  if (enabled === false) return off(name, `set ${name} enabled=true`)
  const forAll = (settings as OddSettings).providers?.[provider]
  const isOn = forAll?.modes?.[mode]?.enabled ?? forAll?.enabled
  return isOn === false ? providerOff(provider) : undefined
}

/** Anything that JSON can hold has members or is null, so a wrong shape reads as one that says nothing. */
interface OddSettings {
  readonly providers?: Readonly<Record<string, Switch | null>> | null
}
interface Switch {
  readonly enabled?: unknown
  readonly modes?: Readonly<Record<string, { readonly enabled?: unknown } | null>> | null
}

export function providerOff(id: string): AuthError {
  return off(`the provider ${id}`, `providers enable ${id}`)
}

function off(what: string, command: string): AuthError {
  return new AuthError('usage', `${what} is switched off`, { hint: `aiauth ${command}` })
}
