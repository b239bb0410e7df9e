import type { Grant } from '../flows/grant.ts'
import { keepClient } from '../flows/installation.ts'
import type { Ports } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import { warn } from './warn.ts'

/** What is done with every grant before it is kept, and while it is. */
export async function storeGrant<Kept>(
  ports: Ports,
  provider: Provider,
  grant: Grant,
  keep: () => Promise<Kept>,
): Promise<Kept> {
  for (const warning of grant.warnings) warn(ports, warning)
  await keepClient(ports.settings, provider, grant.clientId)
  return ports.terminal.during('storing the tokens', keep)
}
