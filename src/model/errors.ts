/** Every way aiauth can fail on purpose, with the exit code that the shell sees. */
export const EXIT_CODES = {
  usage: 2,
  'account-not-found': 3,
  'setting-not-found': 3,
  'sign-in-required': 4,
  'sign-in-denied': 4,
  'sign-in-timed-out': 5,
  'provider-rejected': 6,
  'provider-unavailable': 6,
  network: 6,
  'storage-unavailable': 7,
  'storage-locked': 7,
  'storage-timed-out': 7,
  'secret-missing': 7,
  'auth-file-invalid': 8,
  'auth-file-too-new': 8,
  busy: 9,
  'port-taken': 9,
  'migration-failed': 10,
  internal: 70,
  'command-not-executable': 126,
  'command-not-found': 127,
  cancelled: 130,
} as const satisfies Record<string, number>

export type AuthErrorCode = keyof typeof EXIT_CODES

export interface AuthErrorOptions {
  readonly hint?: string | undefined
  readonly cause?: unknown
  readonly notSent?: boolean
  readonly afterResult?: boolean
}

/**
 * A failure that the user can act on. Anything else that escapes is a bug and exits 70.
 *
 * `message` says what happened and `hint` what to type next; neither may hold a secret
 * or a control character, but a hint may have several lines. `cause` is for the debugger only and is never printed:
 * oauth4webapi puts whole token responses in it.
 */
export class AuthError extends Error {
  override readonly name = 'AuthError'
  readonly code: AuthErrorCode
  readonly hint: string | undefined
  /** A request failed before any of it had left this machine. */
  readonly notSent: boolean
  /** The result stands on stdout already, so only stderr and the exit code tell of this. */
  readonly afterResult: boolean

  constructor(code: AuthErrorCode, message: string, options: AuthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.notSent = options.notSent ?? false
    this.afterResult = options.afterResult ?? false
  }

  /** The same failure, told after a result. */
  behindResult(): AuthError {
    const { code, message, hint, notSent } = this
    return new AuthError(code, message, { hint, notSent, cause: this, afterResult: true })
  }

  /** The same failure with one more thing that can be done about it. */
  withHint(further: string): AuthError {
    const hint = this.hint === undefined ? further : `${this.hint}; ${further}`
    const { code, message, notSent, afterResult } = this
    return new AuthError(code, message, { hint, notSent, afterResult, cause: this })
  }
}
