import { AuthError } from './errors.ts'

const EXAMPLE = 'http://proxy.example:3128'

/**
 * The address of an HTTP proxy, or `undefined` for the empty text, which means none. As
 * curl has it, a plain `host:port` is an `http:` address.
 *
 * A path, query or fragment is no part of it: such an address is of a PAC file, or a `/`
 * or `#` in a password was not written as `%2F` or `%23`, and the host would be a wrong one.
 *
 * @throws AuthError `usage` with the name of its source, and nothing of the value: it may
 * hold a password.
 */
export function parseProxy(value: unknown, source: string): URL | undefined {
  if (value === '') return undefined
  const address = typeof value === 'string' ? (/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`) : ''
  if (/^socks/i.test(address)) throw unusable(`${source} is a SOCKS proxy, and only HTTP proxies are supported`)
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !isProxy(url)) throw unusable(`${source} is not the address of a proxy`)
  return url
}

/** @throws AuthError as `parseProxy`. */
export function checkedProxy(value: unknown, source: string): string {
  return parseProxy(value, source)?.href ?? ''
}

/**
 * The proxy of one account. It is kept in `auth.json`, which never holds a secret, and on
 * the command line every program could read it: so it has no user and no password.
 *
 * @throws AuthError `usage`, also for user information.
 */
export function accountProxy(value: string, source: string): string {
  const url = parseProxy(value, source)
  if (url === undefined || (url.username === '' && url.password === '')) return url?.origin ?? ''
  throw new AuthError('usage', `${source} must not hold a user or a password`, {
    hint: 'put the whole address into HTTPS_PROXY, or as proxy into config.json',
  })
}

function isProxy({ protocol, pathname, search, hash, username, password }: URL): boolean {
  return /^https?:$/.test(protocol) && pathname + search + hash === '/' && [username, password].every(isDecodable)
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function unusable(message: string): AuthError {
  return new AuthError('usage', message, { hint: `expected an address such as ${EXAMPLE}`, notSent: true })
}
