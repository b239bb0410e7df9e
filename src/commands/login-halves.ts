import { dropBegun, findBegun, keepBegun, sweepBegun, usedOnce } from '../flows/begun-sign-in.ts'
import { httpFor } from '../flows/http-for.ts'
import { asThisInstallation, keepClient } from '../flows/installation.ts'
import { keepAccount, nameHint } from '../flows/keep-account.ts'
import { assertNameIsFree } from '../flows/account-names.ts'
import { grantFor } from '../flows/sign-in.ts'
import { AuthError } from '../model/errors.ts'
import type { Http, Ports } from '../model/ports.ts'
import type { Provider, Redirect } from '../model/provider.ts'
import type { BegunSignIn } from '../model/sign-in-files.ts'
import { beginAuthorization } from '../oauth/authorization.ts'
import { withDiscovery } from '../oauth/discovery.ts'
import { checkPasted } from '../oauth/pasted.ts'
import { getProvider } from '../providers/registry.ts'
import { jsonText } from '../ui/account-json.ts'
import { begunLines, PASTE_FAULTS } from '../ui/sign-in-words.ts'
import { newAccountOf, tellOfAccount, type LoginOptions } from './login-steps.ts'
import { providerToSignInTo } from './provider-to-sign-in-to.ts'
import { qrCodeTeller, redirectFor } from './sign-in-with.ts'
import { storageFor } from './storage-for.ts'
import { warn } from './warn.ts'

/**
 * The first half of a sign-in: an address for a browser anywhere, and an id by which another
 * run goes on. Nobody listens, so what the browser ends with has to be brought here.
 */
export async function beginLogin(ports: Ports, providerId: string | undefined, options: LoginOptions): Promise<void> {
  const { known, name, file } = await newAccountOf(ports, providerId, options)
  const redirect = redirectFor(known, undefined)
  const discovered = await providerToSignInTo(
    { ...ports, http: httpFor(ports, options.proxy) },
    { provider: known, options, again: `aiauth login ${known.id} --mode ${known.mode} --begin` },
  )
  const storage = await storageFor(ports, file, options.storage)
  await sweepBegun(ports)
  const provider = await asThisInstallation(ports.settings, discovered)
  const redirectUri = provider.manualRedirectUri ?? (await unheardRedirectUri(ports, redirect))
  const request = await beginAuthorization(provider, redirectUri, options.scopes ?? provider.scopes)
  ports.trace('authorization', `→ ${provider.authorizationEndpoint ?? ''} redirect_uri="${redirectUri}"`)
  const { id, mode, clientId, tokenEndpoint = '' } = provider
  const begun = await keepBegun(ports, {
    ...{ storage, name, provider: id, mode, clientId, tokenEndpoint, redirectUri, proxy: options.proxy },
    ...{ scopes: request.scopes, state: request.state, codeVerifier: request.codeVerifier, nonce: request.nonce },
  })
  const expiresAt = new Date(begun.expiresAtMs).toISOString()
  ports.terminal.out(jsonText({ session: begun.id, url: request.url, expiresAt }))
  if (options.qr === true) (await qrCodeTeller(ports))(request.url)
  const lines = begunLines(provider.title, begun.id, provider.manualRedirectUri !== undefined)
  for (const line of lines) ports.terminal.say(line)
}

/** The second half: what the browser ended with, to an account that is kept. */
export async function completeLogin(
  ports: Ports,
  session: string,
  answer: string | undefined,
  json: boolean,
): Promise<void> {
  const begun = await findBegun(ports, session)
  await sweepBegun(ports)
  const http = httpFor(ports, begun.proxy)
  const provider = await providerOf(ports, begun, http)
  const { callback, request } = checked(provider, begun, answer ?? (await asked(ports)))
  const file = ports.authFile.read()
  assertNameIsFree(file, { name: begun.name, hint: nameHint(begun.provider) })
  const storage = await storageFor(ports, file, begun.storage)
  const account = await usedOnce(ports, begun, async () => {
    const grant = await grantFor({ ...ports, http }, provider, request, callback, ports.interruption)
    for (const warning of grant.warnings) warn(ports, warning)
    await keepClient(ports.settings, provider, grant.clientId)
    const { name, proxy } = begun
    return ports.terminal.during('storing the tokens', () =>
      keepAccount(ports, { name, provider, storage, grant, proxy }),
    )
  })
  await tellOfAccount(ports, account, json)
}

export async function abortLogin(ports: Ports, session: string, json: boolean): Promise<void> {
  await dropBegun(ports, session)
  await sweepBegun(ports)
  ports.terminal.say('aiauth: the sign-in was dropped')
  if (json) ports.terminal.out(jsonText({ session }))
}

/** An address on this machine at which, for all we know, nobody listens. */
async function unheardRedirectUri(ports: Ports, { host, ports: [first = 0], path }: Redirect): Promise<string> {
  if (first !== 0) return `http://${host}:${first}${path}`
  const listener = await ports.loopback.listen({ host, ports: [0], path })
  await listener.close()
  return listener.redirectUri
}

/** A code goes to nobody but the server that it was asked of. @throws AuthError `usage`. */
async function providerOf(ports: Ports, begun: BegunSignIn, http: Http): Promise<Provider> {
  const known = getProvider(ports.settings.read(), begun.provider, begun.mode)
  const provider = await withDiscovery(http, known, ports.interruption)
  if (provider.clientId === begun.clientId && provider.tokenEndpoint === begun.tokenEndpoint) return provider
  throw new AuthError('usage', `the settings of ${provider.id} are others than when this sign-in was begun`, {
    hint: `aiauth login ${provider.id} --begin`,
  })
}

/** A wrong paste costs nothing: the sign-in goes on waiting. @throws AuthError `usage`, and as `checkCallback`. */
function checked(provider: Provider, begun: BegunSignIn, answer: string) {
  const { redirectUri, scopes, state, codeVerifier, nonce } = begun
  const loopback = { url: '', redirectUri, scopes, state, codeVerifier, nonce }
  const pasted = checkPasted(provider, { loopback, manual: undefined }, answer)
  if (!('fault' in pasted)) return pasted
  throw new AuthError('usage', PASTE_FAULTS[pasted.fault], {
    hint: `aiauth login --complete ${begun.id} '<code or address>'`,
  })
}

async function asked({ terminal, interruption }: Ports): Promise<string> {
  const question = terminal.interactive ? 'paste the code, or the address that the browser ended on: ' : ''
  return (await terminal.paste(question, interruption)) ?? ''
}
