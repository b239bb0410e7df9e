import { signInByDevice } from '../flows/device-sign-in.ts'
import { httpFor } from '../flows/http-for.ts'
import { asThisInstallation } from '../flows/installation.ts'
import { signIn, type Announced, type Grant, type SignInInput } from '../flows/sign-in.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { isApiKey, type Provider, type Redirect } from '../model/provider.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import type { DeviceSignIn } from '../oauth/device.ts'
import { hintToForget } from '../oauth/refusal.ts'
import {
  announcement,
  deviceAnnouncement,
  elsewhere,
  firstAddress,
  halvesHint,
  PASTE_FAULTS,
  stillWaiting,
  waitingForCode,
} from '../ui/sign-in-words.ts'
import { handOver } from './hand-over.ts'
import { fromFile, noDeviceSignIn, providerToSignInTo } from './provider-to-sign-in-to.ts'
import { storeGrant } from './store-grant.ts'
import { warn } from './warn.ts'

/** The flags of every command that signs somebody in. */
export interface SignInOptions {
  readonly browser: boolean | string
  readonly port?: number
  readonly device?: true
  readonly timeout?: number
  readonly qr?: true
  readonly urlFile?: string
  readonly acceptTerms?: true
  readonly withApiKey?: true
  readonly scopes?: string[]
  /** As `accountProxy` gives it. */
  readonly proxy?: string
}

export interface SignInWith<Kept, Place> {
  readonly provider: Provider
  readonly options: SignInOptions
  /** Whom the provider may suggest to sign in as. */
  readonly loginHint: string | undefined
  /** What to type for more time. */
  readonly again: string
  /** What to type where nobody can answer here. */
  readonly inHalves?: string
  /** Proves, before the browser opens, that what comes back can be kept. */
  readonly beforehand: () => Promise<Place>
  /** Called with what the provider granted; until it returns, the page in the browser waits. */
  readonly keep: (provider: Provider, grant: Grant, place: Place) => Promise<Kept>
}

/**
 * Signs a person in, in the way that the provider's mode has: the one way of `login` and
 * `reauthenticate`.
 *
 * @throws AuthError as each of the ways does, `usage` for flags that do not fit the mode.
 */
export async function signInWith<Kept, Place>(ports: Ports, input: SignInWith<Kept, Place>): Promise<Kept> {
  const { provider, options, again, beforehand, keep } = input
  const { handedOver } = provider
  if (options.withApiKey === true && !(handedOver !== undefined && isApiKey(provider))) {
    throw new AuthError('usage', `${provider.id}/${provider.mode} does not take an API key`, {
      hint: 'leave --with-api-key out',
    })
  }
  if (options.device === true && (handedOver ?? provider.dynamicClient) !== undefined) throw noDeviceSignIn(input)
  if ((options.qr === true || options.urlFile !== undefined) && (options.device === true || handedOver !== undefined)) {
    throw new AuthError('usage', '--qr and --url-file are for a sign-in through the browser', { hint: again })
  }
  if (handedOver !== undefined) {
    const place = await beforehand()
    return keep(provider, await handOver(ports, provider, handedOver, again), place)
  }
  try {
    return await (options.device === true ? byDevice(ports, input) : throughBrowser(ports, input))
  } catch (error) {
    throw withWayOn(error, input)
  }
}

type Way = Pick<SignInWith<unknown, unknown>, 'provider' | 'options' | 'again' | 'inHalves'>

/** What to type after a no, and where no port could be had: the ways that need none. */
function withWayOn(error: unknown, { provider, options, again, inHalves }: Way): unknown {
  if (!(error instanceof AuthError)) return error
  const byDevice = `${again} --device`
  if (error.code === 'sign-in-denied' && error.hint === undefined) {
    return error.withHint(options.device === true ? byDevice : again)
  }
  const hasDevice = provider.deviceAuthorizationEndpoint !== undefined
  const ways = [hasDevice ? byDevice : undefined, inHalves].filter((way) => way !== undefined)
  if (error.code !== 'port-taken' || ways.length === 0) return error
  return error.withHint(`or, without a port: ${ways.join(', or ')}`)
}

/** @throws AuthError as `signInByDevice`, `usage` where terms are not accepted or there is no such sign-in. */
async function byDevice<Kept, Place>(ports: Ports, input: SignInWith<Kept, Place>): Promise<Kept> {
  const { options, again } = input
  const { provider, http, keepGrant } = await ready(ports, input)
  const { title, deviceAuthorizationEndpoint = '' } = provider
  const { timeout } = options
  const view = (tell: (words: string) => void) => ({
    provider: { ...provider, deviceAuthorizationEndpoint },
    scopes: options.scopes ?? provider.scopes,
    announce: (device: DeviceSignIn) => {
      const lines = deviceAnnouncement({ title, ...device }, ports.terminal.errStyle)
      for (const line of lines) ports.terminal.say(line, { always: true })
    },
    waiting: (leftMs: number) => tell(waitingForCode(leftMs)),
  })
  const timedOut = new AuthError('sign-in-timed-out', 'the code was not entered in time', {
    hint: `${again} --device, without --timeout`,
  })
  const deadline = timeout === undefined ? undefined : ports.clock.deadline(ports.interruption, timeout, timedOut)
  try {
    const signal = deadline?.signal ?? ports.interruption
    const grant = await ports.terminal.during('asking for a code', (tell) =>
      signInByDevice({ ...ports, http }, view(tell), signal),
    )
    return await keepGrant(grant)
  } finally {
    deadline?.end()
  }
}

/** @throws AuthError as `signIn`, `usage` where terms are not accepted or a port is not registered. */
async function throughBrowser<Kept, Place>(ports: Ports, input: SignInWith<Kept, Place>): Promise<Kept> {
  const { options, loginHint, again, inHalves } = input
  const redirect = redirectFor(input.provider, options.port, again)
  const { provider, http, keepGrant } = await ready(ports, input)
  const forget = hintToForget(provider)
  const timedOut = new AuthError('sign-in-timed-out', 'nobody came back from the browser in time', {
    // A vendor tells an unknown client to the person, and does not come back (RFC 6749 §4.1.2.1).
    hint: `${again} --timeout 15m${forget === undefined ? '' : `; if it said there that the client is not known: ${forget}`}`,
  })
  const showQrCode = options.qr === true ? await qrCodeTeller(ports) : undefined
  let removeUrlFile: () => void = () => undefined
  const deadline = ports.clock.deadline(ports.interruption, options.timeout ?? DEFAULT_TIMEOUT_MS, timedOut)
  try {
    const view = { ...signInInput(ports, ports.settings.read(), provider, redirect, options), loginHint }
    const announce = (addresses: Announced) => {
      view.announce(addresses)
      const url = firstAddress({ ...addresses, surroundings: ports.environment.surroundings })
      if (options.urlFile !== undefined) removeUrlFile = ports.writeUrlFile(options.urlFile, url)
      showQrCode?.(url)
      if (inHalves !== undefined && !view.browser.open && !canAnswer(ports)) ports.terminal.say(halvesHint(inHalves))
    }
    return await signIn({ ...ports, http }, { ...view, announce }, keepGrant, deadline.signal)
  } finally {
    removeUrlFile()
    deadline.end()
  }
}

const DEFAULT_TIMEOUT_MS = 300_000

/** All that can be wrong before anybody goes anywhere, and what is done with the grant in the end. */
async function ready<Kept, Place>(ports: Ports, input: SignInWith<Kept, Place>) {
  const { options, beforehand, keep } = input
  const http = httpFor(ports, options.proxy)
  const discovered = await providerToSignInTo({ ...ports, http }, input)
  const place = await beforehand()
  const provider = await asThisInstallation(ports.settings, discovered)
  const keepGrant = (grant: Grant) => storeGrant(ports, provider, grant, () => keep(provider, grant, place))
  return { provider, http, keepGrant }
}

/** Its package is loaded for those who want it. */
export async function qrCodeTeller({ terminal }: Pick<Ports, 'terminal'>): Promise<(url: string) => void> {
  const { qrCode } = await import('../ui/qr-code.ts')
  return (url) => {
    for (const line of qrCode(url, terminal.errColumns)) terminal.say(line, { always: true })
  }
}

function canAnswer({ terminal, environment }: Pick<Ports, 'terminal' | 'environment'>): boolean {
  return terminal.interactive && !environment.surroundings.isAgent
}

/**
 * A client that has fixed ports registered comes back to no other.
 *
 * @throws AuthError `usage`.
 */
export function redirectFor(provider: Provider, asked: number | undefined, again: string): Redirect {
  const { redirect, handedOver } = provider
  if (redirect === undefined) {
    throw new AuthError('usage', `${provider.id}/${provider.mode} is not signed in to through the browser`, {
      hint: handedOver && fromFile(again, handedOver),
    })
  }
  if (asked === undefined) return redirect
  if (redirect.ports.includes(0) || redirect.ports.includes(asked)) return { ...redirect, ports: [asked] }
  throw new AuthError('usage', `${provider.id} comes back to no other ports than ${redirect.ports.join(' and ')}`, {
    hint: 'leave --port out',
  })
}

function signInInput(
  ports: Ports,
  config: UntrustedRecord,
  provider: Provider,
  redirect: Redirect,
  options: SignInOptions,
): Omit<SignInInput, 'loginHint'> {
  const { variables, surroundings } = ports.environment
  const chosen = [options.browser, variables['BROWSER'], config['browser']]
  const command = chosen.find((each) => typeof each === 'string' && each.trim() !== '') as string | undefined
  const open = options.browser !== false && (command !== undefined || surroundings.noBrowser === undefined)
  return {
    provider,
    redirect,
    scopes: options.scopes ?? provider.scopes,
    browser: { open, command },
    pasteQuestion: ports.terminal.interactive
      ? 'waiting for the browser; or paste the code or the address it ended on: '
      : undefined,
    announce: (addresses) => {
      const view = { title: provider.title, ...addresses, opens: open, surroundings }
      for (const line of announcement(view, ports.terminal.errStyle)) ports.terminal.say(line, { always: true })
    },
    browserUnavailable: (manualUrl) => {
      warn(ports, 'no browser could be opened here; open the address above yourself')
      if (manualUrl === undefined) return
      for (const line of elsewhere(manualUrl, ports.terminal.errStyle)) ports.terminal.say(line, { always: true })
    },
    pasteRefused: (fault) => warn(ports, PASTE_FAULTS[fault]),
    stillWaiting: () => ports.terminal.say(`aiauth: ${stillWaiting(ports.terminal.interactive)}`),
  }
}
