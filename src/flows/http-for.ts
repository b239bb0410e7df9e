import type { Http, Ports } from '../model/ports.ts'
import { accountProxy, checkedProxy } from '../model/proxy.ts'

/**
 * The way to a provider: by the proxy of the account or of the flag, else by that of
 * `config.json`, else by the environment's. An empty text is a choice too: none.
 *
 * @throws AuthError `usage` when that proxy is of no use; the message says where it stands.
 */
export function httpFor({ http, settings }: Pick<Ports, 'http' | 'settings'>, proxy: string | null | undefined): Http {
  if (typeof proxy === 'string') return http.via(accountProxy(proxy, "the account's proxy in auth.json"))
  const configured = settings.read()['proxy'] ?? undefined
  return http.via(configured === undefined ? undefined : checkedProxy(configured, 'proxy in config.json'))
}
