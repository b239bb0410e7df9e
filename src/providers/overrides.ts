import { isSafeAddress } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import type { Provider, Redirect } from '../model/provider.ts'
import { Secret } from '../model/secret.ts'
import { isRecord, type UntrustedRecord } from '../model/untrusted.ts'

/** What `config.json` may say about a provider, checked. `enabled` and `acceptedTerms` included. */
export type ProviderFields = Partial<
  Pick<
    Provider,
    | 'title'
    | 'issuer'
    | 'clientId'
    | 'clientSecret'
    | 'authorizationEndpoint'
    | 'tokenEndpoint'
    | 'revocationEndpoint'
    | 'profileEndpoint'
    | 'usageEndpoint'
    | 'deviceAuthorizationEndpoint'
    | 'keyEndpoint'
    | 'jwksEndpoint'
    | 'scopes'
    | 'redirect'
    | 'manualRedirectUri'
    | 'authorizationParameters'
    | 'tokenRequest'
    | 'userAgent'
    | 'enabled'
  > & { acceptedTerms: boolean }
>

/** What one field may hold, as those who use it read it. */
export interface FieldRule {
  readonly expected: string
  /** The checked value, `undefined` when it is not what is expected. */
  readonly read: (value: unknown) => unknown
}

const PRINTABLE = /^[\x20-\x7e]{1,2000}$/
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/

export const line: FieldRule = {
  expected: 'a text on one line',
  read: (value) => (typeof value === 'string' && PRINTABLE.test(value) ? value : undefined),
}
const address: FieldRule = {
  expected: 'an https address (http only on loopback)',
  read: (value) => (typeof value === 'string' && isSafeAddress(value) ? value : undefined),
}
const truth: FieldRule = {
  expected: 'true or false',
  read: (value) => (typeof value === 'boolean' ? value : undefined),
}

export const FIELD_RULES: Readonly<Record<keyof ProviderFields, FieldRule>> = {
  title: line,
  issuer: address,
  clientId: line,
  clientSecret: {
    expected: line.expected,
    read: (value) => (line.read(value) ? new Secret(String(value)) : undefined),
  },
  authorizationEndpoint: address,
  tokenEndpoint: address,
  revocationEndpoint: address,
  profileEndpoint: address,
  usageEndpoint: address,
  deviceAuthorizationEndpoint: address,
  keyEndpoint: address,
  jwksEndpoint: address,
  scopes: {
    expected: 'a list of scopes',
    read: (value) =>
      Array.isArray(value) && value.every((scope) => typeof scope === 'string' && SCOPE_TOKEN.test(scope))
        ? value
        : undefined,
  },
  manualRedirectUri: address,
  redirect: { expected: '{"host":"localhost","ports":[0],"path":"/callback"}', read: redirect },
  authorizationParameters: {
    expected: 'a map of texts, none of them a parameter of the protocol',
    read: authorizationParameters,
  },
  tokenRequest: {
    expected: '"form" or "json"',
    read: (value) => (value === 'form' || value === 'json' ? value : undefined),
  },
  userAgent: line,
  enabled: truth,
  acceptedTerms: truth,
}

/**
 * The known fields of one `providers.<id>` record. Fields of a later version are left alone.
 *
 * @throws AuthError `usage` that names the path in `config.json`, never the value.
 */
export function providerFields(source: UntrustedRecord, path: string): ProviderFields {
  const fields: Record<string, unknown> = {}
  for (const [name, rule] of Object.entries(FIELD_RULES)) {
    const value = source[name]
    if (value === undefined) continue
    const checked = rule.read(value)
    if (checked === undefined) throw new AuthError('usage', `config.json: ${path}.${name} must be ${rule.expected}`)
    fields[name] = checked
  }
  return fields
}

function redirect(value: unknown): Redirect | undefined {
  if (!isRecord(value)) return undefined
  const { host, ports, path } = value
  if (host !== 'localhost' && host !== '127.0.0.1' && host !== '[::1]') return undefined
  if (typeof path !== 'string' || !/^\/[A-Za-z0-9._~/-]{1,200}$/.test(path) || path.startsWith('//')) return undefined
  if (!Array.isArray(ports) || ports.length === 0 || !ports.every(isPort)) return undefined
  return { host, ports, path }
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535
}

/** Parameters that the protocol code sets itself; a setting must not be able to weaken them. */
const OWN_PARAMETERS: readonly string[] = [
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'redirect_uri',
  'response_mode',
  'response_type',
  'scope',
  'state',
]

function authorizationParameters(value: unknown): Record<string, string> | undefined {
  if (!isRecord(value)) return undefined
  const sound = Object.entries(value).every(
    ([name, text]) =>
      /^[A-Za-z0-9_.-]{1,100}$/.test(name) && !OWN_PARAMETERS.includes(name) && line.read(text) === text,
  )
  return sound ? (value as Record<string, string>) : undefined
}
