import type { StorageKind } from './account.ts'
import type { Secret } from './secret.ts'

/** A sign-in that one run has begun and another may complete. */
export interface BegunSignIn {
  readonly id: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
  /** Where its key is, and where the tokens will be. */
  readonly storage: StorageKind
  /** Name of the account that it will be, or is signed in again. */
  readonly name: string
  /** The account that is signed in again; `undefined` where it will be a new one. */
  readonly again: { readonly id: string; readonly mayDiffer: boolean } | undefined
  readonly provider: string
  readonly mode: string
  /** Both must still be the settings' when the code is sent. */
  readonly clientId: string
  readonly tokenEndpoint: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** As `accountProxy` gives it; `undefined` where the settings and the environment decide. */
  readonly proxy: string | undefined
  readonly state: Secret
  readonly codeVerifier: Secret
  /** What the ID token must repeat; `undefined` where none is checked. */
  readonly nonce: string | undefined
}

/** The files of sign-ins that were begun, each named by its id. */
export interface SignInFiles {
  /** When this returns, the file is durable. @throws AuthError `storage-unavailable`. */
  write(id: string, text: string): void
  /** What the file holds, and whether somebody has claimed it; `undefined` when there is none. */
  read(id: string): { readonly text: string; readonly isUsed: boolean } | undefined
  /** Claims it, durably: of all processes that ask, one is told `true`. @throws AuthError `storage-unavailable`. */
  claim(id: string): boolean
  /** Gives it back. */
  release(id: string): void
  /** Removing what is not there is no error. */
  remove(id: string): void
  /** The ids of all that are there. */
  list(): readonly string[]
  /** Removes what writes that were killed before that time have left. */
  removeTorn(beforeMs: number): void
}

/**
 * Hands an address over to another program, in a file that only this user can read.
 *
 * @returns what takes the file away again.
 * @throws AuthError `usage` where something else stands there, `storage-unavailable`.
 */
export type WriteUrlFile = (path: string, url: string) => () => void
