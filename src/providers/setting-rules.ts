import { isSafeAddress } from '../model/endpoint.ts'
import { AuthError } from '../model/errors.ts'
import { nearest } from '../model/nearest.ts'
import { parseProxy } from '../model/proxy.ts'
import type { SettingPath } from '../model/setting-path.ts'
import { findStorageKind, STORAGE_CHOICES } from '../model/storage-kind.ts'
import { cleanLine, json } from '../model/untrusted.ts'
import { FIELD_RULES, line, type FieldRule, type ProviderFields } from './overrides.ts'
import { PROVIDER_ID } from './registry.ts'

/** The keys of `config.json` beside `providers`, each with what it may hold. */
const TOP_RULES: Readonly<Record<string, FieldRule>> = {
  browser: line,
  proxy: { expected: 'the address of an HTTP proxy', read: (value) => (isProxy(value) ? value : undefined) },
  storage: {
    expected: STORAGE_CHOICES,
    read: (value) => (typeof value === 'string' ? findStorageKind(value) : undefined),
  },
  notify: {
    expected: 'a list of https addresses (http only on loopback)',
    read: (value) => (isListOf(value, isSafeAddress) ? value : undefined),
  },
  refreshLeadSeconds: {
    expected: 'whole seconds, at most a day',
    read: (value) => (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 86_400 ? value : undefined),
  },
  plugins: {
    expected: 'a list of package names',
    read: (value) => (isListOf(value, (name) => PACKAGE_NAME.test(name)) ? value : undefined),
  },
}

const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]{0,213}$/
const MODE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/

function isListOf(value: unknown, isMember: (member: string) => boolean): boolean {
  return Array.isArray(value) && value.every((member) => typeof member === 'string' && isMember(member))
}

/** @throws AuthError `usage` that says what is wrong with an address. */
function isProxy(value: unknown): boolean {
  if (typeof value !== 'string') return false
  parseProxy(value, 'proxy')
  return true
}

/** Every key that can be set, as it is typed; `<id>` and `<mode>` stand for any. */
export const SETTING_KEYS: readonly string[] = [
  ...Object.keys(TOP_RULES),
  ...Object.keys(FIELD_RULES).map((field) => `providers.<id>.${field}`),
  ...Object.keys(FIELD_RULES).map((field) => `providers.<id>.modes.<mode>.${field}`),
]

/**
 * Where a key stands; also one that names a whole provider or mode.
 *
 * @throws AuthError `usage` for a key that nobody reads.
 */
export function settingPath(key: string): SettingPath {
  const path = key.split('.')
  const [top, id = '', third, mode = '', fifth] = path
  if (path.length === 1 && (top === 'providers' || ruleAt(path) !== undefined)) return path
  if (top === 'providers' && PROVIDER_ID.test(id)) {
    const isWhole = path.length === 2 || (path.length === 4 && third === 'modes' && MODE.test(mode))
    if (isWhole || ruleAt(path) !== undefined) return path
  }
  const field = fifth ?? third ?? top ?? ''
  const meant = nearest(field, path.length === 1 ? Object.keys(TOP_RULES) : Object.keys(FIELD_RULES))
  throw new AuthError('usage', `${cleanLine(key)} is no setting`, {
    hint: meant === undefined ? 'aiauth config --help' : `did you mean ${[...path.slice(0, -1), meant].join('.')}?`,
  })
}

/** What may stand there; `undefined` where nobody reads it. */
export function ruleAt(path: SettingPath): FieldRule | undefined {
  const [top = '', , third = '', mode = '', fifth = ''] = path
  const field = path.length === 3 ? third : path.length === 5 && third === 'modes' && MODE.test(mode) ? fifth : ''
  if (path.length === 1) return Object.hasOwn(TOP_RULES, top) ? TOP_RULES[top] : undefined
  return Object.hasOwn(FIELD_RULES, field) ? FIELD_RULES[field as keyof ProviderFields] : undefined
}

/**
 * A typed text as the value that the setting's own reader takes: the text itself, what it says
 * as JSON, or a list of its parts between commas.
 *
 * @throws AuthError `usage` that says what is expected, and nothing of the value.
 */
export function settingValue(key: string, { expected, read }: FieldRule, typed: string): unknown {
  const readings = [typed, json(typed), typed.split(',').map((part) => part.trim())]
  const fitting = readings.find((reading) => reading !== undefined && read(reading) !== undefined)
  if (fitting !== undefined) return fitting
  throw new AuthError('usage', `${key} must be ${expected}`, { hint: 'aiauth config --help' })
}

/** Whether a value is for nobody's eyes: a client's secret, and a proxy with a password. */
export function isSecretSetting(path: SettingPath, value: unknown): boolean {
  if (path.at(-1) === 'clientSecret') return true
  return path[0] === 'proxy' && typeof value === 'string' && value.includes('@')
}
