import type { AuthFileStore } from './auth-file-store.ts'
import type { Backups } from './backup.ts'
import type { ForeignFiles } from './foreign-files.ts'
import type { Use } from './history.ts'
import type { Inspection } from './inspection.ts'
import type { Journal } from './journal.ts'
import type { Loopback } from './loopback.ts'
import type { Migrations } from './migration.ts'
import type { Preset } from './preset.ts'
import type { Programs } from './programs.ts'
import type { Secret } from './secret.ts'
import type { SignInFiles, WriteUrlFile } from './sign-in-files.ts'
import type { Storages } from './storages.ts'
import type { Surroundings } from './surroundings.ts'
import type { UntrustedRecord } from './untrusted.ts'
import type { Vaults } from './vault.ts'

export type { AuthFileDraft, AuthFileStore } from './auth-file-store.ts'
export type { Hold, Journal } from './journal.ts'
export type { Listener, Loopback, Outcome, Screen, Visit } from './loopback.ts'
export type { Vault, Vaults } from './vault.ts'

/** What the program needs of the world. Adapters live in `system/`; tests bring fakes. */
export interface Ports {
  readonly clock: Clock
  readonly environment: Environment
  readonly terminal: Terminal
  readonly http: Http
  readonly loopback: Loopback
  readonly browser: Browser
  readonly programs: Programs
  readonly vaults: Vaults
  readonly storages: Storages
  readonly authFile: AuthFileStore
  readonly journal: Journal
  readonly uses: Uses
  readonly foreignFiles: ForeignFiles
  readonly backups: Backups
  readonly migrations: Migrations
  readonly inspection: Inspection
  /** A place to rehearse a migration in. @throws AuthError `storage-unavailable`. */
  readonly rehearsal: () => Rehearsal
  /** Sign-ins that were begun and wait for another run to complete them. */
  readonly signIns: SignInFiles
  readonly writeUrlFile: WriteUrlFile
  readonly settings: Settings
  readonly identifiers: Identifiers
  readonly trace: Trace
  /** Fires on Ctrl-C, SIGTERM or SIGHUP. */
  readonly interruption: AbortSignal
  /**
   * Runs work that must come to its end: an interruption is noted and fires when it is done,
   * so neither a request nor a keychain call inside it is cut off.
   */
  readonly uninterrupted: <T>(work: () => Promise<T>) => Promise<T>
}

export interface Clock {
  nowMs(): number
  /**
   * A signal that fires with `reason` after `timeoutMs`, or with the parent's reason when
   * that fires first. `end()` stops the timer.
   */
  deadline(parent: AbortSignal, timeoutMs: number, reason: Error): Deadline
  /**
   * Waits.
   *
   * @throws the signal's reason when it fires first.
   */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** A random part of `ms`, so that many processes do not come back at the same moment. */
  jitterMs(ms: number): number
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
  /**
   * What is meant where no account is named: by `AIAUTH_ACCOUNT`, else by the nearest `.aiauth` file.
   *
   * @throws AuthError `usage` for a file that holds no name.
   */
  readonly preset: Preset | undefined
  /** Whether a browser can open here, and what else matters to somebody who signs in. */
  readonly surroundings: Surroundings
  /** A passphrase for the vault is at hand without asking anybody. */
  readonly hasPassphrase: boolean
  /** The program that started this one, for the history: its name where the system tells, and its process id. */
  readonly caller: Caller
}

export interface Caller {
  readonly program: string
  readonly pid: number
}

/** Results go to `out`, everything said to a person goes to `say`. */
export interface Terminal {
  /** A person can be asked: stdin and stderr are terminals and input is not switched off. */
  readonly interactive: boolean
  readonly outStyle: Style
  readonly errStyle: Style
  /** Width of the terminal that stdout is, in columns; `undefined` when it is none. */
  readonly outColumns: number | undefined
  /** The same of stderr. */
  readonly errColumns: number | undefined
  /** Writes to stdout, exactly. */
  out(text: string): void
  /** Writes one line to stderr. Silent with `--quiet` unless `always`. */
  say(line: string, options?: { always?: boolean }): void
  /** Asks on stderr and returns the line that was typed, without its line end; `undefined` when input has ended. */
  ask(question: string, signal: AbortSignal): Promise<string | undefined>
  /** Like `ask`, but lines that come at once, as those of a paste do, are one answer, with their line breaks. */
  paste(question: string, signal: AbortSignal): Promise<string | undefined>
  /** Like `ask`, without showing what is typed. */
  askSecret(question: string, signal: AbortSignal): Promise<Secret | undefined>
  /**
   * Everything on stdin, which is a file or another program; `undefined` when it is a terminal.
   *
   * @throws AuthError `usage` for more than 64 KiB, and the signal's reason.
   */
  readSecret(signal: AbortSignal): Promise<Secret | undefined>
  /** Shows a spinner on a terminal, nothing elsewhere, until the work ends; the work may change its words. */
  during<T>(words: string, work: (tell: (words: string) => void) => Promise<T>): Promise<T>
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
   * The same by way of this proxy, which goes before the environment's; `''` is none, and
   * `undefined` leaves the choice to the environment. `NO_PROXY` holds for each of them, and
   * loopback addresses are never asked by way of a proxy.
   */
  via(proxy: string | undefined): Http
  /**
   * Sends one request and returns the whole reply, whatever its status. Redirects are not
   * followed, the body is capped at 1 MiB, and all of it must arrive within 30 s.
   *
   * @throws AuthError `network` (`notSent` where the request has not left this machine),
   * `provider-unavailable` for a reply that is too large or encoded, `usage` for a proxy of
   * the environment that is of no use, `cancelled`.
   */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpReply>
}

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

/** Everything that a migration changes, apart from the real thing. */
export interface Rehearsal {
  readonly ports: Pick<Ports, 'authFile' | 'journal' | 'backups' | 'migrations' | 'vaults'>
  /** Puts a copy of our own file or of another program's there, and tells its path. */
  put(name: 'ours' | 'theirs', text: Secret): string
  /** Leaves nothing of it. */
  end(): void
}

/** Who was given a token, noted beside `auth.json` and taken into it at its next change. */
export interface Uses {
  /** Best effort: never throws. */
  note(use: Use): void
  /** What is not yet in `auth.json`. */
  read(): readonly Use[]
}

export interface Settings {
  /** Of `config.json`. */
  readonly path: string
  /** `config.json` as it stands, unchecked; `{}` when there is none. */
  read(): UntrustedRecord
  /**
   * Reads, changes and writes it under its lock. The work gets the newest content, and may
   * throw to leave everything as it is; what it gives back unchanged is not written.
   */
  change(work: (current: UntrustedRecord) => UntrustedRecord): Promise<UntrustedRecord>
  /** Remembers that the user has accepted the terms of one mode. */
  acceptTerms(provider: string, mode: string): Promise<void>
  /**
   * A UUID of this installation, made by the first call and kept from then on.
   *
   * @throws AuthError `usage` for one in the settings that is none.
   */
  installationId(): Promise<string>
  /** Remembers under which client id this installation is known to a provider's mode. */
  keepClientId(provider: string, mode: string, clientId: string): Promise<void>
  /** Switches a provider on or off, with all its modes. */
  setEnabled(provider: string, enabled: boolean): Promise<void>
}

/** Protocol trace for `DEBUG=oauth:*`. Values must have been redacted by the caller. */
export type Trace = (topic: string, line: string) => void
