import { tellServers } from '../flows/tell-servers.ts'
import type { Account } from '../model/account.ts'
import type { Ports } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'
import { warn } from './warn.ts'

/** Tells running servers of new tokens, and the person in one line how that went. */
export async function tellOfSignIn(ports: Ports, { id }: Account): Promise<void> {
  const told = await tellServers(ports, id)
  const missed = told.filter(({ problem }) => problem !== undefined)
  if (missed.length > 0) {
    const why = missed.map(({ server, problem }) => `${cleanLine(server)} (${problem ?? ''})`).join(', ')
    warn(ports, `told ${told.length - missed.length} of ${told.length} servers to reload; not: ${why}`)
  } else if (told.length > 0) {
    ports.terminal.say(`aiauth: told ${told.length === 1 ? '1 server' : `${told.length} servers`} to reload`)
  }
}
