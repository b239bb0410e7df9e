import type { Ports, Vault } from './model/ports.ts'
import { authFileOnDisk } from './system/auth-file-on-disk.ts'
import { caller } from './system/caller.ts'
import { clock } from './system/clock.ts'
import { foreignFilesOnDisk } from './system/foreign-files-on-disk.ts'
import { createHttp } from './system/http.ts'
import { journalOnDisk } from './system/journal-on-disk.ts'
import { findPreset } from './system/read-preset.ts'
import { settingsOnDisk } from './system/settings-on-disk.ts'
import type { Interruption } from './system/signals.ts'
import { createTrace } from './system/trace.ts'
import { noteUse } from './system/note-use.ts'
import { readUses } from './system/uses-log.ts'

/** The world as far as a renewal needs it. */
export type RenewalPorts = Pick<
  Ports,
  | 'clock'
  | 'http'
  | 'vaults'
  | 'authFile'
  | 'journal'
  | 'uses'
  | 'foreignFiles'
  | 'settings'
  | 'trace'
  | 'interruption'
  | 'uninterrupted'
> & { readonly environment: Pick<Ports['environment'], 'variables' | 'caller' | 'preset'> }

export interface RenewalPortsInput {
  readonly home: string
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly interruption: Interruption
  readonly vault: (kind: string) => Vault
  /** Writes one line on stderr, for the trace. */
  readonly say: (line: string) => void
}

/** Composed once for the whole program and once for the launcher's way to a renewed token. */
export function createRenewalPorts({ home, variables, interruption, vault, say }: RenewalPortsInput): RenewalPorts {
  const trace = createTrace(variables['DEBUG'], say)
  return {
    clock,
    environment: {
      variables,
      get caller() {
        return caller()
      },
      get preset() {
        return findPreset(variables)
      },
    },
    http: createHttp(trace, variables),
    vaults: { vault },
    authFile: authFileOnDisk(home),
    journal: journalOnDisk(home, interruption.signal),
    uses: { note: (use) => noteUse(home, use), read: () => readUses(home) },
    foreignFiles: foreignFilesOnDisk(),
    settings: settingsOnDisk(home),
    trace,
    interruption: interruption.signal,
    uninterrupted: (work) => interruption.uninterrupted(work),
  }
}
