import { tokenOfChoice, type TokenOfChoiceInput } from '../flows/token-of-choice.ts'
import type { Account } from '../model/account.ts'
import { isSafeAddress } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { presetNotice } from '../model/preset.ts'
import { TOKEN, type EnvironmentRecipe } from '../model/provider.ts'
import { cleanLine } from '../model/untrusted.ts'
import { findProvider } from '../providers/registry.ts'
import { warn } from './warn.ts'

/** A command is given its token once and may run for a while: it gets one that `refresh` would leave alone. */
export const EXEC_MIN_VALIDITY_SECONDS = 300

/** What a program's environment must have and must not have to work as one account. */
export interface AccountEnvironment {
  /** The access token stands among these: for a child or for stdout, nowhere else. */
  readonly set: Readonly<Record<string, string>>
  /** Names of what would win over the account, or misdirect its token. */
  readonly remove: readonly string[]
  /** To be told once the token has been used. */
  readonly trouble: AuthError | undefined
}

/**
 * The environment of the account that is meant, its token renewed first if needed. Says on
 * stderr what will be missing and what in the vendor's settings it cannot overcome.
 *
 * @throws AuthError as `tokenOfChoice`, and `usage` for an endpoint that is none.
 */
export async function accountEnvironment(ports: Ports, input: TokenOfChoiceInput): Promise<AccountEnvironment> {
  const { account, bundle, preset, warnings, trouble } = await tokenOfChoice(ports, input)
  const notice = presetNotice(account, preset)
  if (notice !== undefined) ports.terminal.say(notice)
  const recipe = findProvider(ports.settings.read(), account)?.environment ?? NOTHING_KNOWN
  const endpoint = endpointOf(account, recipe)
  const remove = Object.entries(recipe.remove).filter(([name]) => !Object.hasOwn(endpoint, name))
  for (const warning of [...warnings, ...removals(ports, remove), ...conflicts(ports, recipe)]) warn(ports, warning)
  const { name: AIAUTH_ACCOUNT, provider: AIAUTH_PROVIDER } = account
  const values = { ...recipe.set(account.accountId), AIAUTH_TOKEN: TOKEN, AIAUTH_PROVIDER, AIAUTH_ACCOUNT }
  const text = (value: string | symbol) =>
    typeof value === 'string' ? cleanLine(value) : bundle.tokens.accessToken.reveal()
  const set = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, text(value)]))
  return { set: { ...set, ...endpoint }, remove: remove.map(([name]) => name), trouble }
}

/** For an account whose provider the settings no longer know. */
const NOTHING_KNOWN: EnvironmentRecipe = { set: () => ({}), remove: {}, settings: undefined }

/**
 * The user's word about this account, unlike a stray variable.
 *
 * @throws AuthError `usage` for one in `auth.json` that is no address: the token must not go elsewhere instead.
 */
function endpointOf({ name, endpoint }: Account, { endpoint: variable }: EnvironmentRecipe): Record<string, string> {
  if (variable === undefined || endpoint === null) return {}
  if (isSafeAddress(endpoint)) return { [variable]: endpoint }
  const hint = `aiauth set ${name} endpoint=https://…, or endpoint= to clear it`
  throw new AuthError('usage', `the endpoint of ${name} is no https address`, { hint })
}

function removals({ environment }: Ports, remove: readonly (readonly [name: string, why: string])[]): string[] {
  const present = remove.filter(([name]) => (environment.variables[name] ?? '') !== '')
  return present.map(([name, why]) => `${name} is not passed on: ${why}`)
}

function conflicts({ environment, programs }: Ports, { settings }: EnvironmentRecipe): string[] {
  if (settings === undefined) return []
  const { variable, folder, name } = settings.file
  const place = (environment.variables[variable] ?? '') === '' ? `~/${folder}` : `$${variable}`
  const names = settings.conflicts(programs.settings(settings.file))
  return names.map((key) => `${place}/${name} sets ${key}, which is used in place of this account`)
}

/**
 * The variables of a child: ours less what the account cannot have beside it and what opens
 * the vault, plus its own. Names are compared as Windows does, without regard to case.
 */
export function childVariables(
  inherited: Readonly<Record<string, string | undefined>>,
  { set, remove }: AccountEnvironment,
): Record<string, string> {
  const dropped = new Set([...remove, ...Object.keys(set)])
  const isKept = (name: string) => !dropped.has(name) && !name.startsWith('AIAUTH_PASSPHRASE')
  const kept = Object.entries(inherited).flatMap(([name, value]) =>
    value !== undefined && isKept(name.toUpperCase()) ? [[name, value] as const] : [],
  )
  return { ...Object.fromEntries(kept), ...set }
}
