import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { settingAt, withSetting, type SettingPath } from '../model/setting-path.ts'
import { cleanLine, isRecord, type UntrustedRecord } from '../model/untrusted.ts'
import { allProviders } from '../providers/registry.ts'
import { isSecretSetting, ruleAt, settingPath, settingValue } from '../providers/setting-rules.ts'
import { jsonText } from '../ui/json-text.ts'

/** @throws AuthError `setting-not-found`, and `usage` for a key that nobody reads. */
export function getSetting(ports: Ports, key: string, json: boolean): void {
  const path = settingPath(key)
  const value = shown(settingAt(ports.settings.read(), path), path)
  if (value === undefined) {
    throw new AuthError('setting-not-found', `${key} is not set`, { hint: 'aiauth config list' })
  }
  ports.terminal.out(json ? jsonText({ key, value }) : `${asText(value)}\n`)
}

export function listSettings(ports: Ports, json: boolean): void {
  const settings = ports.settings.read()
  if (json) ports.terminal.out(jsonText({ settings: shown(settings, []) }))
  else
    for (const [path, value] of leaves(shown(settings, []), []))
      ports.terminal.out(`${cleanLine(path)}=${asText(value)}\n`)
}

/**
 * @throws AuthError `usage` for a key that nobody reads, a value that those who read it cannot
 * use, alone or with what is set already, and a secret on the command line.
 */
export async function setSetting(ports: Ports, key: string, typed: string, json: boolean): Promise<void> {
  const path = settingPath(key)
  const rule = ruleAt(path)
  if (rule === undefined) {
    throw new AuthError('usage', `${key} is no single setting`, { hint: `aiauth config set ${key}.<field> <value>` })
  }
  const isTyped = typed !== '-'
  const value = settingValue(key, rule, isTyped ? typed : await fromStdin(ports, key))
  if (isTyped && isSecretSetting(path, value)) {
    const hint = `aiauth config set ${key} - < <file that holds it>`
    throw new AuthError('usage', `${key} must not stand on the command line, where every program can read it`, { hint })
  }
  const isSame = await change(ports, (current) => withSetting(current, path, value), path)
  ports.terminal.say(`aiauth: ${key} is set${isSame ? ', as it was' : ''}`)
  if (json) ports.terminal.out(jsonText({ key, value: shown(value, path) }))
}

/** @throws AuthError `usage` for a key that nobody reads, and where what is left cannot be used. */
export async function unsetSetting(ports: Ports, key: string, json: boolean): Promise<void> {
  const path = settingPath(key)
  const isSame = await change(ports, (current) => withSetting(current, path, undefined), path)
  ports.terminal.say(`aiauth: ${key} is not set${isSame ? ', as it was' : ' any more'}`)
  if (json) ports.terminal.out(jsonText({ key, value: null }))
}

/** One line: what a file holds, or what a person types unseen. */
async function fromStdin({ terminal, interruption }: Ports, key: string): Promise<string> {
  const typed = terminal.interactive
    ? (await terminal.askSecret(`value of ${key}: `, interruption))?.reveal()
    : await terminal.ask('', interruption)
  if (typed !== undefined) return typed
  throw new AuthError('usage', `no value for ${key} came from stdin`, {
    hint: `echo <value> | aiauth config set ${key} -`,
  })
}

/** Whether it was so already; then nothing is written. */
async function change(
  { settings }: Ports,
  work: (current: UntrustedRecord) => UntrustedRecord,
  path: SettingPath,
): Promise<boolean> {
  let isSame = false
  await settings.change((current) => {
    const next = work(current)
    isSame = JSON.stringify(settingAt(next, path)) === JSON.stringify(settingAt(current, path))
    if (isSame) return current
    assertUsable(current, next, path)
    return next
  })
  return isSame
}

/**
 * What could be used before must be usable after, by its own reader: the registry. Where it
 * could not, any step may be one towards mending it.
 */
function assertUsable(current: UntrustedRecord, next: UntrustedRecord, [top, id, modes, mode]: SettingPath): void {
  if (top !== 'providers' || faultIn(current) !== undefined) return
  const fault = faultIn(next)
  if (fault !== undefined) throw new AuthError('usage', fault.message, { hint: fault.hint ?? 'nothing was changed' })
  const rows = allProviders(next).filter((row) => row.id === id)
  if (modes !== 'modes' || rows.length === 0 || rows.some((row) => row.mode === mode)) return
  const known = rows.map((row) => row.mode).join(', ')
  if (settingAt(next, ['providers', id ?? '', 'modes', mode ?? '']) !== undefined) {
    throw new AuthError('usage', `${id ?? ''} has no mode named ${mode ?? ''}`, { hint: `one of ${known}` })
  }
}

function faultIn(settings: UntrustedRecord): AuthError | undefined {
  try {
    allProviders(settings)
    return undefined
  } catch (error) {
    if (error instanceof AuthError) return error
    throw error
  }
}

/** A value as it may be seen: no secrets, and nothing of what nobody here knows. */
function shown(value: unknown, path: SettingPath): unknown {
  if (value === undefined) return undefined
  if (ruleAt(path) !== undefined) return isSecretSetting(path, value) ? '[secret]' : value
  const isInner = path.length === 0 || (path[0] === 'providers' && path.length < 5)
  if (!isInner || !isRecord(value)) return '[not known]'
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shown(inner, [...path, name])]))
}

function leaves(value: unknown, path: SettingPath): [path: string, value: unknown][] {
  if (ruleAt(path) !== undefined || !isRecord(value)) return [[path.join('.'), value]]
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name]))
}

/** What was written by hand may hold anything; what was checked is printed to its end. */
function asText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[ -~]*$/.test(text) ? text : cleanLine(text)
}
