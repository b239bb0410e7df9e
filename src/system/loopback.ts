import type { Loopback, Screen } from '../model/ports.ts'
import { LOOPBACK_LIMITS, type LoopbackLimits } from './loopback-limits.ts'
import { bindLoopback } from './loopback-server.ts'
import { receiveVisitors } from './loopback-visitors.ts'

export interface LoopbackOptions {
  /** Draws a page; a parameter because words live in `ui/`, which this folder does not know. */
  readonly page: (screen: Screen) => string
  readonly limits?: LoopbackLimits
}

/**
 * The listener that the browser comes back to (RFC 8252 §7.3): on loopback addresses only,
 * bound before the redirect URI exists. It judges, queues and answers; what a visit means is
 * for the flow to say, so nothing that arrives here can end a sign-in.
 */
export function createLoopback({ page, limits = LOOPBACK_LIMITS }: LoopbackOptions): Loopback {
  return {
    async listen(redirect) {
      const { handle, ...visitors } = receiveVisitors(redirect.path, page, limits)
      const { port, close } = await bindLoopback(redirect, handle, limits)
      return { redirectUri: `http://${redirect.host}:${port}${redirect.path}`, ...visitors, close }
    },
  }
}
