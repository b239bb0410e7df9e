import type { Link } from './linked.ts'
import type { Secret } from './secret.ts'

/** Another program's file, as it was read. */
export interface ForeignFile {
  /** As it was asked for, absolute. */
  readonly path: string
  /** Where symbolic links lead. */
  readonly realPath: string
  /** All of it, a byte-order mark included. */
  readonly text: Secret
  /** Of its bytes, in hexadecimal digits. */
  readonly sha256: string
  readonly bytes: number
  /** Permission bits, such as 0o600. */
  readonly mode: number
  /** Neither its mode nor its folder forbids us to replace it. */
  readonly isWritable: boolean
  readonly modifiedAtMs: number
}

/** The JSON files in which other programs keep their sign-ins. */
export interface ForeignFiles {
  /**
   * The file, or `undefined` when there is none. One that is empty or cut off may be in the
   * middle of being written: it is read again for a second before it is given as it is.
   *
   * @throws AuthError `auth-file-invalid` for what is no ordinary file of this user's, not
   * UTF-8, or too large; `cancelled`.
   */
  read(path: string, signal: AbortSignal): Promise<ForeignFile | undefined>
  /**
   * Replaces the file if it still is what was read: atomically, mode 0600, a symbolic link
   * stays one.
   *
   * @returns false when it has changed or gone meanwhile; then it is left alone.
   * @throws AuthError `storage-unavailable`, also for a file that is write-protected;
   * `auth-file-invalid` for one that cannot be read any more.
   */
  replace(read: ForeignFile, text: Secret): boolean
  /**
   * Writes a file where there is none, mode 0600.
   *
   * @returns false when one is there by now.
   * @throws AuthError `storage-unavailable`.
   */
  create(path: string, text: Secret): boolean
  /** Removes the file if it still is what was read. */
  remove(read: ForeignFile): void
  /**
   * Waits while the tool holds the locks under which it renews: until they are free, left
   * behind, or 10 s have passed.
   *
   * @throws AuthError `cancelled`.
   */
  whenIdle(link: Link, signal: AbortSignal): Promise<void>
}
