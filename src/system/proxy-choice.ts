import { authorityOf, isLoopbackAddress } from '../model/endpoint.ts'
import { parseProxy } from '../model/proxy.ts'

export type Variables = Readonly<Record<string, string | undefined>>

/**
 * The proxy to ask for an address, read as curl reads the environment: lower case first, and
 * an empty variable counts as none. `NO_PROXY` also holds for the proxy that was `chosen`.
 *
 * `HTTP_PROXY` is not read: it is for plain `http:`, which never leaves this machine, and
 * what stays on this machine needs no proxy.
 *
 * @throws AuthError `usage` when the proxy's address is of no use.
 */
export function proxyFor(address: string, chosen: string | undefined, variables: Variables): URL | undefined {
  const target = new URL(address)
  const named = (...names: string[]) => names.find((name) => (variables[name] ?? '') !== '') ?? ''
  const isLocal = isLoopbackAddress(address) || target.hostname.endsWith('.localhost')
  if (isLocal || isExcepted(target, variables[named('no_proxy', 'NO_PROXY')] ?? '')) return undefined
  if (chosen !== undefined) return parseProxy(chosen, 'the proxy')
  const source = named('https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY')
  return parseProxy(variables[source] ?? '', source)
}

/** `example.com`, `.example.com` and `*.example.com` all mean the domain and what is below it. */
const EXCEPTION = /^(?:\*?\.)?(?<domain>.+?)(?::(?<port>\d+))?$/

function isExcepted(target: URL, exceptions: string): boolean {
  const [, port] = /:(\d+)$/.exec(authorityOf(target)) ?? []
  return exceptions
    .toLowerCase()
    .split(/[\s,]+/)
    .some((exception) => {
      const { domain, port: only = port } = EXCEPTION.exec(exception)?.groups ?? {}
      if (domain === undefined || only !== port) return false
      return domain === '*' || `.${target.hostname}`.endsWith(`.${domain}`)
    })
}
