import { hostOf } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import { nearest } from '../model/nearest.ts'
import type { Provider } from '../model/provider.ts'
import { providerOff } from '../model/switched-off.ts'
import { cleanLine, isRecord, record, type UntrustedRecord } from '../model/untrusted.ts'
import { claudeApiKey } from './claude-api-key.ts'
import { claudeConsole } from './claude-console-key.ts'
import { claudeSetupToken } from './claude-setup-token.ts'
import { claude } from './claude.ts'
import { identifyByStandardClaims } from './custom.ts'
import { openaiChatgpt } from './openai-chatgpt.ts'
import { openaiApiKey } from './openai-api-key.ts'
import { openai } from './openai.ts'
import { providerFields, type ProviderFields } from './overrides.ts'
import { USER_AGENT } from './user-agent.ts'

/** The first row of an id is its default mode. */
const BUILT_IN: readonly Provider[] = [
  claude,
  claudeConsole,
  claudeSetupToken,
  claudeApiKey,
  openai,
  openaiChatgpt,
  openaiApiKey,
]

export const PROVIDER_ID = /^[a-z][a-z0-9-]{0,31}$/

/** The mode of a provider that the user added without naming one. */
const ONLY_MODE = 'default'

/** Built-in providers with the user's overrides, then the user's own; one row a mode. */
export function allProviders(config: UntrustedRecord): Provider[] {
  const configured = configuredProviders(config)
  const rows = BUILT_IN.map((base) => withSettings(base, configured[base.id]))
  const own = Object.keys(configured).filter((id) => !BUILT_IN.some((base) => base.id === id))
  return [...rows, ...own.flatMap((id) => ownProviders(id, configured[id]))]
}

/**
 * The provider of an id, in the mode asked for or its first one.
 *
 * @throws AuthError `account-not-found` for an unknown id, `usage` for an unknown mode, a
 * disabled provider or a setting that cannot be used.
 */
export function getProvider(config: UntrustedRecord, id: string, mode?: string): Provider {
  const modes = modesOf(config, id)
  const provider = mode === undefined ? modes[0] : modes.find((row) => row.mode === mode)
  if (provider === undefined) {
    const known = modes.map((row) => row.mode).join(', ')
    throw new AuthError('usage', `${id} has no mode named ${cleanLine(mode ?? '')}`, { hint: `--mode ${known}` })
  }
  if (!provider.enabled) throw providerOff(id)
  return provider
}

/**
 * All modes of a provider, switched off or not, its default one first.
 *
 * @throws AuthError `account-not-found` whose hint begins with `command`, `usage` for a setting
 * that cannot be used.
 */
export function modesOf(config: UntrustedRecord, id: string, command = 'aiauth login'): Provider[] {
  const rows = allProviders(config)
  const modes = rows.filter((row) => row.id === id)
  if (modes.length === 0) throw unknownProvider(id, rows, command)
  return modes
}

/** The row that an account was made by, switched off or not; `undefined` when the settings do not know it. */
export function findProvider(
  config: UntrustedRecord,
  { provider, mode }: { readonly provider: string; readonly mode: string },
): Provider | undefined {
  return allProviders(config).find((row) => row.id === provider && row.mode === mode)
}

/** Whether the user has agreed to the terms of this mode, once, by a yes or in `config.json`. */
export function termsAccepted(config: UntrustedRecord, provider: Provider): boolean {
  const settings = settingsOf(provider, configuredProviders(config)[provider.id])
  return settings.acceptedTerms === true
}

/**
 * Whether a sign-in goes to the vendor itself: both endpoints stand on hosts of the built-in
 * row. Somewhere else the vendor's terms say nothing, and none of its endpoints may see the
 * tokens.
 */
export function isAtVendor(provider: Provider): boolean {
  const base = BUILT_IN.find((row) => row.id === provider.id && row.mode === provider.mode)
  const { authorizationEndpoint, tokenEndpoint } = provider
  if (base === undefined || authorizationEndpoint === undefined || tokenEndpoint === undefined) return false
  return onHostsOf(base, authorizationEndpoint, tokenEndpoint)
}

function configuredProviders(config: UntrustedRecord): UntrustedRecord {
  const providers = config['providers'] ?? {}
  if (!isRecord(providers)) throw new AuthError('usage', 'config.json: providers must be a record')
  return record(providers)
}

function unknownProvider(id: string, rows: readonly Provider[], command: string): AuthError {
  const ids = [...new Set(rows.map((row) => row.id))]
  const meant = nearest(id, ids)
  return new AuthError('account-not-found', `no provider named ${cleanLine(id)}`, {
    hint: meant === undefined ? `${command} ${ids.join(' | ')}` : `did you mean ${meant}? ${command} ${meant}`,
  })
}

function settingsOf(provider: Provider, source: unknown): Partial<Provider> & Pick<ProviderFields, 'acceptedTerms'> {
  if (source !== undefined && !isRecord(source)) {
    throw new AuthError('usage', `config.json: providers.${provider.id} must be a record`)
  }
  const path = `providers.${provider.id}`
  const forAll = record(source)
  const forMode = record(record(forAll['modes'])[provider.mode])
  const fields = { ...providerFields(forAll, path), ...providerFields(forMode, `${path}.modes.${provider.mode}`) }
  // A server that is said to take forms, or JSON, takes it for every grant.
  return { ...fields, ...(fields.tokenRequest && { refreshRequest: fields.tokenRequest }) }
}

/**
 * A built-in row with the user's fields on top; on that of a secret that is handed over only
 * those that are not about a sign-in, so that it goes to no address that was meant for tokens.
 *
 * When sign-in or tokens move to another party, the vendor's other endpoints do not move
 * along: an endpoint that gets a token is never taken from somebody else.
 */
function withSettings(base: Provider, source: unknown): Provider {
  const { acceptedTerms: _, ...fields } = settingsOf(base, source)
  if (base.handedOver !== undefined) return { ...base, enabled: fields.enabled ?? base.enabled }
  if (fields.issuer === undefined && onHostsOf(base, fields.authorizationEndpoint, fields.tokenEndpoint)) {
    // Another client need not have the page of the vendor's own registered.
    return { ...base, ...(fields.clientId !== undefined && { manualRedirectUri: undefined }), ...fields }
  }
  return {
    ...base,
    issuer: undefined,
    revocationEndpoint: undefined,
    profileEndpoint: undefined,
    usageEndpoint: undefined,
    deviceAuthorizationEndpoint: undefined,
    keyEndpoint: undefined,
    jwksEndpoint: undefined,
    manualRedirectUri: undefined,
    ...(fields.issuer === undefined ? {} : { authorizationEndpoint: undefined, tokenEndpoint: undefined }),
    ...fields,
  }
}

function onHostsOf(base: Provider, ...addresses: (string | undefined)[]): boolean {
  const hosts = [base.authorizationEndpoint, base.tokenEndpoint, base.profileEndpoint].map((own) => hostOf(own ?? ''))
  return addresses.every((address) => address === undefined || hosts.includes(hostOf(address)))
}

function ownProviders(id: string, source: unknown): Provider[] {
  if (!PROVIDER_ID.test(id)) {
    throw new AuthError('usage', 'config.json: a name below providers must be lower-case letters, digits and dashes')
  }
  const modes = Object.keys(record(record(source)['modes']))
  return (modes.length === 0 ? [ONLY_MODE] : modes).map((mode) => ownProvider(id, mode, source))
}

function ownProvider(id: string, mode: string, source: unknown): Provider {
  const blank: Provider = {
    id,
    title: id,
    mode,
    builtIn: false,
    enabled: true,
    issuer: undefined,
    issuerPromised: false,
    clientId: '',
    clientSecret: undefined,
    authorizationEndpoint: undefined,
    tokenEndpoint: undefined,
    revocationEndpoint: undefined,
    profileEndpoint: undefined,
    usageEndpoint: undefined,
    deviceAuthorizationEndpoint: undefined,
    redirect: { host: '127.0.0.1', ports: [0], path: '/callback' },
    credential: 'tokens',
    manualRedirectUri: undefined,
    scopes: [],
    authorizationParameters: {},
    tokenRequest: 'form',
    refreshRequest: 'form',
    repeatScopeInRefresh: false,
    deadGrant: { statuses: [400, 401], codes: ['invalid_grant'] },
    revocationRequest: 'form',
    revocationReceiptHeader: undefined,
    repeatStateInTokenRequest: false,
    userAgent: USER_AGENT,
    terms: undefined,
    managePage: undefined,
    identify: identifyByStandardClaims,
    usage: undefined,
    environment: { set: () => ({}), remove: {}, settings: undefined },
  }
  const { acceptedTerms: _, ...fields } = settingsOf(blank, source)
  const provider = { ...blank, ...fields }
  if (provider.clientId === '') throw new AuthError('usage', `config.json: providers.${id}.clientId is missing`)
  if (BUILT_IN.some((base) => base.clientId === provider.clientId)) {
    throw new AuthError('usage', `config.json: providers.${id}.clientId belongs to a built-in provider`)
  }
  return provider
}
