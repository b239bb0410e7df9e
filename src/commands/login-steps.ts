import { assertIsNoProvider, assertNameIsFree } from '../flows/account-names.ts'
import { keepAccount, nameHint } from '../flows/keep-account.ts'
import type { Account, AuthFile } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import { allProviders, getProvider } from '../providers/registry.ts'
import { accountJson, jsonText } from '../ui/account-json.ts'
import { signedIn } from '../ui/sign-in-words.ts'
import { signInWith, type SignInOptions } from './sign-in-with.ts'
import { storageFor } from './storage-for.ts'
import { tellOfSignIn } from './tell-of-sign-in.ts'

const API_KEY_MODE = 'api-key'

export interface LoginOptions extends SignInOptions {
  readonly name?: string
  readonly mode?: string
  readonly storage?: string
}

/**
 * Everything that can be wrong here is found before the browser opens: provider, name, terms,
 * storage. Then the person signs in, and what came of it is told.
 */
export async function login(
  ports: Ports,
  providerId: string | undefined,
  options: LoginOptions,
  json: boolean,
): Promise<void> {
  const { known, name, file } = await newAccountOf(ports, providerId, options)
  const mode = modeOf(options)
  const flags = [
    ...(mode === undefined ? [] : [` --mode ${mode}`]),
    ...(options.name === undefined ? [] : [` --name ${name}`]),
  ]
  const again = `aiauth login ${known.id}${flags.join('')}`
  const account = await signInWith(ports, {
    provider: known,
    options,
    loginHint: undefined,
    again,
    inHalves: `${again} --begin`,
    beforehand: () => storageFor(ports, { file, asked: options.storage, command: again }),
    keep: (provider, grant, storage) => keepAccount(ports, { name, provider, storage, grant, proxy: options.proxy }),
  })
  await tellOfAccount(ports, account, json)
}

/**
 * Whom to sign in to and what to call the account.
 *
 * @throws AuthError `usage`, `account-not-found`.
 */
export async function newAccountOf(
  ports: Ports,
  providerId: string | undefined,
  options: Pick<LoginOptions, 'name' | 'mode' | 'withApiKey'>,
): Promise<{ known: Provider; name: string; file: AuthFile | undefined }> {
  const config = ports.settings.read()
  const known = getProvider(config, providerId ?? (await askProvider(ports, config)), modeOf(options))
  const file = ports.authFile.read()
  const name = options.name ?? known.id
  const wanted = { name, provider: known.id, hint: nameHint(known.id) }
  assertNameIsFree(file, wanted)
  assertIsNoProvider(config, wanted)
  return { known, name, file }
}

/** @throws AuthError `usage` for two modes at once. */
function modeOf({ mode, withApiKey }: Pick<LoginOptions, 'mode' | 'withApiKey'>): string | undefined {
  if (withApiKey !== true) return mode
  if (mode === undefined || mode === API_KEY_MODE) return API_KEY_MODE
  throw new AuthError('usage', `--with-api-key is --mode ${API_KEY_MODE}, and another mode was named`, {
    hint: 'leave one of them out',
  })
}

async function askProvider(ports: Ports, config: UntrustedRecord): Promise<string> {
  const ids = [...new Set(allProviders(config).map((provider) => provider.id))]
  const hint = ids.map((id) => `aiauth login ${id}`).join(', or ')
  if (!ports.terminal.interactive) throw new AuthError('usage', 'which provider?', { hint })
  const answer = await ports.terminal.ask(`which provider (${ids.join(', ')})? `, ports.interruption)
  if (answer === undefined || answer.trim() === '') throw new AuthError('usage', 'no provider was named', { hint })
  return answer.trim()
}

/** The account that a sign-in has made, for the person, the program and the servers. */
export async function tellOfAccount(ports: Ports, account: Account, json: boolean): Promise<void> {
  const nowMs = ports.clock.nowMs()
  ports.terminal.say(signedIn(account, nowMs, ports.terminal.errStyle))
  if (json) ports.terminal.out(jsonText({ account: accountJson(account, { isDefault: false, nowMs }) }))
  await tellOfSignIn(ports, account)
}
