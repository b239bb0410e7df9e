/** A request body and what it is. */
export interface Encoded {
  readonly body: string
  readonly contentType: string
}

/** The same parameters in both vendors' ways: RFC 6749's form, or JSON. */
export function encoded(parameters: URLSearchParams, as: 'form' | 'json'): Encoded {
  return as === 'json'
    ? { body: JSON.stringify(Object.fromEntries(parameters)), contentType: 'application/json' }
    : { body: parameters.toString(), contentType: 'application/x-www-form-urlencoded;charset=UTF-8' }
}
