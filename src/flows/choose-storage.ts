import type { AuthFile, StorageKind } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { findStorageKind, STORAGE_CHOICES, storageKind } from '../model/storage-kind.ts'

export interface ChooseStorageInput {
  readonly file: AuthFile | undefined
  /** `--storage`, else `AIAUTH_STORAGE`, else `storage` in `config.json`. */
  readonly asked: string | undefined
  /** A passphrase is at hand without asking, which counts as a choice where there is no keychain. */
  readonly hasPassphrase: boolean
  /** What to type, to which `--storage` can be added. */
  readonly command: string
  /** Tells the person why there is no keychain, and asks; `undefined` where nobody can be asked. */
  readonly ask: ((cause: AuthError) => Promise<string | undefined>) | undefined
}

/**
 * Decides where secrets are kept, proves that it works, and never falls back by itself. Run
 * before the browser opens: nothing is worse than a spent code and no place for its tokens.
 *
 * A kind once written down stays. A locked or silent keychain is an error of its own: the
 * person may be typing the unlock password at this moment.
 *
 * @throws AuthError `usage` when another kind is asked for than the accounts here use, and
 * `storage-unavailable`, `storage-locked`, `storage-timed-out`.
 */
export async function chooseStorage(
  ports: Pick<Ports, 'vaults'>,
  { file, asked, command, hasPassphrase, ask }: ChooseStorageInput,
): Promise<StorageKind> {
  const recorded = file !== undefined && file.accounts.length > 0 ? (file.storage ?? undefined) : undefined
  const wanted = asked === undefined ? undefined : askedKind(asked)
  if (recorded !== undefined && wanted !== undefined && wanted !== recorded) {
    throw new AuthError('usage', `the accounts here keep their secrets in: ${recorded}`, {
      hint: `leave out --storage and AIAUTH_STORAGE, or move them: aiauth storage set ${wanted}`,
    })
  }
  const decided = recorded === undefined ? wanted : storageKind(recorded)
  if (decided !== undefined) return proven(ports, decided)
  try {
    return await proven(ports, 'keychain')
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    if (error.code !== 'storage-unavailable')
      throw error.withHint(`or choose another storage: ${command} --storage passphrase`)
    if (hasPassphrase) return proven(ports, 'passphrase')
    const answer = (await ask?.(error))?.trim()
    if (answer === '') return proven(ports, 'passphrase')
    if (answer !== undefined && answer !== 'stop') return proven(ports, askedKind(answer))
    throw withRemedies(error)
  }
}

async function proven(ports: Pick<Ports, 'vaults'>, kind: StorageKind): Promise<StorageKind> {
  await ports.vaults.vault(kind).probe()
  return kind
}

/** @throws AuthError `usage`. */
export function askedKind(name: string): StorageKind {
  const kind = findStorageKind(name)
  if (kind !== undefined) return kind
  throw new AuthError('usage', 'there is no storage of that kind', { hint: `--storage ${STORAGE_CHOICES}` })
}

/** A line each: what would bring the keychain, and what else can be chosen. */
function withRemedies(error: AuthError): AuthError {
  const hint = [error.hint, ...CHOICES].filter((line) => line !== undefined).join('\n')
  return new AuthError(error.code, error.message, { hint, cause: error })
}

const CHOICES: readonly string[] = [
  'or AIAUTH_STORAGE=passphrase with AIAUTH_PASSPHRASE_FILE=<file that holds it>, or AIAUTH_STORAGE=helper:<program>',
  'or AIAUTH_STORAGE=plaintext: anyone who can read your files can read the tokens then',
]
