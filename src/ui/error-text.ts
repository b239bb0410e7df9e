import { AuthError, EXIT_CODES, type AuthErrorCode } from '../model/errors.ts'
import type { Style } from '../model/ports.ts'
import { oneLine } from '../model/untrusted.ts'

/** A failure as it is told: what the shell sees, what a person reads, what a program reads. */
export interface ErrorReport {
  readonly exitCode: number
  readonly lines: readonly string[]
  readonly json: {
    readonly error: { readonly code: AuthErrorCode; readonly message: string; readonly hint: string | null }
  }
}

/**
 * Tells any thrown value. A failure on purpose shows its message and hint; anything else is
 * a bug, of which only the kind and the place are told: its message may hold anything. On a
 * terminal a path or a name in a message cannot do more than be read.
 */
export function errorReport(error: unknown, style: Style, isDebug: boolean): ErrorReport {
  const known = error instanceof AuthError ? error : bug(error)
  const hint = known.hint?.split('\n')
  return {
    exitCode: EXIT_CODES[known.code],
    lines: [
      `aiauth: ${style.red('error')}: ${oneLine(known.message)}`,
      ...(hint ?? []).map((line) => `aiauth: ${style.cyan('hint')}: ${oneLine(line)}`),
      ...(isDebug ? frames(error).map((frame) => style.dim(frame)) : []),
    ],
    json: { error: { code: known.code, message: known.message, hint: hint?.join('; ') ?? null } },
  }
}

function bug(error: unknown): AuthError {
  const name = error instanceof Error && /^[A-Za-z]{1,40}$/.test(error.name) ? error.name : 'unknown error'
  return new AuthError('internal', `this is a bug in aiauth (${name}), nothing was changed on purpose`, {
    hint: 'run it again with --debug and report what it prints: npm bugs aiauth',
  })
}

/** The frames of the stack only: its first lines repeat the message. */
function frames(error: unknown): string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  return stack.split('\n').filter((line) => /^\s+at /.test(line))
}
