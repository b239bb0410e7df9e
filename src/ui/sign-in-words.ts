import { stateAt } from '../model/account-state.ts'
import type { Account } from '../model/account.ts'
import type { Style } from '../model/ports.ts'
import type { Terms } from '../model/provider.ts'
import type { Surroundings } from '../model/surroundings.ts'
import { cleanLine } from '../model/untrusted.ts'
import { span, timeLeft } from './time-left.ts'

export interface Announcement {
  readonly title: string
  readonly url: string
  /** The address for a browser elsewhere, which ends on a page with a code to paste. */
  readonly manualUrl: string | undefined
  readonly redirectUri: string
  readonly isListening: boolean
  /** Whether a browser is being opened here. */
  readonly opens: boolean
  readonly surroundings: Surroundings
}

/**
 * What is said before the browser opens. Each address stands alone on its line, unbroken and
 * unframed, so that it can be copied or clicked in any terminal; the first is the best one.
 */
export function announcement(view: Announcement, style: Style): string[] {
  const { noBrowser, remoteLogin } = view.surroundings
  const why = noBrowser === undefined ? '' : `${noBrowser}; `
  const how = view.opens
    ? 'opening your browser; if nothing happens, open this address'
    : `${why}open this address in a browser`
  const first = firstAddress(view)
  const isTunnelled = remoteLogin !== undefined && view.isListening
  return [
    `aiauth: signing in to ${view.title}`,
    `aiauth: ${how}:`,
    style.cyan(first),
    ...(view.manualUrl === undefined ? [] : first === view.url ? elsewhere(view.manualUrl, style) : [PASTE_CODE]),
    ...(isTunnelled ? tunnel(view, remoteLogin, style) : []),
    ...(view.isListening ? [] : ['aiauth: no port could be opened here, so paste what the browser shows in the end']),
  ]
}

const PASTE_CODE = 'aiauth: sign in there, and paste here the code that it shows'

/** The best address for somebody who is here: where a browser could open, the one that comes back by itself. */
export function firstAddress(view: Pick<Announcement, 'url' | 'manualUrl' | 'surroundings'>): string {
  return view.surroundings.noBrowser === undefined ? view.url : (view.manualUrl ?? view.url)
}

function tunnel({ url, manualUrl, redirectUri }: Announcement, remoteLogin: string, style: Style): string[] {
  const { port } = new URL(redirectUri)
  const [aim, instead] =
    manualUrl === undefined
      ? ['so that your browser finds the way back', []]
      : ['or, with nothing to paste', ['aiauth: and open this address instead:', style.cyan(url)]]
  return [
    `aiauth: ${aim}, run this on your own machine:`,
    `ssh -L ${port}:127.0.0.1:${port} ${remoteLogin}`,
    ...instead,
  ]
}

export interface DeviceAnnouncement {
  readonly title: string
  readonly address: string
  readonly completeAddress: string | undefined
  readonly userCode: string
  readonly lifetimeMs: number
}

/** Where to go with any device, and what to enter there: address and code each on a line of its own. */
export function deviceAnnouncement(view: DeviceAnnouncement, style: Style): string[] {
  return [
    `aiauth: signing in to ${view.title}`,
    'aiauth: open this address on any device:',
    style.cyan(view.address),
    `aiauth: and enter this code there, within ${span(view.lifetimeMs)}:`,
    style.bold(view.userCode),
    ...(view.completeAddress === undefined
      ? []
      : ['aiauth: or open this address, which has the code in it:', style.cyan(view.completeAddress)]),
  ]
}

export function waitingForCode(leftMs: number): string {
  return `waiting for the code, ${span(leftMs)} left`
}

/** The way for a browser on another machine. */
export function elsewhere(manualUrl: string, style: Style): string[] {
  return ['aiauth: or open this one on another machine, and paste here the code that it shows:', style.cyan(manualUrl)]
}

/** What was wrong with a pasted text, and what to paste. Nothing of it is repeated. */
export const PASTE_FAULTS = {
  'own-address': 'that is the address to open; paste the one that the browser ends on, or the code that it shows',
  'other-sign-in': 'that answers another sign-in; open the address of this one, and paste what it ends with',
  incomplete: 'that is only a part of it; paste the rest, or all of it once more',
  'no-code': 'there is no code in that; paste the whole address that the browser ended on, or the code that it shows',
  'no-client': 'a code is not enough for the first sign-in here; paste the whole address that the browser ended on',
} as const

/** For a script or a coding agent, whose person sits elsewhere. */
export function halvesHint(begin: string): string {
  return `aiauth: nobody can paste an answer here; to get the address now and answer later: ${begin}`
}

/** What a person does between the two halves of a sign-in; the address itself is in the result. */
export function begunLines(title: string, id: string, showsCode: boolean): string[] {
  const end = showsCode
    ? 'it ends on a page that shows a code'
    : 'it ends on a page that cannot be reached, whose whole address is the answer'
  return [
    `aiauth: open the address in any browser and sign in to ${title}; ${end}`,
    `aiauth: then, within 10 minutes: aiauth login --complete ${id} '<code or address>'`,
  ]
}

export function stillWaiting(canPaste: boolean): string {
  return canPaste
    ? 'still waiting for the browser; paste the code or the address that it ended on, and press Enter'
    : 'still waiting for the browser to come back'
}

/** The one line that says who is signed in, until when, and where the tokens are. */
export function signedIn(account: Account, nowMs: number, style: Style): string {
  const who = account.email ?? account.accountId
  const facts = [
    `account ${account.name}`,
    ...(account.tier === null ? [] : [`tier ${cleanLine(account.tier)}`]),
    account.expiresAt === null ? 'expiry unknown' : `token lasts ${timeLeft(account.expiresAt, nowMs)}`,
    `kept in: ${account.secret.store}`,
    ...(stateAt(account, nowMs).state === 'created' ? ['not yet verified'] : []),
  ]
  const as = who === null ? '' : ` as ${style.bold(cleanLine(who))}`
  return `aiauth: ${style.green('signed in')}${as} (${facts.join(', ')})`
}

/** What must be known before a vendor's own client is used by another program. */
export function termsLines(title: string, terms: Terms): string[] {
  return [`aiauth: before you sign in to ${title}: ${terms.notice}`, `aiauth: the terms: ${terms.url}`]
}
