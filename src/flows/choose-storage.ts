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
  /** Asks the person; `undefined` where nobody can be asked. */
  readonly ask: (() => Promise<string | undefined>) | undefined
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
  { file, asked, hasPassphrase, ask }: ChooseStorageInput,
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
    if (error.code !== 'storage-unavailable') throw error.withHint(CHOICES)
    if (hasPassphrase) return proven(ports, 'passphrase')
    const answer = (await ask?.())?.trim()
    if (answer === '') return proven(ports, 'passphrase')
    if (answer !== undefined && answer !== 'stop') return proven(ports, askedKind(answer))
    throw error.withHint(CHOICES)
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

/** Told where nothing is decided yet, beside what would mend the keychain. */
const CHOICES =
  'or choose: --storage passphrase (with AIAUTH_PASSPHRASE_FILE), --storage helper:<program>, or --storage plaintext (readable by anyone who can read your files)'
