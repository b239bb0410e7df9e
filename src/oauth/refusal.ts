import { AuthError, type AuthErrorCode } from '../model/errors.ts'
import type { HttpReply } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import { cleanLine, isRecord, text, type UntrustedRecord } from '../model/untrusted.ts'

/**
 * What a reply that grants nothing means, as one line: the provider's own reason if there is
 * one (RFC 6749 §5.2, or OpenAI's nested form), never any other part of the body.
 */
export function refusalOf(provider: Provider, reply: HttpReply, body: UntrustedRecord | undefined): AuthError {
  const { status } = reply
  const reason = body === undefined ? undefined : reasonOf(body)
  const code: AuthErrorCode = status === 429 || status >= 500 ? 'provider-unavailable' : 'provider-rejected'
  const hint = hintFor(reply) ?? hintForClient(provider, body === undefined ? undefined : codeIn(body))
  return new AuthError(code, `${provider.id} ${whatHappened(reply, reason)}`, { hint })
}

/** What is answered to a client that is not known (RFC 6749 §4.1.2.1, §5.2). */
const UNKNOWN_CLIENT: readonly (string | undefined)[] = ['invalid_client', 'unauthorized_client']

/** What to type when an error says that the vendor has forgotten the client that this installation became. */
export function hintForClient(provider: Provider, error: string | undefined): string | undefined {
  return UNKNOWN_CLIENT.includes(error) ? hintToForget(provider) : undefined
}

/** How this installation becomes another client; `undefined` where it has not become one. */
export function hintToForget({ id, mode, clientId, dynamicClient }: Provider): string | undefined {
  if (dynamicClient === undefined || clientId === dynamicClient.introducer) return undefined
  return `aiauth config unset providers.${id}.modes.${mode}.clientId, and sign in again`
}

function whatHappened(reply: HttpReply, reason: string | undefined): string {
  const { status } = reply
  if (reason !== undefined) return `refused (${reason}, status ${status})`
  if (status === 429) return `asks us to slow down (status 429${waitWords(reply.headers['retry-after'])})`
  if (status >= 500) return `is out of order (status ${status})`
  if (status >= 300 && status < 400) return `answered with a redirect (status ${status}), which is never followed`
  if (status >= 400 && reply.body.trim() === '') return `refused without a reason (status ${status})`
  return `sent something that is not an OAuth reply (${contentType(reply)}, status ${status})`
}

function codeIn({ error }: UntrustedRecord): string | undefined {
  return isRecord(error) ? (text(error['code']) ?? text(error['type'])) : text(error)
}

function reasonOf(body: UntrustedRecord): string | undefined {
  const error = body['error']
  const message = isRecord(error) ? text(error['message']) : text(body['error_description'])
  const words = [codeIn(body), message].filter((part) => part !== undefined)
  return words.length === 0 ? undefined : cleanLine(words.join(': '))
}

/** Whole seconds, bounded; a date or nonsense is not worth a word (RFC 9110 §10.2.3). */
function waitWords(retryAfter: string | undefined): string {
  if (retryAfter === undefined || !/^\d{1,6}$/.test(retryAfter)) return ''
  return `, for ${Math.min(Number(retryAfter), 86_400)} s`
}

function contentType(reply: HttpReply): string {
  return /^[\w.+-]+\/[\w.+-]+/.exec(reply.headers['content-type'] ?? '')?.[0] ?? 'no content type'
}

function hintFor({ status }: HttpReply): string | undefined {
  return status === 429 || status >= 500 ? 'try again later' : undefined
}
