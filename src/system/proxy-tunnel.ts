import type { TLSSocket } from 'node:tls'
import { authorityOf } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import { faultOf, proxyName } from './http-failure.ts'

/**
 * A TLS connection to the target through the proxy's tunnel (RFC 9110 §9.3.6), its handshake
 * still to come; the proxy sees host and port, and nothing of what is said.
 *
 * @throws AuthError `network`, always `notSent`.
 */
export async function openTunnel(proxy: URL, target: URL, signal: AbortSignal): Promise<TLSSocket> {
  const [{ request }, { connect }] = await Promise.all([
    proxy.protocol === 'https:' ? import('node:https') : import('node:http'),
    import('node:tls'),
  ])
  const authority = authorityOf(target)
  return new Promise((resolve, reject) => {
    const asking = request(proxy.origin, {
      method: 'CONNECT',
      path: authority,
      headers: { host: authority },
      // Else Node takes the name for the proxy's certificate from the Host header.
      servername: serverName(proxy),
      agent: false,
      rejectUnauthorized: true,
      signal,
    })
    // Not among the options, which Node prints with NODE_DEBUG=http.
    const password = authorization(proxy)
    if (password !== undefined) asking.setHeader('proxy-authorization', password)
    asking.on('error', (error) => reject(unreachable(error, proxy)))
    asking.on('connect', ({ statusCode = 0 }, socket, head) => {
      const isOpen = statusCode >= 200 && statusCode <= 299
      if (isOpen && head.length === 0) {
        resolve(connect({ socket, host: target.hostname, servername: serverName(target), rejectUnauthorized: true }))
      } else {
        socket.destroy()
        reject(isOpen ? notATunnel(proxy, authority) : refused(proxy, target, statusCode))
      }
    })
    asking.end()
  })
}

/** RFC 7617 §2; parseProxy has seen to it that the parts can be decoded. */
function authorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`
}

/** An address is no name that a server could be asked by (RFC 6066 §3). */
function serverName({ hostname }: URL): string {
  return /^[\d.]+$|^\[/.test(hostname) ? '' : hostname
}

function unreachable(error: unknown, proxy: URL): AuthError {
  const { words, hint } = faultOf(error)
  return new AuthError('network', `${proxyName(proxy)} could not be reached (${words})`, {
    hint: hint ?? 'check the address of the proxy',
    cause: error,
    notSent: true,
  })
}

function notATunnel(proxy: URL, authority: string): AuthError {
  const message = `${proxyName(proxy)} answered in place of ${authority}`
  return new AuthError('network', message, { hint: 'check whether this network wants a sign-in', notSent: true })
}

function refused(proxy: URL, target: URL, status: number): AuthError {
  const message = `${proxyName(proxy)} refused the connection to ${authorityOf(target)} (status ${status})`
  const direct = `if this machine can reach it without the proxy: NO_PROXY=${target.hostname}`
  return new AuthError('network', message, { hint: status === 407 ? passwordHint(proxy) : direct, notSent: true })
}

function passwordHint(proxy: URL): string {
  if (proxy.username !== '') return 'check the user and the password in the address of the proxy'
  const address = `${proxy.protocol}//user:password@${authorityOf(proxy)}`
  return `put user and password into the address of the proxy, in HTTPS_PROXY or config.json: ${address}`
}
