import { isLoopbackAddress } from '../model/endpoint.ts'
import type { Provider } from '../model/provider.ts'
import { oneLine } from '../model/untrusted.ts'
import type { AuthorizationRequest } from './authorization.ts'
import { checkCallback, isSame, soundCode, type CheckedCallback } from './callback.ts'

/** The requests of one attempt that a person may have followed: the same but for their redirect URI. */
export interface WaysBack {
  /** Back to this machine, or to an address on it where nobody listens. */
  readonly loopback: AuthorizationRequest
  /** By the provider's page that shows the code, where the person was told of it. */
  readonly manual: AuthorizationRequest | undefined
}

/** What is wrong with a pasted text, to be told without repeating it. */
export type PasteFault = 'own-address' | 'other-sign-in' | 'incomplete' | 'no-code' | 'no-client'

export type Pasted =
  | { readonly fault: PasteFault }
  | {
      readonly callback: CheckedCallback
      /** The one that was followed: the exchange repeats its redirect URI. */
      readonly request: AuthorizationRequest
      /** The state stood beside the code, so nothing is missing at its end. */
      readonly isWhole: boolean
    }

/** Quotes and brackets around what was pasted, and the end of the sentence that it stood in. */
const AROUND = /^[<("'`[{«„“‘]+|[>)"'`\]}»“”’.,;:!]+$/gu

/**
 * What a person pasted: the code alone, `code#state`, the query, or the whole address of the
 * page that the browser ended on, with blanks, line breaks, quotes or brackets around it, and
 * percent-encoded as a whole where it came out of another address.
 *
 * A code without a state is accepted here and nowhere else: the person at this terminal
 * chose it, and a code of another request fails at the token endpoint by PKCE (RFC 7636 §1).
 *
 * @throws AuthError as `checkCallback`.
 */
export function checkPasted(provider: Provider, ways: WaysBack, pasted: string): Pasted {
  const words = decoded(oneLine(pasted).replace(/\s+/g, '').replace(AROUND, ''))
  const isQuery = words.includes('?') || /^&?(client_id|code|error|iss|scope|state)=/.test(words)
  const request = followed(ways, words)
  if (isQuery) return checkQuery(provider, request, words.slice(words.indexOf('?') + 1).replace(/#.*$/, ''))
  if (/^https?:/.test(words)) return { fault: 'incomplete' }
  const [code = '', state, ...rest] = words.split('#')
  const callback = rest.length > 0 ? undefined : soundCode(code, provider.clientId)
  if (callback === undefined) return { fault: 'no-code' }
  if (becomesClient(provider)) return { fault: 'no-client' }
  if (state === undefined) return { callback, request, isWhole: false }
  if (state === '') return { fault: 'incomplete' }
  return isSame(state, request.state.reveal()) ? { callback, request, isWhole: true } : { fault: 'other-sign-in' }
}

/** Only what has none of an address's own marks can be encoded as a whole. */
function decoded(words: string): string {
  if (/[?#&=]/.test(words)) return words
  try {
    return decodeURIComponent(words)
  } catch {
    return words
  }
}

/** An address tells its way by itself; a code alone is what the provider's page shows. */
function followed({ loopback, manual }: WaysBack, words: string): AuthorizationRequest {
  if (manual === undefined || words.startsWith(`${manual.redirectUri}?`)) return manual ?? loopback
  return isLoopbackAddress(words) ? loopback : manual
}

function checkQuery(provider: Provider, request: AuthorizationRequest, query: string): Pasted {
  const parameters = new URLSearchParams(query)
  if (parameters.has('code_challenge')) return { fault: 'own-address' }
  const state = parameters.get('state') ?? ''
  if (state === '') return { fault: 'incomplete' }
  if (!isSame(state, request.state.reveal())) return { fault: 'other-sign-in' }
  const isNamed = ['client_id', 'error'].some((name) => parameters.has(name))
  if (becomesClient(provider) && !isNamed) return { fault: 'no-client' }
  const callback = checkCallback(provider, request, query)
  return callback === undefined ? { fault: 'no-code' } : { callback, request, isWhole: true }
}

/** Which client this installation becomes by its first sign-in stands beside the code only. */
function becomesClient({ clientId, dynamicClient }: Provider): boolean {
  return clientId === dynamicClient?.introducer
}
