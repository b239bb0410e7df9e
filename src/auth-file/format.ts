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

/**
 * The fields by what they must be. Plain lists and plain loops: a rule object and a closure
 * for each field took three times as long, which a thousand accounts show.
 */
const TEXTS = ['id', 'name', 'provider', 'mode'] as const
const OPTIONAL_TEXTS = ['stateReason', 'tier', 'email', 'accountId', 'endpoint', 'proxy', 'notes'] as const
const TIMES = ['createdAt', 'updatedAt'] as const
const OPTIONAL_TIMES = ['expiresAt', 'refreshExpiresAt', 'lastRefreshedAt', 'lastUsedAt', 'cooldownUntil'] as const
const LISTS = ['organizations', 'scopes', 'history'] as const
const ANYTHING = ['usage', 'linkedTo'] as const

const TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** Checked and completed in place: the object is fresh from the parser and holds what we do not know. */
function account(source: unknown, index: number): Account {
  const path = `accounts[${index}]`
  if (!isRecord(source)) throw invalid(`${path} is not a record`)
  const checked = source as Record<string, unknown>
  for (const name of LISTS) checked[name] ??= []
  for (const name of ANYTHING) checked[name] ??= null
  checked['priority'] ??= 0
  for (const name of OPTIONAL_TEXTS) if ((checked[name] ??= null) !== null) mustBeText(checked[name], path, name)
  for (const name of OPTIONAL_TIMES) if ((checked[name] ??= null) !== null) mustBeTime(checked[name], path, name)
  for (const name of TEXTS) mustBeText(checked[name], path, name)
  for (const name of TIMES) mustBeTime(checked[name], path, name)
  for (const name of LISTS) if (!Array.isArray(checked[name])) throw invalid(`${path}.${name} is not a list`)
  if (typeof checked['priority'] !== 'number') throw invalid(`${path}.priority is not a number`)
  if (!ACCOUNT_STATES.includes(checked['state'] as AccountState)) throw invalid(`${path}.state is not a state`)
  checkSecret(checked['secret'], `${path}.secret`)
  return source as unknown as Account
}

function mustBeText(value: unknown, path: string, name: string): void {
  if (typeof value !== 'string') throw invalid(`${path}.${name} is not a text`)
}

function mustBeTime(value: unknown, path: string, name: string): void {
  if (typeof value !== 'string' || !TIME.test(value)) throw invalid(`${path}.${name} is not a time`)
}

function checkSecret(source: unknown, path: string): void {
  if (!isRecord(source)) throw invalid(`${path} is not a record`)
  const { store, generation, renewable } = source
  if (typeof store !== 'string') throw invalid(`${path}.store is not a text`)
  if (typeof generation !== 'number') throw invalid(`${path}.generation is not a number`)
  if (typeof renewable !== 'boolean') Object.assign(source, { renewable: true })
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
    {
      hint: 'move it away, or set AIAUTH_HOME to another folder',
    },
  )
}
