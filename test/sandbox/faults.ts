import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiRequest, Endpoint } from './dress.ts'

/** A whole reply of the server as it goes out. */
export interface RawReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** In place of a reply: the connection is reset, or stays silent until somebody closes it. */
export type NoReply = 'reset' | 'hang'

type Outcome = RawReply | NoReply | undefined

/**
 * What happens to one request instead of the usual. `work` lets the server do what it would
 * have done; whether and when it is called is what tells a lost request from a lost answer.
 * Nothing returned means that nothing goes wrong.
 *
 * The request holds what the client sent, tokens and all: never print it.
 */
export type Fault = (request: ApiRequest, work: () => Promise<RawReply>) => Outcome | Promise<Outcome>

/** Set a field to break an endpoint, delete it to mend it. */
export type Faults = Partial<Record<Endpoint, Fault>>

/** The connection is reset and the server knows nothing of the request. */
export const reset = (): NoReply => 'reset'

/** The hardest case: the server has granted, and the client never hears of it. */
export const grantedThenReset: Fault = async (_request, work) => {
  await work()
  return reset()
}

export const hang = (): NoReply => 'hang'

/** The true answer, late. */
export function late(delayMs: number): Fault {
  return async (_request, work) => {
    await sleep(delayMs, undefined, { ref: false })
    return work()
  }
}

/** The server grants, and its answer is changed on the way: a field dropped, half of it lost. */
export function altered(change: (answer: Record<string, unknown>) => unknown): Fault {
  return async (_request, work) => {
    const reply = await work()
    if (reply.status !== 200) return reply
    return { ...reply, body: JSON.stringify(change(JSON.parse(reply.body) as Record<string, unknown>)) }
  }
}

/** One fault a request, in this order; after the last one all is well again. */
export function inTurn(...faults: Fault[]): Fault {
  const queue = [...faults]
  return (request, work) => queue.shift()?.(request, work)
}
