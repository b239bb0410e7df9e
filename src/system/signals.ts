import { AuthError } from '../model/errors.ts'

export interface Interruption {
  readonly signal: AbortSignal
  /** The exit code that the signal asks for (128 + its number), `undefined` when none came. */
  exitCode(): number | undefined
  /** Lets a signal through, also one that was held back: what it would break is safe, and a person waits. */
  letThrough(): void
  /** Lets signals through while a person is asked something, who must be able to leave. */
  letThroughDuring<T>(question: () => Promise<T>): Promise<T>
  /** Holds the signals back until the work is done. */
  uninterrupted<T>(work: () => Promise<T>): Promise<T>
}

/** Exit codes as a shell gives them: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/**
 * Ctrl-C, SIGTERM and SIGHUP as one `AbortSignal`: the work ends at its next step, in order.
 * SIGUSR1 is taken so that nobody can switch Node's inspector on in a process with tokens.
 */
export function catchSignals(): Interruption {
  const controller = new AbortController()
  let code: number | undefined
  let criticalWorks = 0
  let isHolding = true
  const abort = () => {
    if (code !== undefined && !(isHolding && criticalWorks > 0))
      controller.abort(new AuthError('cancelled', 'cancelled'))
  }
  for (const [name, exitCode] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      code ??= exitCode
      abort()
    })
  }
  if (process.platform !== 'win32') process.on('SIGUSR1', () => undefined)
  return {
    signal: controller.signal,
    exitCode: () => code,
    letThrough() {
      isHolding = false
      abort()
    },
    async letThroughDuring(question) {
      const wasHolding = isHolding
      isHolding = false
      abort()
      try {
        return await question()
      } finally {
        isHolding = wasHolding
      }
    },
    async uninterrupted(work) {
      criticalWorks++
      try {
        return await work()
      } finally {
        criticalWorks--
        abort()
      }
    },
  }
}
