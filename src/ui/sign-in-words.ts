import { stateAt } from '../model/account-state.ts'
import type { Account } from '../model/account.ts'
import type { Style } from '../model/ports.ts'
import type { Terms } from '../model/provider.ts'
import { cleanLine } from '../model/untrusted.ts'
import { span, timeLeft } from './time-left.ts'

export interface Announcement {
  readonly title: string
  readonly url: string
  readonly redirectUri: string
  readonly isListening: boolean
  /** Whether a browser is being opened here. */
  readonly opens: boolean
  /** `user@host` of this machine when the terminal is a remote one. */
  readonly remoteLogin: string | undefined
}

/**
 * What is said before the browser opens. The address stands alone on its line, unbroken and
 * unframed, so that it can be copied or clicked in any terminal.
 */
export function announcement(view: Announcement, style: Style): string[] {
  const how = view.opens
    ? 'opening your browser; if nothing happens, open this address'
    : 'open this address in a browser'
  return [
    `aiauth: signing in to ${view.title}`,
    `aiauth: ${how}:`,
    style.cyan(view.url),
    ...(view.remoteLogin === undefined || !view.isListening ? [] : tunnel(view, view.remoteLogin)),
    ...(view.isListening ? [] : ['aiauth: no port could be opened here, so paste what the browser shows in the end']),
  ]
}

function tunnel({ redirectUri }: Announcement, remoteLogin: string): string[] {
  const { port } = new URL(redirectUri)
  return [
    'aiauth: this looks like a remote terminal; so that your browser finds the way back, run this on your own machine:',
    `ssh -L ${port}:127.0.0.1:${port} ${remoteLogin}`,
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

export const PLAINTEXT_WARNING = 'the tokens are readable by anyone who can read your files (storage plaintext)'
