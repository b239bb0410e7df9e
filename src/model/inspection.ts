/** What stands under a path; links are followed for all but `isLink`. */
export interface Entry {
  readonly kind: 'file' | 'folder' | 'other'
  /** Permission bits; 0 where the system has none. */
  readonly mode: number
  /** Whether it belongs to the user of this process; true where the system has no owners. */
  readonly isOurs: boolean
  readonly isLink: boolean
}

/** A file in which another program keeps a sign-in of a provider that we know, too. */
export interface ToolFile {
  readonly tool: string
  readonly path: string
}

/** What keeps the keychain of a Linux session, as far as the session's D-Bus tells. */
export interface KeychainService {
  /** Whether there is an address of a session bus. */
  readonly hasBus: boolean
  /** Whether a program owns `org.freedesktop.secrets`; `undefined` where nobody can be asked. */
  readonly isOwned: boolean | undefined
  /** Its name. */
  readonly program?: string | undefined
  /** Where new items go; left out where there is no such place, or nobody tells. */
  readonly collection?: string
  readonly isLocked?: boolean | undefined
}

/** What `doctor` asks of the machine; everything here only reads. */
export interface Inspection {
  readonly nodeVersion: string
  readonly platform: string
  /** `undefined` when nothing is there, or nothing may be seen. */
  entry(path: string): Entry | undefined
  /** Names in a folder; none where it cannot be read. */
  names(folder: string): readonly string[]
  /** The kind of a file system on which locks and renames cannot be relied on, such as `nfs`; `undefined` for others. */
  oddFileSystem(folder: string): string | undefined
  /** The program that copies a folder to other machines, links followed; `undefined` for what is not known to be copied. */
  syncedBy(folder: string): string | undefined
  /** `undefined` on systems whose keychain is no program on a D-Bus. */
  keychainService(): Promise<KeychainService | undefined>
  readonly toolFiles: readonly ToolFile[]
}

/**
 * - `ok`: as it should be
 * - `note`: worth knowing
 * - `warning`: works, and may surprise
 * - `problem`: something does not work
 */
export type FindingLevel = 'ok' | 'note' | 'warning' | 'problem'

/** One thing that was looked at. The names are part of the public contract. */
export interface Finding {
  readonly id: string
  readonly level: FindingLevel
  readonly message: string
  /** What to type or to do; `null` where nothing has to be done. */
  readonly fix: string | null
}
