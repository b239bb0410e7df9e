import type { PrepareInput } from '../flows/migration/prepare.ts'
import type { AuthFile } from '../model/account.ts'
import type { Ports } from '../model/ports.ts'
import type { MigrateOptions } from './migrate-auth.ts'

/** How the accounts are to stand to the file that they come from. */
export function custodyOf({ takeOver, copy }: MigrateOptions): 'linked' | 'take-over' | 'copy' {
  return takeOver === true ? 'take-over' : copy === true ? 'copy' : 'linked'
}

/** For a plan the storage need not be there yet. What the accounts here use stays. */
export function storageName(ports: Ports, { storage }: MigrateOptions, current: AuthFile | undefined): string {
  const { variables } = ports.environment
  if (current?.accounts.length && current.storage !== null) return current.storage
  const asked = storage ?? variables['AIAUTH_STORAGE'] ?? ports.settings.read()['storage']
  return typeof asked === 'string' && asked !== '' ? asked : 'keychain'
}

/** What a plan needs; the storage is named, and nothing of it opened. */
export function prepareInput(ports: Ports, options: MigrateOptions, storage: string): PrepareInput {
  return {
    custody: custodyOf(options),
    storage,
    authFile: ports.migrations.places.authFile,
    planned: [],
    revived: [],
    uuid: () => ports.identifiers.uuid(),
  }
}
