import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { isApiKey, type HandedOver, type Provider } from '../model/provider.ts'
import { keyEndpointOf } from '../oauth/api-key.ts'
import { withDiscovery } from '../oauth/discovery.ts'
import { verifierOf } from '../oauth/id-token.ts'
import { isAtVendor, termsAccepted } from '../providers/registry.ts'
import { termsLines } from '../ui/sign-in-words.ts'
import type { SignInOptions, SignInWith } from './sign-in-with.ts'

/**
 * The provider with all that its mode needs for a sign-in, and its terms accepted.
 *
 * @throws AuthError `usage` where settings lack something or terms are not accepted, and as `withDiscovery`.
 */
export async function providerToSignInTo(ports: Ports, input: ToSignInTo): Promise<Provider> {
  const needed = input.options.device === true ? (['deviceAuthorizationEndpoint'] as const) : []
  const provider = await withDiscovery(ports.http, input.provider, ports.interruption, needed)
  if (needed.some((endpoint) => provider[endpoint] === undefined)) throw noDeviceSignIn(input)
  if (isApiKey(provider)) keyEndpointOf(provider)
  if (provider.verifiesIdToken === true) verifierOf(provider)
  await agreeToTerms(ports, provider, input)
  return provider
}

type ToSignInTo = Pick<SignInWith<unknown, unknown>, 'provider' | 'again'> & {
  readonly options: Pick<SignInOptions, 'device' | 'acceptTerms'>
}

/** The same flag again makes no sense: what does, for this mode. */
export function noDeviceSignIn({
  provider: { id, mode, handedOver },
  again,
}: Pick<SignInWith<unknown, unknown>, 'provider' | 'again'>): AuthError {
  return new AuthError('usage', `${id}/${mode} has no sign-in by a code that is entered on another device`, {
    hint:
      handedOver === undefined
        ? `${again} --no-browser, and open the address on any device`
        : fromFile(again, handedOver),
  })
}

/** What to type where nobody signs in, and the secret is handed over. */
export function fromFile(again: string, { what }: HandedOver): string {
  return `${again} < <file that holds the ${what}>`
}

async function agreeToTerms(ports: Ports, provider: Provider, { options, again }: ToSignInTo): Promise<void> {
  if (provider.terms === undefined || !isAtVendor(provider)) return
  if (termsAccepted(ports.settings.read(), provider)) return
  for (const line of termsLines(provider.title, provider.terms)) ports.terminal.say(line, { always: true })
  if (options.acceptTerms !== true) {
    const hint = `${again} --accept-terms, or set providers.${provider.id}.acceptedTerms to true in config.json`
    if (!ports.terminal.interactive) throw new AuthError('usage', 'these terms must be accepted first', { hint })
    const answer = await ports.terminal.ask('go on with this sign-in? [y/N] ', ports.interruption)
    if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw new AuthError('usage', 'the terms were not accepted', { hint })
  }
  await ports.settings.acceptTerms(provider.id, provider.mode)
}
