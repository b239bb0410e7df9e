import type { Custody, MigratedAccount } from './backup.ts'
import type { Hold } from './journal.ts'

/** The steps of a migration and of a rollback. The names are part of the public contract. */
export type StepName =
  | 'back-up'
  | 'import-secrets'
  | 'build'
  | 'validate'
  | 'swap'
  | 'verify'
  | 'take-over'
  | 'restore'
  | 'forget-secrets'
  | 'tidy-up'

/** A step before it runs: what it does, and what takes it back. */
export interface PlannedStep {
  readonly step: StepName
  readonly description: string
  readonly undo: string
}

/** What a migration would do, as data; making it changes nothing. */
export interface Plan {
  /** The file that the sign-ins come from, and the one that they go to. */
  readonly from: string
  readonly to: string
  readonly custody: Custody
  readonly backupRequired: boolean
  readonly rollbackSupported: boolean
  readonly accounts: readonly string[]
  readonly steps: readonly PlannedStep[]
}

/** What became of a step. */
export interface StepReport {
  readonly step: StepName
  readonly description: string
  readonly outcome: 'done' | 'failed' | 'undone' | 'skipped'
  readonly durationMs: number
  readonly detail?: string
}

/** Something of the legacy file that could not be carried over, and stays in the backup. */
export interface NotCarried {
  readonly field: string
  readonly reason: string
}

/** How a migration or a rollback went; the shape of `--json` and of `migration-report.json`. */
export interface MigrationReport {
  readonly outcome: 'migrated' | 'nothing-to-do' | 'rolled-back' | 'failed'
  readonly source: string | null
  readonly backup: { readonly id: string; readonly path: string; readonly sha256: string } | null
  readonly steps: readonly StepReport[]
  /** Names of the accounts that were made, renewed or, by a rollback, removed. */
  readonly accounts: readonly string[]
  readonly notCarried: readonly NotCarried[]
  /** What the person should know, one sentence each. */
  readonly notes: readonly string[]
}

/** What a run has set out to do, written down before its first change, so that the next run can end it. */
export interface MigrationRecord {
  readonly direction: 'forward' | 'back'
  /** RFC 3339 UTC. */
  readonly startedAt: string
  /** The legacy file and its checksum when the run began. */
  readonly source: string
  readonly sha256: string
  readonly custody: Custody
  readonly storage: string
  readonly accounts: readonly MigratedAccount[]
  /** The backup that a rollback goes back to. */
  readonly backupId: string | null
}

/** What a migration needs beside the stores that every command uses. */
export interface Migrations {
  readonly places: {
    readonly home: string
    readonly authFile: string
    readonly codexAuth: string
    /** Codex's settings, which may say that its sign-in stands in the keyring. */
    readonly codexSettings: string
  }
  /**
   * Runs the work while no other process migrates or rolls back here.
   *
   * @throws AuthError `busy`, `storage-unavailable`.
   */
  exclusively<T>(work: (hold: Hold) => Promise<T>): Promise<T>
  /** What a run that was cut off has left; `undefined` when there is none, or none that can be read. */
  record(): MigrationRecord | undefined
  /** Writes it durably. @throws AuthError `storage-unavailable`. */
  keepRecord(record: MigrationRecord): void
  dropRecord(): void
  /** Writes `migration-report.json`. @throws AuthError `storage-unavailable`. */
  keepReport(text: string): void
  /** Room on the disk of the home folder, in bytes; `undefined` where the system does not tell. */
  freeBytes(): number | undefined
  /** The text of a settings file, `undefined` when there is none or it cannot be read. */
  settingsText(path: string): string | undefined
  /** Process ids of a program of this name, as far as the system tells. */
  running(program: string): readonly number[]
}
