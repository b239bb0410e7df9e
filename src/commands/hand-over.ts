import { grantHandedOver } from '../flows/handed-over.ts'
import type { Grant } from '../flows/grant.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { HandedOver, Provider } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'

/**
 * Takes the key or token from stdin, or from a person who types it unseen. Never from the
 * command line, which every program of the machine can read.
 *
 * @throws AuthError `usage` as `grantHandedOver`, or where nothing can come from stdin and
 * nobody can be asked.
 */
export async function handOver(
  ports: Pick<Ports, 'terminal' | 'interruption'>,
  provider: Provider,
  handedOver: HandedOver,
  again: string,
): Promise<Grant> {
  return grantHandedOver(provider, handedOver, await given(ports, provider, handedOver, again))
}

async function given(
  { terminal, interruption }: Pick<Ports, 'terminal' | 'interruption'>,
  { id }: Provider,
  { what, source }: HandedOver,
  again: string,
): Promise<Secret> {
  const piped = await terminal.readSecret(interruption)
  const secret =
    piped ??
    (terminal.interactive
      ? await terminal.askSecret(`${what} for ${id} (from ${source}; it is not shown): `, interruption)
      : undefined)
  if (secret !== undefined) return secret
  throw new AuthError('usage', `the ${what} comes from stdin, and nothing is there`, {
    hint: `${again} < <file that holds it>`,
  })
}
