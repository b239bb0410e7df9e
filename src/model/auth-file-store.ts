import type { AuthFile } from './account.ts'

export interface AuthFileStore {
  /**
   * The file as it is, or `undefined` when there is none. Writes nothing.
   *
   * @throws AuthError `auth-file-invalid`, `auth-file-too-new`.
   */
  read(): AuthFile | undefined
  /** Changes whenever the file does; costs next to nothing, so it can be asked while waiting. */
  stamp(): string
  /**
   * Proves that the file could be written, by taking its lock, which stands beside it.
   *
   * @throws AuthError `storage-unavailable`, `busy`.
   */
  probe(): Promise<void>
  /**
   * Reads, changes and writes the file under its lock. The change gets the newest content
   * (an empty file when there is none) and may throw to leave everything as it is.
   *
   * @throws AuthError as `read`, and `busy` when the lock cannot be had.
   */
  update(change: (current: AuthFile) => AuthFile): Promise<AuthFile>
  /**
   * Runs the work under the file's lock, with the means to put another text in its place,
   * whatever stands there now. Readers see the whole old or the whole new text.
   *
   * @throws AuthError `busy`, `storage-unavailable`.
   */
  rewrite<T>(work: (draft: AuthFileDraft) => Promise<T>): Promise<T>
}

/** A text that is to become `auth.json`; until then it stands beside it as `auth.json.new`. */
export interface AuthFileDraft {
  /** Writes it, durably. @throws AuthError `storage-unavailable`. */
  write(text: string): void
  /** What was written, read from the disk. @throws AuthError `auth-file-invalid`. */
  read(): string
  /** Puts it in the place of `auth.json`, durably. @throws AuthError `storage-unavailable`, `busy`. */
  swap(): void
  /** Removes it; one that is gone is no error. */
  discard(): void
  /** Removes `auth.json` itself, where there was none before. */
  removeCurrent(): void
}
