import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { SettingsFile } from '../model/programs.ts'
import { json, record, type UntrustedRecord } from '../model/untrusted.ts'

/** Another program's settings, `{}` when there are none: only a warning hangs on them, so no fault in them is told. */
export function programSettings(
  variables: Readonly<Record<string, string | undefined>>,
  { variable, folder, name }: SettingsFile,
): UntrustedRecord {
  const named = variables[variable] ?? ''
  try {
    return record(json(readFileSync(join(named === '' ? join(homedir(), folder) : named, name), 'utf8')))
  } catch {
    return record(undefined)
  }
}
