export interface LoopbackLimits {
  /** From a connection's first moment to the last byte of its request. */
  readonly requestMs: number
  /** How often late requests are looked for; adds to `requestMs` at most. */
  readonly checkEveryMs: number
  /** Connections at one time on each address: far more than slow clients need to be harmless (L28). */
  readonly connections: number
  /** Visits that nobody has looked at yet; beyond it the answer is 503. */
  readonly queuedVisits: number
  /** How long `show` waits for the browser to come for its page and to take it. */
  readonly showMs: number
}

export const LOOPBACK_LIMITS: LoopbackLimits = {
  requestMs: 8000,
  checkEveryMs: 1000,
  connections: 256,
  queuedVisits: 64,
  showMs: 1000,
}
