import { setTimeout as sleep } from 'node:timers/promises'
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
    try {
      await sleep(ms, undefined, { signal })
    } catch {
      signal.throwIfAborted()
    }
  },
  jitterMs: (ms) => Math.random() * ms,
}
