import type { HttpRequest, Trace } from '../model/ports.ts'

/** Fields whose values may be seen. Every other value is a secret until proven otherwise. */
const HARMLESS_FIELDS: readonly string[] = [
  'client_id',
  'code_challenge_method',
  'grant_type',
  'redirect_uri',
  'response_type',
  'scope',
  'token_type_hint',
]

/**
 * The trace that `DEBUG=oauth:*` asks for: one line on stderr for each step of the protocol.
 * It is built from what is known to be harmless, not from what is known to be secret.
 */
export function createTrace(debug: string | undefined, write: (line: string) => void): Trace {
  const patterns = (debug ?? '').split(/[\s,]+/).filter((pattern) => pattern !== '')
  return (topic, line) => {
    const name = `oauth:${topic}`
    const isOn = patterns.some((pattern) => pattern === '*' || pattern === 'oauth:*' || pattern === name)
    if (isOn) write(`${name} ${line}`)
  }
}

/** The fields of a request's body with their harmless values, for the trace. */
export function fieldNames(request: HttpRequest): string {
  return fieldsOf(request.body ?? '')
    .map(([name, value]) => `${name}=${HARMLESS_FIELDS.includes(name) ? JSON.stringify(value) : '[secret]'}`)
    .join(' ')
}

function fieldsOf(body: string): [string, string][] {
  if (!body.startsWith('{')) return [...new URLSearchParams(body)]
  return Object.entries(JSON.parse(body) as Record<string, unknown>).map(([name, value]) => [name, String(value)])
}
