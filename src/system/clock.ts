import type { Clock } from '../model/ports.ts'

export const clock: Clock = {
  nowMs: () => Date.now(),
  deadline(parent, timeoutMs, reason) {
    const controller = new AbortController()
    const follow = () => controller.abort(parent.reason)
    // Node's timers hold at most 2^31 - 1 ms; a longer wait fires at once.
    const timer = setTimeout(() => controller.abort(reason), Math.min(timeoutMs, 2_147_483_647))
    if (parent.aborted) follow()
    else parent.addEventListener('abort', follow, { once: true })
    return {
      signal: controller.signal,
      end() {
        clearTimeout(timer)
        parent.removeEventListener('abort', follow)
      },
    }
  },
  async sleep(ms, signal) {
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer)
        reject(signal.reason as Error)
      }
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop)
        resolve()
      }, ms)
      signal.addEventListener('abort', stop, { once: true })
    })
  },
  jitterMs: (ms) => Math.random() * ms,
}

/**
 * Milliseconds that no change of the system's clock moves. `performance.now()` is the same,
 * and its first use loads eleven of Node's modules.
 */
export function steadyMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}
