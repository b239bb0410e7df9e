import type { Ports } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'

/**
 * The provider as this installation goes to it: named in every request, and introduced in the
 * first one.
 *
 * @throws AuthError what the settings throw.
 */
export async function asThisInstallation(settings: Ports['settings'], provider: Provider): Promise<Provider> {
  const { dynamicClient, clientId, authorizationParameters } = provider
  if (dynamicClient === undefined) return provider
  const { introducer, introduction, installationParameter } = dynamicClient
  const name = `urn:uuid:${await settings.installationId()}`
  const parameters = { ...(clientId === introducer && introduction), [installationParameter]: name }
  return { ...provider, authorizationParameters: { ...authorizationParameters, ...parameters } }
}

/**
 * Remembers which client this installation has become, once that has been proven.
 *
 * @throws AuthError what the settings throw.
 */
export async function keepClient(
  settings: Ports['settings'],
  { id, mode, clientId, dynamicClient }: Provider,
  granted: string | undefined,
): Promise<void> {
  if (dynamicClient === undefined || granted === undefined || granted === clientId) return
  await settings.keepClientId(id, mode, granted)
}
