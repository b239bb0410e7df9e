import { tellServers, type Told } from '../flows/tell-servers.ts'
import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'
import { warn } from './warn.ts'

/**
 * Tells running servers of new tokens, and the person in one line how that went. The account is
 * kept by now, so no fault of this is one of the sign-in.
 *
 * @throws AuthError `cancelled`, behind the result.
 */
export async function tellOfSignIn(ports: Ports, { id }: Account): Promise<void> {
  try {
    tell(ports, await tellServers(ports, id))
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    if (error.code === 'cancelled') throw error.behindResult()
    warn(ports, `no server was told to reload: ${error.message}`)
  }
}

function tell(ports: Ports, told: readonly Told[]): void {
  const missed = told.filter(({ problem }) => problem !== undefined)
  if (missed.length > 0) {
    const why = missed.map(({ server, problem }) => `${cleanLine(server)} (${problem ?? ''})`).join(', ')
    warn(ports, `told ${told.length - missed.length} of ${told.length} servers to reload; not: ${why}`)
  } else if (told.length > 0) {
    ports.terminal.say(`aiauth: told ${told.length === 1 ? '1 server' : `${told.length} servers`} to reload`)
  }
}
