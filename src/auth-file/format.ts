import { ACCOUNT_STATES, type Account, type AuthFile, type Preferences } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import { isRecord, type UntrustedRecord } from '../model/untrusted.ts'

/** The version that this program reads and writes. */
export const AUTH_FILE_VERSION = 2

const DEFAULT_PREFERENCES: Preferences = {
  defaultAccount: null,
  preferredProvider: null,
  fallbackEnabled: true,
  selectionStrategy: 'cost-optimized',
  costOptimization: true,
}

export function newAuthFile(fileId: string): AuthFile {
  return { version: AUTH_FILE_VERSION, fileId, storage: null, accounts: [], preferences: DEFAULT_PREFERENCES }
}

/** The file's text: two blanks of indent, one line end, unknown fields included. */
export function formatAuthFile(file: AuthFile): string {
  try {
    return `${JSON.stringify(file, undefined, 2)}\n`
  } catch {
    throw new AuthError('auth-file-invalid', 'auth.json is nested too deeply to be written again')
  }
}

/**
 * The accounts and preferences in a file's text. Fields that we do not know stay on the
 * objects; known ones are checked, and missing optional ones get their default.
 *
 * @throws AuthError `auth-file-too-new`, or `auth-file-invalid` with the path of the first
 * fault. Never with content: a damaged file may hold a secret in the wrong place.
 */
export function parseAuthFile(text: string): AuthFile {
  const source = parsed(text.replace(/^\uFEFF/, ''))
  if (!isRecord(source)) throw invalid('is not a record')
  const version = source['version']
  if (version === undefined) throw legacy()
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) throw invalid('version is not a number')
  if (version === 1) throw legacy()
  if (version > AUTH_FILE_VERSION) {
    throw new AuthError('auth-file-too-new', `auth.json has version ${version}, this program knows ${AUTH_FILE_VERSION}`, {
      hint: 'npm install --global aiauth@latest',
    })
  }
  const fileId = source['fileId']
  if (typeof fileId !== 'string') throw invalid('fileId is not a text')
  const storage = nullable(source, 'storage', isText, 'storage')
  return { ...source, version: AUTH_FILE_VERSION, fileId, storage, accounts: accounts(source), preferences: preferences(source) }
}

function parsed(text: string): unknown {
  if (text.trim() === '') throw invalid('is empty')
  try {
    return JSON.parse(text)
  } catch {
    // The message of a SyntaxError quotes the file, which may hold a secret.
    throw invalid('is not valid JSON')
  }
}

function accounts(source: UntrustedRecord): Account[] {
  const list = source['accounts'] ?? []
  if (!Array.isArray(list)) throw invalid('accounts is not a list')
  const found = list.map((member, index) => account(member, `accounts[${index}]`))
  const names = found.map(({ name }) => name.toLowerCase())
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index)
  if (twice >= 0) throw invalid(`accounts[${twice}].name stands there twice`)
  return found
}

function account(source: unknown, path: string): Account {
  if (!isRecord(source)) throw invalid(`${path} is not a record`)
  const word = (name: string) => required(source, name, isText, `${path}.${name} is not a text`)
  const words = (name: string) => nullable(source, name, isText, `${path}.${name}`)
  const time = (name: string) => nullable(source, name, isTime, `${path}.${name}`)
  const list = (name: string) => nullable(source, name, Array.isArray, `${path}.${name}`) ?? []
  return {
    ...source,
    id: word('id'),
    name: word('name'),
    provider: word('provider'),
    mode: word('mode'),
    state: required(source, 'state', isState, `${path}.state is not a state`),
    stateReason: words('stateReason'),
    tier: words('tier'),
    email: words('email'),
    accountId: words('accountId'),
    organizations: list('organizations'),
    scopes: list('scopes').filter(isText),
    expiresAt: time('expiresAt'),
    refreshExpiresAt: time('refreshExpiresAt'),
    createdAt: required(source, 'createdAt', isTime, `${path}.createdAt is not a time`),
    updatedAt: required(source, 'updatedAt', isTime, `${path}.updatedAt is not a time`),
    lastRefreshedAt: time('lastRefreshedAt'),
    lastUsedAt: time('lastUsedAt'),
    cooldownUntil: time('cooldownUntil'),
    priority: nullable(source, 'priority', isNumber, `${path}.priority`) ?? 0,
    endpoint: words('endpoint'),
    proxy: words('proxy'),
    notes: words('notes'),
    usage: source['usage'] ?? null,
    history: list('history') as Account['history'],
    secret: secret(source['secret'], `${path}.secret`),
    linkedTo: source['linkedTo'] ?? null,
  }
}

function secret(source: unknown, path: string): Account['secret'] {
  if (!isRecord(source)) throw invalid(`${path} is not a record`)
  return {
    ...source,
    store: required(source, 'store', isText, `${path}.store is not a text`),
    generation: required(source, 'generation', isNumber, `${path}.generation is not a number`),
    renewable: source['renewable'] !== false,
  }
}

function preferences(source: UntrustedRecord): Preferences {
  const given = source['preferences'] ?? {}
  if (!isRecord(given)) throw invalid('preferences is not a record')
  return { ...DEFAULT_PREFERENCES, ...given }
}

function required<T>(source: UntrustedRecord, name: string, is: (value: unknown) => value is T, fault: string): T {
  const value = source[name]
  if (!is(value)) throw invalid(fault)
  return value
}

function nullable<T>(
  source: UntrustedRecord,
  name: string,
  is: (value: unknown) => value is T,
  path: string,
): T | null {
  const value = source[name] ?? null
  if (value !== null && !is(value)) throw invalid(`${path} has the wrong type`)
  return value
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isState = (value: unknown): value is Account['state'] => (ACCOUNT_STATES as readonly unknown[]).includes(value)
const isTime = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value))

function invalid(fault: string): AuthError {
  return new AuthError('auth-file-invalid', `auth.json cannot be read: ${fault}; it was left as it is`, {
    hint: 'put a good copy in its place, or move it away to start anew',
  })
}

function legacy(): AuthError {
  return new AuthError('auth-file-invalid', 'auth.json is a file of the old, unversioned format; it was left as it is', {
    hint: 'move it away, or set AIAUTH_HOME to another folder',
  })
}
