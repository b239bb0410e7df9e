import { isRecord, record, type UntrustedRecord } from './untrusted.ts'

/** Where a setting stands in `config.json`, member by member. */
export type SettingPath = readonly string[]

/** What stands there, `undefined` for nothing. */
export function settingAt(settings: UntrustedRecord, path: SettingPath): unknown {
  return path.reduce<unknown>((found, member) => record(found)[member], settings)
}

/**
 * The settings with one value more, or with one less for `undefined`: then records that are
 * left empty by it go, too. A provider of the user's own that has no field at all would be
 * refused at the next start.
 */
export function withSetting(
  settings: UntrustedRecord,
  [member = '', ...rest]: SettingPath,
  value: unknown,
): UntrustedRecord {
  const inner = rest.length === 0 ? value : withSetting(record(settings[member]), rest, value)
  const { [member]: _, ...others } = settings
  const isGone = value === undefined && (inner === undefined || (isRecord(inner) && Object.keys(inner).length === 0))
  // Built from own members only: a provider may be called `constructor`.
  return isGone ? record(others) : record({ ...settings, [member]: inner })
}
