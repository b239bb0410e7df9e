import type { Redirect } from './provider.ts'

export interface Loopback {
  /**
   * Binds the listener; the redirect URI is known only afterwards.
   *
   * @throws AuthError `port-taken` when none of the ports can be had.
   */
  listen(redirect: Redirect): Promise<Listener>
}

export interface Listener {
  /** Byte for byte what goes into the authorization request. */
  readonly redirectUri: string
  /** Requests to the redirect path, in order, until the signal fires or one is accepted. */
  visits(signal: AbortSignal): AsyncIterable<Visit>
  /** Shows the outcome to the browser that is waiting for it. Never rejects, never hangs. */
  show(outcome: Outcome): Promise<void>
  /** Closes the port and every connection. Never rejects, never hangs. */
  close(): Promise<void>
}

export interface Visit {
  /** The raw query, without the `?`. Well-formed percent-encoding, otherwise unchecked. */
  readonly query: string
  /** This is the sign-in we wait for: the browser is sent to a clean address and waits there. */
  accept(): void
  /** This is not our sign-in: 400, and the listener goes on waiting. */
  refuse(): void
}

/** What the callback page says in the end. All words are fixed; nothing of the request is shown. */
export type Outcome =
  | { readonly kind: 'signed-in'; readonly title: string }
  | {
      readonly kind: 'failed'
      readonly reason: 'denied' | 'provider' | 'network' | 'storage' | 'cancelled' | 'timed-out' | 'internal'
    }

/** Everything that a browser can be shown: the outcome, and what is said before or beside it. */
export type Screen = Outcome | { readonly kind: 'waiting' } | { readonly kind: 'not-this-sign-in' }
