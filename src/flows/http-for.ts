import type { Http, Ports } from '../model/ports.ts'
import { text } from '../model/untrusted.ts'

/**
 * The way to a provider: by way of the proxy of the account or of the flag, else that of
 * `config.json`, else the environment's.
 */
export function httpFor(ports: Pick<Ports, 'http' | 'settings'>, proxy: string | null | undefined): Http {
  return ports.http.via(proxy ?? text(ports.settings.read()['proxy']))
}
