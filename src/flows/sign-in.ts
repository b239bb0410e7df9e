import { beginAuthorization, withRedirectUri, type AuthorizationRequest } from '../oauth/authorization.ts'
import type { CheckedCallback } from '../oauth/callback.ts'
import type { PasteFault } from '../oauth/pasted.ts'
import { exchangeCode } from '../oauth/token-endpoint.ts'
import { AuthError, type AuthErrorCode } from '../model/errors.ts'
import type { Listener, Outcome, Ports } from '../model/ports.ts'
import type { Provider, Redirect } from '../model/provider.ts'
import { firstAnswer } from './first-answer.ts'
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
  readonly announce: (request: Announced) => void
  /** Told when the browser turned out not to open, with an address for one elsewhere; the sign-in goes on. */
  readonly browserUnavailable: (manualUrl: string | undefined) => void
  readonly pasteRefused: (fault: PasteFault) => void
  /** Told once, when it takes long. */
  readonly stillWaiting: () => void
}

export interface Announced {
  readonly url: string
  /** The same for a browser that opens elsewhere: it ends on a page with a code to paste. */
  readonly manualUrl: string | undefined
  readonly redirectUri: string
  readonly isListening: boolean
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
    const ways = { loopback: request, manual: input.browser.open ? undefined : manualRequest(input, request) }
    const manualUrl = ways.manual?.url
    input.announce({ url: request.url, manualUrl, redirectUri, isListening: listener !== undefined })
    openBrowser(ports, input, request.url, () => (ways.manual = manualRequest(input, request))?.url)
    ports.http.warm(input.provider.tokenEndpoint ?? '')
    const answer = await firstAnswer(ports, input, ways, listener, signal)
    const kept = await keep(await grantFor(ports, input.provider, answer.request, answer.callback, signal))
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

/** For a browser elsewhere, where the code of its last page can be pasted. */
function manualRequest(
  { provider, pasteQuestion }: SignInInput,
  request: AuthorizationRequest,
): AuthorizationRequest | undefined {
  const uri = pasteQuestion === undefined ? undefined : provider.manualRedirectUri
  return uri === undefined ? undefined : withRedirectUri(request, uri)
}

function openBrowser(ports: SignInPorts, input: SignInInput, url: string, offerManual: () => string | undefined): void {
  if (!input.browser.open) return
  void ports.browser.open(url, input.browser.command).then((outcome) => {
    if (outcome === 'unavailable') input.browserUnavailable(offerManual())
  })
}

/** Spends the code, and makes what comes back somebody's grant. */
export async function grantFor(
  ports: SignInPorts,
  provider: Provider,
  request: AuthorizationRequest,
  callback: CheckedCallback,
  signal: AbortSignal,
): Promise<Grant> {
  const asked = { clientId: callback.clientId, nonce: request.nonce }
  return ports.terminal.during('asking for the tokens', async () => {
    const response = await exchangeCode(ports, provider, request, callback, signal)
    return grantOf(ports, provider, response, asked, signal)
  })
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
