import { AuthError } from '../model/errors.ts'
import type { Listener } from '../model/ports.ts'
import type { AuthorizationRequest } from '../oauth/authorization.ts'
import { checkCallback, type CheckedCallback } from '../oauth/callback.ts'
import { checkPasted, type Pasted, type WaysBack } from '../oauth/pasted.ts'
import type { SignInInput, SignInPorts } from './sign-in.ts'

/** The code, and the request that it answers: of the ways back, the one that was taken. */
export interface Answer {
  readonly request: AuthorizationRequest
  readonly callback: CheckedCallback
}

/** Whoever has not come back by then may wonder what to do. */
const REMIND_AFTER_MS = 20_000

/** A paste whose last line waits for Enter: so long may a code turn out to go on. */
const REST_OF_PASTE_MS = 1000

/**
 * The browser's callback or what the user pastes, whichever comes first and is ours.
 *
 * @throws AuthError the signal's reason, and as `checkCallback`.
 */
export async function firstAnswer(
  ports: SignInPorts,
  input: SignInInput,
  ways: WaysBack,
  listener: Listener | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const settled = new AbortController()
  const { pasteQuestion } = input
  const sources = [
    interrupted(signal, settled),
    ...(listener === undefined ? [] : [fromBrowser(ports, input, ways.loopback, listener, settled.signal)]),
    ...(pasteQuestion === undefined ? [] : [fromTerminal(ports, input, ways, pasteQuestion, settled.signal)]),
  ]
  ports.clock.sleep(REMIND_AFTER_MS, settled.signal).then(input.stillWaiting, () => undefined)
  try {
    return await Promise.race(sources)
  } finally {
    settled.abort(new AuthError('cancelled', 'the sign-in has gone on elsewhere'))
  }
}

/** Rejects with the signal's reason and stops the other sources. */
function interrupted(signal: AbortSignal, others: AbortController): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => {
      reject(signal.reason as Error)
      others.abort(signal.reason)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

async function fromBrowser(
  { trace }: SignInPorts,
  { provider }: SignInInput,
  request: AuthorizationRequest,
  listener: Listener,
  signal: AbortSignal,
): Promise<Answer> {
  for await (const visit of listener.visits(signal)) {
    try {
      const callback = checkCallback(provider, request, visit.query)
      if (callback !== undefined) {
        trace('callback', '← the code of this sign-in')
        visit.accept()
        return { request, callback }
      }
    } catch (error) {
      trace('callback', '← an error of this sign-in')
      visit.accept()
      throw error
    }
    trace('callback', '× not of this sign-in: state, code or parameters do not fit')
    visit.refuse()
  }
  return never()
}

/**
 * What is pasted, until it is an answer. Terminals and chats break long lines, so what could
 * not be used is tried once more with what follows it.
 */
async function fromTerminal(
  ports: SignInPorts,
  { provider, pasteRefused }: SignInInput,
  ways: WaysBack,
  question: string,
  signal: AbortSignal,
): Promise<Answer> {
  const check = (text: string) => checkPasted(provider, ways, text)
  let earlier = ''
  let text = await ports.terminal.paste(question, signal)
  while (text !== undefined) {
    if (text.trim() !== '') {
      let pasted = together(check, earlier, text)
      if ('isWhole' in pasted && !pasted.isWhole) {
        const rest = await restOfPaste(ports, signal)
        text += rest
        if (rest.trim() !== '') pasted = check(text)
      }
      if (!('fault' in pasted)) return pasted
      earlier += text
      pasteRefused(pasted.fault)
    }
    text = await ports.terminal.paste(question, signal)
  }
  return never()
}

/** What stands alone goes first: behind an earlier text, it would be taken for a part of its code. */
function together(check: (text: string) => Pasted, earlier: string, text: string): Pasted {
  const alone = check(text)
  if ('isWhole' in alone && alone.isWhole) return alone
  const joined = check(earlier + text)
  return 'fault' in joined ? alone : joined
}

/** What follows a code that seemed to be all there was. */
async function restOfPaste({ terminal, clock }: SignInPorts, signal: AbortSignal): Promise<string> {
  const pause = clock.sleep(REST_OF_PASTE_MS, signal).then(() => undefined)
  return (await Promise.race([terminal.paste('', signal), pause])) ?? ''
}

/** A source that has nothing more to say leaves the race to the others. */
function never(): Promise<never> {
  return new Promise<never>(() => undefined)
}
