import { httpFor } from '../flows/http-for.ts'
import { assertNameIsFree, keepAccount } from '../flows/keep-account.ts'
import { signIn, type SignInInput } from '../flows/sign-in.ts'
import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { Provider, Redirect } from '../model/provider.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import { withDiscovery } from '../oauth/discovery.ts'
import { allProviders, getProvider, isAtVendor, termsAccepted } from '../providers/registry.ts'
import { accountJson, jsonText } from '../ui/account-json.ts'
import { announcement, signedIn, termsLines } from '../ui/sign-in-words.ts'
import { storageFor } from './storage-for.ts'
import { warn } from './warn.ts'

export interface LoginOptions {
  readonly name?: string
  readonly mode?: string
  readonly browser: boolean | string
  readonly port?: number
  readonly timeout: number
  readonly acceptTerms?: true
  readonly storage?: string
  readonly scopes?: string[]
  /** As `accountProxy` gives it. */
  readonly proxy?: string
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
  const config = ports.settings.read()
  const known = getProvider(config, providerId ?? (await askProvider(ports, config)), options.mode)
  const redirect = redirectFor(known, options.port)
  const file = ports.authFile.read()
  const name = options.name ?? known.id
  assertNameIsFree(file, name, known.id)
  const http = httpFor(ports, options.proxy)
  const provider = await withDiscovery(http, known, ports.interruption)
  await agreeToTerms(ports, config, provider, options)
  const storage = await storageFor(ports, file, options.storage)
  const timedOut = new AuthError('sign-in-timed-out', 'nobody came back from the browser in time', {
    hint: `aiauth login ${provider.id} --timeout 15m`,
  })
  const deadline = ports.clock.deadline(ports.interruption, options.timeout, timedOut)
  try {
    const keep: Parameters<typeof signIn<Account>>[2] = (grant) => {
      for (const warning of grant.warnings) warn(ports, warning)
      return ports.terminal.during('storing the tokens', () =>
        keepAccount(ports, { name, provider, storage, grant, proxy: options.proxy }),
      )
    }
    const input = signInInput(ports, config, provider, redirect, options)
    const account = await signIn({ ...ports, http }, input, keep, deadline.signal)
    tell(ports, account, json)
  } finally {
    deadline.end()
  }
}

async function askProvider(ports: Ports, config: UntrustedRecord): Promise<string> {
  const ids = [...new Set(allProviders(config).map((provider) => provider.id))]
  const hint = ids.map((id) => `aiauth login ${id}`).join(', or ')
  if (!ports.terminal.interactive) throw new AuthError('usage', 'which provider?', { hint })
  const answer = await ports.terminal.ask(`which provider (${ids.join(', ')})? `, ports.interruption)
  if (answer === undefined || answer.trim() === '') throw new AuthError('usage', 'no provider was named', { hint })
  return answer.trim()
}

/**
 * A client that has fixed ports registered comes back to no other.
 *
 * @throws AuthError `usage`.
 */
function redirectFor(provider: Provider, asked: number | undefined): Redirect {
  const { redirect } = provider
  if (redirect === undefined) {
    throw new AuthError('usage', 'an API key is not signed in to through the browser', {
      hint: `aiauth login ${provider.id}, without --mode`,
    })
  }
  if (asked === undefined) return redirect
  if (redirect.ports.includes(0) || redirect.ports.includes(asked)) return { ...redirect, ports: [asked] }
  throw new AuthError('usage', `${provider.id} comes back to no other ports than ${redirect.ports.join(' and ')}`, {
    hint: 'leave --port out',
  })
}

async function agreeToTerms(
  ports: Ports,
  config: UntrustedRecord,
  provider: Provider,
  options: LoginOptions,
): Promise<void> {
  if (provider.terms === undefined || !isAtVendor(provider)) return
  if (termsAccepted(config, provider)) return
  for (const line of termsLines(provider.title, provider.terms)) ports.terminal.say(line, { always: true })
  if (options.acceptTerms !== true) {
    const hint = `aiauth login ${provider.id} --accept-terms, or set providers.${provider.id}.acceptedTerms to true in config.json`
    if (!ports.terminal.interactive) throw new AuthError('usage', 'these terms must be accepted first', { hint })
    const answer = await ports.terminal.ask('go on with this sign-in? [y/N] ', ports.interruption)
    if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw new AuthError('usage', 'the terms were not accepted', { hint })
  }
  await ports.settings.acceptTerms(provider.id, provider.mode)
}

function signInInput(
  ports: Ports,
  config: UntrustedRecord,
  provider: Provider,
  redirect: Redirect,
  options: LoginOptions,
): SignInInput {
  const { variables, remoteLogin } = ports.environment
  const chosen = [options.browser, variables['BROWSER'], config['browser']]
  const command = chosen.find((each) => typeof each === 'string' && each.trim() !== '') as string | undefined
  const open = options.browser !== false && (command !== undefined || remoteLogin === undefined)
  return {
    provider,
    redirect,
    scopes: options.scopes ?? provider.scopes,
    browser: { open, command },
    pasteQuestion: ports.terminal.interactive
      ? 'waiting for the browser; or paste the code or the address it ended on: '
      : undefined,
    announce: ({ url, redirectUri, isListening }) => {
      const view = { title: provider.title, url, redirectUri, isListening, opens: open, remoteLogin }
      for (const line of announcement(view, ports.terminal.errStyle)) ports.terminal.say(line, { always: true })
    },
    browserUnavailable: () => warn(ports, 'no browser could be opened here; open the address above yourself'),
    pasteRefused: () => warn(ports, 'that is not the answer to this sign-in; copy the whole address or code once more'),
  }
}

function tell(ports: Ports, account: Account, json: boolean): void {
  const nowMs = ports.clock.nowMs()
  ports.terminal.say(signedIn(account, nowMs, ports.terminal.errStyle))
  if (json) ports.terminal.out(jsonText({ account: accountJson(account, { isDefault: false, nowMs }) }))
}
