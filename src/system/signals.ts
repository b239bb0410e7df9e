import { constants } from 'node:os'
import { AuthError } from '../model/errors.ts'

export interface Interruption {
  readonly signal: AbortSignal
  /** The exit code that the signal asks for (128 + its number), `undefined` when none came. */
  exitCode(): number | undefined
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Ctrl-C, SIGTERM and SIGHUP as one `AbortSignal`: the work ends at its next step, in order.
 * SIGUSR1 is taken so that nobody can switch Node's inspector on in a process with tokens.
 */
export function catchSignals(): Interruption {
  const controller = new AbortController()
  let code: number | undefined
  for (const name of SIGNALS) {
    process.on(name, () => {
      code ??= 128 + constants.signals[name]
      controller.abort(new AuthError('cancelled', 'cancelled'))
    })
  }
  if (process.platform !== 'win32') process.on('SIGUSR1', () => undefined)
  return { signal: controller.signal, exitCode: () => code }
}
