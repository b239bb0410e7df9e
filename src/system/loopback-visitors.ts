import { EventEmitter, once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import type { Listener, Screen, Visit } from '../model/ports.ts'
import type { LoopbackLimits } from './loopback-limits.ts'
import { reply } from './loopback-reply.ts'
import { judge } from './loopback-request.ts'
import { createWaitingRoom, settled } from './loopback-waiting-room.ts'

export interface Visitors extends Pick<Listener, 'show' | 'visits'> {
  readonly handle: RequestListener
}

/**
 * What happens to requests between the port and the flow: visits wait in a queue until the
 * flow has judged them; the accepted browser waits at a clean address until the outcome is
 * known. `visits` can be walked once: when the walk ends, later callbacks are turned away.
 */
export function receiveVisitors(
  redirectPath: string,
  page: (screen: Screen) => string,
  limits: Pick<LoopbackLimits, 'queuedVisits' | 'showMs'>,
): Visitors {
  const finishPath = redirectPath === '/finish' ? '/finished' : '/finish'
  const waitingRoom = createWaitingRoom(page, limits.showMs)
  const arrivals = new EventEmitter<{ visit: [] }>()
  const queue: Visit[] = []
  let stage: 'open' | 'accepted' | 'over' = 'open'

  const turnAway = (response: ServerResponse, status: number) => {
    // A foreign Host learns nothing, not even whose port this is.
    const html = status === 403 ? '' : page({ kind: 'not-this-sign-in' })
    reply(response, status, html, status === 405 ? { Allow: 'GET' } : {})
  }
  const endVisits = (next: 'accepted' | 'over') => {
    if (stage === 'open') stage = next
    for (const visit of queue.splice(0)) visit.refuse()
  }
  const visitOf = (query: string, response: ServerResponse): Visit => ({
    query,
    accept() {
      endVisits('accepted')
      reply(response, 303, '', { Location: finishPath })
    },
    refuse: () => turnAway(response, 400),
  })
  const receive = (visit: Visit, response: ServerResponse) => {
    if (stage !== 'open') visit.refuse()
    else if (queue.length >= limits.queuedVisits) turnAway(response, 503)
    else {
      queue.push(visit)
      arrivals.emit('visit')
    }
  }

  return {
    handle(request, response) {
      const verdict = judge(request, { port: request.socket.localPort, redirectPath, finishPath })
      if (verdict.kind === 'callback') receive(visitOf(verdict.query, response), response)
      else if (verdict.kind === 'root') reply(response, 200, page({ kind: 'waiting' }))
      else if (verdict.kind === 'refused') turnAway(response, verdict.status)
      else if (stage === 'accepted') waitingRoom.hold(response)
      else turnAway(response, 404)
    },
    async *visits(signal) {
      try {
        while (stage === 'open' && !signal.aborted) {
          const visit = queue.shift()
          if (visit !== undefined) yield visit
          else await settled(once(arrivals, 'visit', { signal }))
        }
      } finally {
        endVisits('over')
      }
    },
    async show(outcome) {
      if (stage === 'accepted') await waitingRoom.show(outcome)
    },
  }
}
