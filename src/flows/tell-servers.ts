import { isSafeAddress } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'

const TIMEOUT_MS = 2000

/** What a server made of the word that an account has new tokens. */
export interface Told {
  readonly server: string
  /** Why it could not be told; `undefined` when it was. */
  readonly problem: string | undefined
}

/**
 * Tells the servers of `notify` in `config.json` that an account has new tokens, all at once
 * and 2 s each. Best effort: whoever is not reached reads the new tokens when it next asks.
 *
 * @throws AuthError `usage` where `notify` is no list, what the settings throw, `cancelled`.
 */
export async function tellServers(
  ports: Pick<Ports, 'http' | 'clock' | 'settings' | 'interruption'>,
  accountId: string,
): Promise<readonly Told[]> {
  const servers = ports.settings.read()['notify'] ?? []
  if (!Array.isArray(servers)) throw new AuthError('usage', 'config.json: notify must be a list of addresses')
  return Promise.all(servers.map((server) => tell(ports, String(server), accountId)))
}

async function tell(
  { http, clock, interruption }: Pick<Ports, 'http' | 'clock' | 'interruption'>,
  server: string,
  accountId: string,
): Promise<Told> {
  if (!isSafeAddress(server)) return { server, problem: 'it is no https address, and not http on loopback' }
  const late = new AuthError('network', `no answer within ${TIMEOUT_MS / 1000} s`)
  const deadline = clock.deadline(interruption, TIMEOUT_MS, late)
  const url = `${server.replace(/\/+$/, '')}/api/accounts/${encodeURIComponent(accountId)}/reload`
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  try {
    const { status } = await http.send({ purpose: 'reload', method: 'POST', url, headers, body: '{}' }, deadline.signal)
    return { server, problem: status >= 200 && status < 300 ? undefined : `it answered ${status}` }
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'cancelled') throw error
    return { server, problem: cleanLine(error.message) }
  } finally {
    deadline.end()
  }
}
