import { beginAuthorization, type AuthorizationRequest } from '../oauth/authorization.ts'
import { checkCallback, checkPasted, type CheckedCallback } from '../oauth/callback.ts'
import { exchangeCode } from '../oauth/token-endpoint.ts'
import { AuthError, type AuthErrorCode } from '../model/errors.ts'
import type { Listener, Outcome, Ports } from '../model/ports.ts'
import type { Provider, Redirect } from '../model/provider.ts'
import { grantOf, type Grant } from './grant.ts'

export type { Grant } from './grant.ts'

export type SignInPorts = Pick<Ports, 'loopback' | 'browser' | 'clock' | 'http' | 'terminal' | 'trace'>

export interface SignInInput {
  readonly provider: Provider
  readonly redirect: Redirect
  readonly scopes: readonly string[]
  /** Whom the provider may suggest to sign in as. */
  readonly loginHint: string | undefined
  /** Open a browser here, by the user's own command if there is one. */
  readonly browser: { readonly open: boolean; readonly command: string | undefined }
  /** Accept a pasted code or address beside the callback. */
  readonly pasteQuestion: string | undefined
  /** Tells the user where to go; called once, before the browser is opened. */
  readonly announce: (request: { url: string; redirectUri: string; isListening: boolean }) => void
  /** Told when the browser turned out not to open; the sign-in goes on. */
  readonly browserUnavailable: () => void
  readonly pasteRefused: () => void
}

/**
 * Sends the user through the browser once. Stores nothing itself: `keep` does, and only when
 * it has returned does the page in the browser speak of success.
 *
 * The signal's reason is what is thrown when it fires (time-out or Ctrl-C). Once the code is
 * accepted, nothing that comes in from outside has an effect any more.
 *
 * @throws AuthError of every kind that its steps name.
 */
export async function signIn<Kept>(
  ports: SignInPorts,
  input: SignInInput,
  keep: (grant: Grant) => Promise<Kept>,
  signal: AbortSignal,
): Promise<Kept> {
  const listener = await listen(ports, input)
  let outcome: Outcome = { kind: 'failed', reason: 'internal' }
  try {
    const redirectUri = listener?.redirectUri ?? unheardRedirectUri(input.redirect)
    const request = await beginAuthorization(input.provider, redirectUri, input.scopes, input.loginHint)
    ports.trace('authorization', `→ ${input.provider.authorizationEndpoint ?? ''} redirect_uri="${redirectUri}"`)
    input.announce({ url: request.url, redirectUri, isListening: listener !== undefined })
    openBrowser(ports, input, request.url)
    ports.http.warm(input.provider.tokenEndpoint ?? '')
    const callback = await firstCallback(ports, input, request, listener, signal)
    const kept = await keep(await grantFor(ports, input.provider, request, callback, signal))
    outcome = { kind: 'signed-in', title: input.provider.title }
    return kept
  } catch (error) {
    outcome = failure(error)
    throw error
  } finally {
    await listener?.show(outcome)
    await listener?.close()
  }
}

/** Without a browser here, a taken port is no obstacle to someone who can paste. */
async function listen(ports: SignInPorts, input: SignInInput): Promise<Listener | undefined> {
  try {
    return await ports.loopback.listen(input.redirect)
  } catch (error) {
    const canPaste = !input.browser.open && input.pasteQuestion !== undefined
    if (canPaste && error instanceof AuthError && error.code === 'port-taken') return undefined
    throw error
  }
}

function unheardRedirectUri({ host, ports, path }: Redirect): string {
  return `http://${host}:${ports[0] ?? 0}${path}`
}

function openBrowser(ports: SignInPorts, input: SignInInput, url: string): void {
  if (!input.browser.open) return
  void ports.browser.open(url, input.browser.command).then((outcome) => {
    if (outcome === 'unavailable') input.browserUnavailable()
  })
}

/** The browser's callback or what the user pastes, whichever comes first and is ours. */
async function firstCallback(
  ports: SignInPorts,
  input: SignInInput,
  request: AuthorizationRequest,
  listener: Listener | undefined,
  signal: AbortSignal,
): Promise<CheckedCallback> {
  const settled = new AbortController()
  const sources = [
    interrupted(signal, settled),
    ...(listener === undefined ? [] : [fromBrowser(ports, input, request, listener, settled.signal)]),
    ...(input.pasteQuestion === undefined
      ? []
      : [fromTerminal(ports, input, request, input.pasteQuestion, settled.signal)]),
  ]
  try {
    return await Promise.race(sources)
  } finally {
    settled.abort(new AuthError('cancelled', 'the sign-in has gone on elsewhere'))
  }
}

/** Rejects with the signal's reason and stops the other sources. */
function interrupted(signal: AbortSignal, others: AbortController): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => {
      reject(signal.reason as Error)
      others.abort(signal.reason)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

async function fromBrowser(
  { trace }: SignInPorts,
  { provider }: SignInInput,
  request: AuthorizationRequest,
  listener: Listener,
  signal: AbortSignal,
): Promise<CheckedCallback> {
  for await (const visit of listener.visits(signal)) {
    try {
      const callback = checkCallback(provider, request, visit.query)
      if (callback !== undefined) {
        trace('callback', '← the code of this sign-in')
        visit.accept()
        return callback
      }
    } catch (error) {
      trace('callback', '← an error of this sign-in')
      visit.accept()
      throw error
    }
    trace('callback', '× not of this sign-in: state, code or parameters do not fit')
    visit.refuse()
  }
  return never()
}

async function fromTerminal(
  { terminal }: SignInPorts,
  { provider, pasteRefused }: SignInInput,
  request: AuthorizationRequest,
  question: string,
  signal: AbortSignal,
): Promise<CheckedCallback> {
  for (;;) {
    const pasted = await terminal.ask(question, signal)
    if (pasted === undefined) return never()
    if (pasted.trim() === '') continue
    const callback = checkPasted(provider, request, pasted)
    if (callback !== undefined) return callback
    pasteRefused()
  }
}

/** A source that has nothing more to say leaves the race to the others. */
function never(): Promise<never> {
  return new Promise<never>(() => undefined)
}

async function grantFor(
  ports: SignInPorts,
  provider: Provider,
  request: AuthorizationRequest,
  callback: CheckedCallback,
  signal: AbortSignal,
): Promise<Grant> {
  const response = await exchangeCode(ports, provider, request, callback, signal)
  const asked = { clientId: callback.clientId, nonce: request.nonce }
  return grantOf(ports, provider, response, asked, signal)
}

const PAGE_REASONS: Partial<Record<AuthErrorCode, Extract<Outcome, { kind: 'failed' }>['reason']>> = {
  'sign-in-denied': 'denied',
  'sign-in-timed-out': 'timed-out',
  'provider-rejected': 'provider',
  'provider-unavailable': 'provider',
  network: 'network',
  'storage-unavailable': 'storage',
  'storage-locked': 'storage',
  'storage-timed-out': 'storage',
  'secret-missing': 'storage',
  'auth-file-invalid': 'storage',
  'auth-file-too-new': 'storage',
  busy: 'storage',
  cancelled: 'cancelled',
}

function failure(error: unknown): Outcome {
  const reason = error instanceof AuthError ? PAGE_REASONS[error.code] : undefined
  return { kind: 'failed', reason: reason ?? 'internal' }
}
