import type { AuthFile, StorageKind } from './account.ts'
import type { Redirect } from './provider.ts'
import type { Secret } from './secret.ts'
import type { TokenBundle } from './tokens.ts'
import type { UntrustedRecord } from './untrusted.ts'

/** What the program needs of the world. Adapters live in `system/`; tests bring fakes. */
export interface Ports {
  readonly clock: Clock
  readonly environment: Environment
  readonly terminal: Terminal
  readonly http: Http
  readonly loopback: Loopback
  readonly browser: Browser
  readonly vaults: Vaults
  readonly authFile: AuthFileStore
  readonly settings: Settings
  readonly identifiers: Identifiers
  readonly trace: Trace
  /** Fires on Ctrl-C, SIGTERM or SIGHUP. */
  readonly interruption: AbortSignal
}

export interface Clock {
  nowMs(): number
  /**
   * A signal that fires with `reason` after `timeoutMs`, or with the parent's reason when
   * that fires first. `end()` stops the timer.
   */
  deadline(parent: AbortSignal, timeoutMs: number, reason: Error): Deadline
}

export interface Deadline {
  readonly signal: AbortSignal
  end(): void
}

export interface Identifiers {
  /** A new random UUID, version 4. */
  uuid(): string
}

export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>
  /** `ada@192.0.2.7` when this is a remote terminal: no browser opens here, and what `ssh -L` needs. */
  readonly remoteLogin: string | undefined
  /** A passphrase for the vault is at hand without asking anybody. */
  readonly hasPassphrase: boolean
}

/** Results go to `out`, everything said to a person goes to `say`. */
export interface Terminal {
  /** A person can be asked: stdin and stderr are terminals and input is not switched off. */
  readonly interactive: boolean
  readonly outStyle: Style
  readonly errStyle: Style
  /** Width of the terminal that stdout is, in columns; `undefined` when it is none. */
  readonly outColumns: number | undefined
  /** Writes to stdout, exactly. */
  out(text: string): void
  /** Writes one line to stderr. Silent with `--quiet` unless `always`. */
  say(line: string, options?: { always?: boolean }): void
  /** Asks on stderr and returns the line that was typed, without its line end; `undefined` when input has ended. */
  ask(question: string, signal: AbortSignal): Promise<string | undefined>
  /** Like `ask`, without showing what is typed. */
  askSecret(question: string, signal: AbortSignal): Promise<Secret | undefined>
  /** Shows a spinner on a terminal, nothing elsewhere, until the work ends. */
  during<T>(words: string, work: () => Promise<T>): Promise<T>
}

/** Marks text for emphasis; the plain style returns it unchanged. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

export interface HttpRequest {
  /** For the trace and for messages: which step of the protocol this is. */
  readonly purpose: string
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpReply {
  readonly status: number
  /** Names in lower case; a repeated header is joined with `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Http {
  /** Loads what a request to this address will need, without sending anything. */
  warm(url: string): void
  /**
   * Sends one request and returns the whole reply, whatever its status. Redirects are not
   * followed, the body is capped at 1 MiB, and all of it must arrive within 30 s.
   *
   * @throws AuthError `network` (with a cause that says whether it was ever sent),
   * `provider-unavailable` for a reply that is too large or encoded, `cancelled`.
   */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpReply>
}

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

export interface Browser {
  /**
   * Opens a URL that was checked before. `command` is the user's own (`--browser`, `BROWSER`)
   * and gets the URL as its last argument, never through a shell.
   *
   * Resolves `unavailable` when the opener could not start or failed, else `opened`;
   * never rejects, and never keeps the program alive.
   */
  open(url: string, command: string | undefined): Promise<'opened' | 'unavailable'>
}

export interface Vaults {
  /** The vault of a kind; opening it touches nothing yet. */
  vault(kind: StorageKind): Vault
}

/** Where bundles are kept. One contract suite runs on every implementation. */
export interface Vault {
  readonly kind: StorageKind
  /**
   * Proves that a secret can be written and read back, and unlocks what has to be unlocked.
   *
   * @throws AuthError `storage-unavailable`, `storage-locked`, `storage-timed-out`.
   */
  probe(): Promise<void>
  /** `undefined` means that the store is in order and holds nothing for this account. */
  read(accountId: string): Promise<TokenBundle | undefined>
  /** When this returns, the bundle is durable. */
  write(bundle: TokenBundle): Promise<void>
  /** Removing what is not there is no error. */
  remove(accountId: string): Promise<void>
}

export interface AuthFileStore {
  /**
   * The file as it is, or `undefined` when there is none. Writes nothing.
   *
   * @throws AuthError `auth-file-invalid`, `auth-file-too-new`.
   */
  read(): AuthFile | undefined
  /**
   * Proves that the file could be written, by taking its lock, which stands beside it.
   *
   * @throws AuthError `storage-unavailable`, `busy`.
   */
  probe(): Promise<void>
  /**
   * Reads, changes and writes the file under its lock. The change gets the newest content
   * (an empty file when there is none) and may throw to leave everything as it is.
   *
   * @throws AuthError as `read`, and `busy` when the lock cannot be had.
   */
  update(change: (current: AuthFile) => AuthFile): Promise<AuthFile>
}

export interface Settings {
  /** `config.json` as it stands, unchecked; `{}` when there is none. */
  read(): UntrustedRecord
  /** Remembers that the user has accepted the terms of one mode. */
  acceptTerms(provider: string, mode: string): Promise<void>
}

/** Protocol trace for `DEBUG=oauth:*`. Values must have been redacted by the caller. */
export type Trace = (topic: string, line: string) => void
