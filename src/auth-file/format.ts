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
  const found = list.map((member, index) => account(member, index))
  const names = new Set<string>()
  for (const [index, { name }] of found.entries()) {
    if (names.size === names.add(name.toLowerCase()).size) throw invalid(`accounts[${index}].name stands there twice`)
  }
  return found
}

interface FieldRule {
  readonly expected: string
  readonly is: (value: unknown) => boolean
  /** What stands for a field that is missing; without one the field must be there. */
  readonly otherwise?: null | 0
}

const isText = (value: unknown) => typeof value === 'string'
const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
const isState = (value: unknown) => (ACCOUNT_STATES as readonly unknown[]).includes(value)
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText)
const TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/
const isTime = (value: unknown) => typeof value === 'string' && TIME.test(value)

const text: FieldRule = { expected: 'a text', is: isText }
const texts: FieldRule = { expected: 'a list of texts', is: isTexts }
const time: FieldRule = { expected: 'a time', is: isTime }
const list: FieldRule = { expected: 'a list', is: Array.isArray }
const number: FieldRule = { expected: 'a number', is: isNumber }
const orNull = (rule: FieldRule): FieldRule => ({ ...rule, otherwise: null })

/** `organizations`, `scopes` and `history` are lists that may be missing; `usage` and `linkedTo` may be anything. */
const ACCOUNT_RULES: Readonly<Partial<Record<keyof Account, FieldRule>>> = {
  id: text,
  name: text,
  provider: text,
  mode: text,
  state: { expected: 'a state', is: isState },
  stateReason: orNull(text),
  tier: orNull(text),
  email: orNull(text),
  accountId: orNull(text),
  organizations: list,
  scopes: texts,
  expiresAt: orNull(time),
  refreshExpiresAt: orNull(time),
  createdAt: time,
  updatedAt: time,
  lastRefreshedAt: orNull(time),
  lastUsedAt: orNull(time),
  cooldownUntil: orNull(time),
  priority: { ...number, otherwise: 0 },
  endpoint: orNull(text),
  proxy: orNull(text),
  notes: orNull(text),
  history: list,
}
const RULES = Object.entries(ACCOUNT_RULES)

/** Checked and completed in place: the object is fresh from the parser and holds what we do not know. */
function account(source: unknown, index: number): Account {
  const path = `accounts[${index}]`
  if (!isRecord(source)) throw invalid(`${path} is not a record`)
  const checked = source as Record<string, unknown>
  for (const name of LISTS) checked[name] ??= []
  for (const name of ANYTHING) checked[name] ??= null
  for (const [name, { expected, is, otherwise }] of RULES) {
    const value = checked[name]
    if (value !== undefined && value !== null ? is(value) : otherwise !== undefined) checked[name] = value ?? otherwise
    else throw invalid(`${path}.${name} is not ${expected}`)
  }
  checked['secret'] = secret(checked['secret'], `${path}.secret`)
  return source as unknown as Account
}

const LISTS = ['organizations', 'scopes', 'history'] as const
const ANYTHING = ['usage', 'linkedTo'] as const

function secret(source: unknown, path: string): Account['secret'] {
  if (!isRecord(source)) throw invalid(`${path} is not a record`)
  const { store, generation, renewable } = source
  if (typeof store !== 'string') throw invalid(`${path}.store is not a text`)
  if (typeof generation !== 'number') throw invalid(`${path}.generation is not a number`)
  return { ...source, store, generation, renewable: renewable !== false }
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
