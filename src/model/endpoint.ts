/** Hosts that never leave this machine (RFC 6890: all of 127.0.0.0/8). */
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * A strict subset of RFC 3986: scheme, plain host, optional port, path and query without
 * blanks, quotes, brackets, `$`, backslash, a fragment or user information, every `%`
 * followed by two hex digits. Nothing a shell, a browser launcher or a terminal could read
 * as anything but an address (CVE-2025-6514, security case U4).
 */
const PLAIN_ADDRESS =
  /^(?<scheme>https?):\/\/(?<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[::1\])(?<port>:\d{1,5})?(?:\/(?:[A-Za-z0-9._~:@&=+,;/-]|%[0-9A-Fa-f]{2})*)?(?:\?(?:[A-Za-z0-9._~:@&=+,;/?-]|%[0-9A-Fa-f]{2})*)?$/

/** Longest address that is accepted, in characters. */
const ADDRESS_LENGTH_LIMIT = 8192

/**
 * Whether tokens and codes may be sent there and a browser may open it: `https`, or `http`
 * on a loopback host (RFC 8252 §8.3), and nothing but plain characters.
 */
export function isSafeAddress(address: string): boolean {
  if (address.length > ADDRESS_LENGTH_LIMIT) return false
  const parts = PLAIN_ADDRESS.exec(address)?.groups
  if (parts === undefined || !URL.canParse(address)) return false
  return parts['scheme'] === 'https' || isLoopbackAddress(address)
}

export function isLoopbackAddress(address: string): boolean {
  return URL.canParse(address) && LOOPBACK_HOST.test(new URL(address).hostname)
}

/** Host and port of an address, for messages. */
export function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : 'an invalid address'
}

/** Host and port, also the port that goes without saying. */
export function authorityOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`
}
