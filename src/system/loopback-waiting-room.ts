import { EventEmitter, once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Outcome, Screen } from '../model/ports.ts'
import { reply } from './loopback-reply.ts'

export interface WaitingRoom {
  /** Leaves the request unanswered until the outcome is known. */
  readonly hold: (response: ServerResponse) => void
  readonly show: (outcome: Outcome) => Promise<void>
}

/**
 * Where the accepted browser waits. `show` resolves when the page has been handed over, when
 * the browser has hung up, or after `showMs`: by then the tokens are stored, and no browser
 * may keep the program from saying so. It waits for `close`, because the callback of `end`
 * never comes when the other side is gone (L30).
 */
export function createWaitingRoom(page: (screen: Screen) => string, showMs: number): WaitingRoom {
  const held = new Set<ServerResponse>()
  const arrivals = new EventEmitter<{ arrival: [] }>()
  return {
    hold(response) {
      held.add(response)
      response.once('close', () => held.delete(response))
      arrivals.emit('arrival')
    },
    async show(outcome) {
      const limit = AbortSignal.timeout(showMs)
      if (held.size === 0) await settled(once(arrivals, 'arrival', { signal: limit }))
      const gone = Array.from(held, (response) => settled(once(response, 'close', { signal: limit })))
      for (const response of held) reply(response, 200, page(outcome))
      await Promise.all(gone)
    },
  }
}

/** The end of a wait, however it ended: `once` rejects when its signal fires. */
export function settled(wait: Promise<unknown>): Promise<void> {
  return wait.then(
    () => undefined,
    () => undefined,
  )
}
