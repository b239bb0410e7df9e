import { ACCOUNT_STATES, type Account, type AccountState, type AuthFile, type Preferences } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import { isRecord, json, type UntrustedRecord } from '../model/untrusted.ts'

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
  const content = text.replace(/^\uFEFF/, '')
  if (content.trim() === '') throw invalid('is empty')
  const source = json(content)
  if (source === undefined) throw invalid('is not valid JSON')
  if (!isRecord(source)) throw invalid('is not a record')
  const version = source['version']
  if (version === undefined) throw legacy()
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) throw invalid('version is not a number')
  if (version === 1) throw legacy()
  if (version > AUTH_FILE_VERSION) {
    throw new AuthError(
      'auth-file-too-new',
      `auth.json has version ${version}, this program knows ${AUTH_FILE_VERSION}`,
      {
        hint: 'npm install --global aiauth@latest',
      },
    )
  }
  const fileId = source['fileId']
  if (typeof fileId !== 'string') throw invalid('fileId is not a text')
  const storage = source['storage'] ?? null
  if (storage !== null && typeof storage !== 'string') throw invalid('storage is not a text')
  return {
    ...source,
    version: AUTH_FILE_VERSION,
    fileId,
    storage,
    accounts: accounts(source),
    preferences: preferences(source),
  }
}

function accounts(source: UntrustedRecord): Account[] {
  const list = source['accounts'] ?? []
  if (!Array.isArray(list)) throw invalid('accounts is not a list')
  const found = list.map((member, index) => account(member, index))
  const names = new Set<string>()
  for (const [index, { name }] of found.entries()) {
    if (names.size === names.add(name.toLowerCase()).size) throw invalid(`accounts[${index}].name stands there twice`)
  }
  return found
}

const TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** As the parser made it: any field may be missing or of any type. */
type Unchecked = { -readonly [Name in keyof Account]?: unknown }

/**
 * Checked and completed in place: the object is fresh from the parser and holds what we do not know.
 *
 * Each field is named where it is checked. Lists of names and a loop over them read better, and
 * take three times as long with a thousand accounts: V8 knows the place of a field that is
 * spelt out, and has to look a computed one up.
 */
function account(source: unknown, index: number): Account {
  if (!isRecord(source)) throw invalid(`accounts[${index}] is not a record`)
  const checked = source as Unchecked
  checked.organizations ??= []
  checked.scopes ??= []
  checked.history ??= []
  checked.usage ??= null
  checked.linkedTo ??= null
  checked.priority ??= 0
  const fault =
    missingText(checked.id, 'id') ??
    missingText(checked.name, 'name') ??
    missingText(checked.provider, 'provider') ??
    missingText(checked.mode, 'mode') ??
    oddText((checked.stateReason ??= null), 'stateReason') ??
    oddText((checked.tier ??= null), 'tier') ??
    oddText((checked.email ??= null), 'email') ??
    oddText((checked.accountId ??= null), 'accountId') ??
    oddText((checked.endpoint ??= null), 'endpoint') ??
    oddText((checked.proxy ??= null), 'proxy') ??
    oddText((checked.notes ??= null), 'notes') ??
    oddTime((checked.expiresAt ??= null), 'expiresAt') ??
    oddTime((checked.refreshExpiresAt ??= null), 'refreshExpiresAt') ??
    oddTime((checked.lastRefreshedAt ??= null), 'lastRefreshedAt') ??
    oddTime((checked.lastUsedAt ??= null), 'lastUsedAt') ??
    oddTime((checked.cooldownUntil ??= null), 'cooldownUntil') ??
    oddTime(checked.createdAt ?? '', 'createdAt') ??
    oddTime(checked.updatedAt ?? '', 'updatedAt') ??
    noList(checked.organizations, 'organizations') ??
    noList(checked.scopes, 'scopes') ??
    noList(checked.history, 'history') ??
    (checked.enabled === undefined || typeof checked.enabled === 'boolean' ? undefined : 'enabled is not a boolean') ??
    (typeof checked.priority === 'number' ? undefined : 'priority is not a number') ??
    (ACCOUNT_STATES.includes(checked.state as AccountState) ? undefined : 'state is not a state') ??
    secretFault(checked.secret)
  if (fault !== undefined) throw invalid(`accounts[${index}].${fault}`)
  return source as unknown as Account
}

function missingText(value: unknown, name: string): string | undefined {
  return typeof value === 'string' ? undefined : `${name} is not a text`
}

function oddText(value: unknown, name: string): string | undefined {
  return value === null || typeof value === 'string' ? undefined : `${name} is not a text`
}

function oddTime(value: unknown, name: string): string | undefined {
  return value === null || (typeof value === 'string' && TIME.test(value)) ? undefined : `${name} is not a time`
}

function noList(value: unknown, name: string): string | undefined {
  return Array.isArray(value) ? undefined : `${name} is not a list`
}

function secretFault(source: unknown): string | undefined {
  if (!isRecord(source)) return 'secret is not a record'
  const { store, generation, renewable } = source
  if (typeof store !== 'string') return 'secret.store is not a text'
  if (typeof generation !== 'number') return 'secret.generation is not a number'
  if (typeof renewable !== 'boolean') Object.assign(source, { renewable: true })
  return undefined
}

function preferences(source: UntrustedRecord): Preferences {
  const given = source['preferences'] ?? {}
  if (!isRecord(given)) throw invalid('preferences is not a record')
  return { ...DEFAULT_PREFERENCES, ...given }
}

function invalid(fault: string): AuthError {
  return new AuthError('auth-file-invalid', `auth.json cannot be read: ${fault}; it was left as it is`, {
    hint: 'put a good copy in its place, or move it away to start anew',
  })
}

function legacy(): AuthError {
  return new AuthError(
    'auth-file-invalid',
    'auth.json is a file of the old, unversioned format; it was left as it is',
    { hint: 'aiauth migrate-auth' },
  )
}
