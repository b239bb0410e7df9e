import { getById } from '../flows/account-by-id.ts'
import { assertNameIsFree } from '../flows/account-names.ts'
import { dropBegun, findBegun, keepBegun, sweepBegun, toBegin, usedOnce } from '../flows/begun-sign-in.ts'
import { getAccount } from '../flows/choose-account.ts'
import { httpFor } from '../flows/http-for.ts'
import { asThisInstallation } from '../flows/installation.ts'
import { keepAccount, nameHint } from '../flows/keep-account.ts'
import { grantFor, type Grant } from '../flows/sign-in.ts'
import type { Account, StorageKind } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Http, Ports } from '../model/ports.ts'
import type { Provider, Redirect } from '../model/provider.ts'
import type { BegunSignIn } from '../model/sign-in-files.ts'
import { storageKind } from '../model/storage-kind.ts'
import { beginAuthorization } from '../oauth/authorization.ts'
import { withDiscovery } from '../oauth/discovery.ts'
import { checkPasted } from '../oauth/pasted.ts'
import { getProvider } from '../providers/registry.ts'
import { jsonText } from '../ui/account-json.ts'
import { begunLines, PASTE_FAULTS } from '../ui/sign-in-words.ts'
import { newAccountOf, tellOfAccount, type LoginOptions } from './login-steps.ts'
import { providerToSignInTo } from './provider-to-sign-in-to.ts'
import { askedAgain, keepSignIn, type ReauthenticateOptions } from './reauthenticate-steps.ts'
import { qrCodeTeller, redirectFor, type SignInOptions } from './sign-in-with.ts'
import { storageFor } from './storage-for.ts'
import { storeGrant } from './store-grant.ts'

/** The first half of a sign-in that makes an account. */
export async function beginLogin(ports: Ports, providerId: string | undefined, options: LoginOptions): Promise<void> {
  const { known, name, file } = await newAccountOf(ports, providerId, options)
  const retry = `aiauth login ${known.id} --mode ${known.mode}`
  await begin(ports, {
    ...{ provider: known, name, options, loginHint: undefined, again: undefined, retry },
    storage: () => storageFor(ports, { file, asked: options.storage, command: `${retry} --begin` }),
  })
}

/** The first half of one that signs an account in again. @throws AuthError `account-not-found`. */
export async function beginAgain(ports: Ports, name: string, options: ReauthenticateOptions): Promise<void> {
  const account = getAccount(ports.authFile.read(), name)
  const { again: retry, beforehand, mayDiffer, ...asked } = askedAgain(ports, account, options)
  await begin(ports, {
    ...{ ...asked, name, retry, again: { id: account.id, mayDiffer } },
    storage: async () => {
      await beforehand()
      return storageKind(account.secret.store)
    },
  })
}

interface ToBegin extends Pick<BegunSignIn, 'name' | 'again'> {
  readonly provider: Provider
  readonly options: Pick<SignInOptions, 'acceptTerms' | 'scopes' | 'proxy' | 'qr'>
  /** Whom the provider may suggest to sign in as. */
  readonly loginHint: string | undefined
  /** The command itself, in one go. */
  readonly retry: string
  /** Proves that what comes back can be kept, and says where. */
  readonly storage: () => Promise<StorageKind>
}

/**
 * An address for a browser anywhere, and an id by which another run goes on. Nobody listens,
 * so what the browser ends with has to be brought here.
 */
async function begin(ports: Ports, { provider: known, options, ...input }: ToBegin): Promise<void> {
  const redirect = redirectFor(known, undefined, input.retry)
  const discovered = await providerToSignInTo(
    { ...ports, http: httpFor(ports, options.proxy) },
    { provider: known, options, again: `${input.retry} --begin` },
  )
  const storage = await input.storage()
  await sweepBegun(ports)
  const provider = await asThisInstallation(ports.settings, discovered)
  const redirectUri = provider.manualRedirectUri ?? (await unheardRedirectUri(ports, redirect))
  const request = await beginAuthorization(provider, redirectUri, options.scopes ?? provider.scopes, input.loginHint)
  ports.trace('authorization', `→ ${provider.authorizationEndpoint ?? ''} redirect_uri="${redirectUri}"`)
  const { id, mode, clientId, tokenEndpoint = '' } = provider
  const { name, again } = input
  const begun = await keepBegun(ports, {
    ...{ storage, name, again, provider: id, mode, clientId, tokenEndpoint, redirectUri, proxy: options.proxy },
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
  // Whoever began with `aiauth login claude` may name the provider once more; a `-` is stdin, as elsewhere.
  const isGiven = answer !== undefined && answer !== '-' && answer !== begun.provider
  const { callback, request } = checked(provider, begun, isGiven ? answer : await asked(ports))
  const keep = await keeperOf(ports, begun)
  const account = await usedOnce(ports, begun, async () => {
    const grant = await grantFor({ ...ports, http }, provider, request, callback, ports.interruption)
    return storeGrant(ports, provider, grant, () => keep(provider, grant))
  })
  await tellOfAccount(ports, account, json)
}

type Keep = (provider: Provider, grant: Grant) => Promise<Account>

/** What is done with the grant, proven to work before the code is spent. */
async function keeperOf(ports: Ports, { name, again, storage: begun, proxy, ...asked }: BegunSignIn): Promise<Keep> {
  const file = ports.authFile.read()
  if (again !== undefined) {
    const account = getById(file, again.id)
    await ports.authFile.probe()
    return (provider, grant) => keepSignIn(ports, { account, provider, grant, mayDiffer: again.mayDiffer })
  }
  assertNameIsFree(file, { name, hint: nameHint(asked.provider) })
  // All accounts keep theirs in one place, which may have been moved since, or first decided by another sign-in.
  const decided = file?.accounts.length ? file.storage : null
  const storage = await storageFor(ports, { file, asked: decided ?? begun, command: 'aiauth login' })
  return (provider, grant) => keepAccount(ports, { name, provider, storage, grant, proxy })
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
    hint: toBegin(begun),
  })
}

/** A wrong paste costs nothing: the sign-in goes on waiting. @throws AuthError `usage`, and as `checkCallback`. */
function checked(provider: Provider, begun: BegunSignIn, answer: string) {
  const { redirectUri, scopes, state, codeVerifier, nonce } = begun
  const loopback = { url: '', redirectUri, scopes, state, codeVerifier, nonce }
  const pasted = ownAnswer(() => checkPasted(provider, { loopback, manual: undefined }, answer), begun)
  if (!('fault' in pasted)) return pasted
  throw new AuthError('usage', PASTE_FAULTS[pasted.fault], {
    hint: `aiauth login --complete ${begun.id} '<code or address>'`,
  })
}

/** A no of the provider's spends nothing either, and the person may have meant a yes. */
function ownAnswer<T>(check: () => T, { id }: BegunSignIn): T {
  try {
    return check()
  } catch (error) {
    const further = `this sign-in still waits for its code; to drop it: aiauth login --abort ${id}`
    throw error instanceof AuthError ? error.withHint(further) : error
  }
}

async function asked({ terminal, interruption }: Ports): Promise<string> {
  const question = terminal.interactive ? 'paste the code, or the address that the browser ended on: ' : ''
  return (await terminal.paste(question, interruption)) ?? ''
}
