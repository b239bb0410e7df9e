import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import { warn } from './warn.ts'

/** The settings for what only shows: a `config.json` that cannot be read is told, and keeps nothing from being shown. */
export function settingsToShow(ports: {
  readonly settings: Pick<Ports['settings'], 'read'>
  readonly terminal: Pick<Ports['terminal'], 'say' | 'errStyle'>
}): UntrustedRecord {
  try {
    return ports.settings.read()
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    warn(ports, error.message)
    return {}
  }
}
