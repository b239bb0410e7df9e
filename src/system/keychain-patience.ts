import { AuthError } from '../model/errors.ts'

/** How long a keychain may keep us waiting. */
export interface KeychainPatience {
  /** A person is there to answer a dialog. */
  readonly interactive: boolean
  /** Ctrl-C and its like; left out where the caller sees to them. */
  readonly signal?: AbortSignal
  /** Called when that person is waited for. */
  readonly onSlow: () => void
  /** In place of 5 s, or of 120 s with a person. */
  readonly limitMs?: number
}

/** Said when a person is waited for. */
export const KEYCHAIN_IS_SLOW = 'aiauth: waiting for your keychain: answer its dialog, or press Ctrl-C'

const SLOW_MS = 1500
const LIMIT_MS = 5000
/** Enough to find a dialog and type a password; a shorter limit locks people out. */
const INTERACTIVE_LIMIT_MS = 120_000

/**
 * The call's result, or an error when it takes too long or is interrupted. The call itself
 * goes on then: `giveUp` has to end it, or the caller the whole program (`endNow`).
 *
 * @throws AuthError `storage-timed-out`, `cancelled`, and whatever the call throws.
 */
export async function patiently<T>(
  call: Promise<T>,
  patience: KeychainPatience,
  giveUp: (error: AuthError) => void = () => undefined,
): Promise<T> {
  const { interactive, signal, onSlow } = patience
  const limitMs = patience.limitMs ?? (interactive ? INTERACTIVE_LIMIT_MS : LIMIT_MS)
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => end(timedOut(limitMs)), limitMs)
    const slow = interactive ? setTimeout(onSlow, SLOW_MS) : undefined
    const onAbort = () => end(new AuthError('cancelled', 'cancelled'))
    const stop = () => {
      clearTimeout(limit)
      clearTimeout(slow)
      signal?.removeEventListener('abort', onAbort)
    }
    const end = (error: AuthError) => {
      stop()
      reject(error)
      giveUp(error)
    }
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted === true) onAbort()
    call.then(resolve, reject).finally(stop)
  })
}

function timedOut(limitMs: number): AuthError {
  return new AuthError('storage-timed-out', `your keychain did not answer within ${limitMs / 1000} s`, {
    hint: 'look for its dialog, or unlock it, then try again',
  })
}
