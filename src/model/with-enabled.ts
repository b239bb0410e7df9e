import { isRecord, record, type UntrustedRecord } from './untrusted.ts'

/** What `config.json` says of a provider, with all its modes switched on or off. */
export function withEnabled(source: unknown, enabled: boolean): UntrustedRecord {
  const { modes, ...fields } = record(source)
  if (!isRecord(modes)) return { ...record(source), enabled }
  const own = Object.entries(modes).map(([mode, value]) => {
    const { enabled: _, ...rest } = record(value)
    return [mode, isRecord(value) ? rest : value] as const
  })
  return { ...fields, enabled, modes: Object.fromEntries(own) }
}
