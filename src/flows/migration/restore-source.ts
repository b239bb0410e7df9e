import type { Account } from '../../model/account.ts'
import type { Backup } from '../../model/backup.ts'
import type { ForeignFile } from '../../model/foreign-files.ts'
import type { Ports } from '../../model/ports.ts'
import type { Secret } from '../../model/secret.ts'
import type { TokenBundle } from '../../model/tokens.ts'
import { readClaudeCodeAuth } from '../../native-tools/claude-code.ts'
import { withTokensOf } from '../../native-tools/codex-text.ts'
import { readCodexAuth, sameAccount, type CodexAuth } from '../../native-tools/codex.ts'
import { fingerprint } from '../../vault/fingerprint.ts'
import { isSpent } from '../account-facts.ts'
import { legacyText } from './legacy-text.ts'

export interface RestoreInput {
  readonly backup: Backup
  /** What the backup holds. */
  readonly copied: Secret
  /** The file as it is now. */
  readonly file: ForeignFile | undefined
  readonly account: Account | undefined
  readonly held: TokenBundle | undefined
  readonly nowMs: number
}

export interface Restoration {
  /** What the file has to become; `undefined` where it is right as it is, or not ours to change. */
  readonly text: Secret | undefined
  readonly note: string | undefined
}

/** What has to be known of a file that is never written to: the tokens in it may be spent by now. */
export function unrestored({ backup, copied, file, account }: RestoreInput): string | undefined {
  const { tokens } = readClaudeCodeAuth(copied.reveal())
  const isOver = account !== undefined && tokens?.refreshToken !== undefined && isSpent(account, tokens.refreshToken)
  if (!isOver || file?.sha256 !== backup.sha256) return undefined
  return `the tokens in ${backup.source} were renewed by aiauth and are spent: sign in there again`
}

const AS_IT_IS: Restoration = { text: undefined, note: undefined }

/**
 * What another tool's file has to become so that the tool is signed in without us. Who has
 * signed in or out there since keeps what he did.
 *
 * @throws AuthError `auth-file-invalid` for a file that is damaged now.
 */
export function restoration({ backup, copied, file, account, held, nowMs }: RestoreInput): Restoration {
  const before = readCodexAuth(copied.reveal())
  const isTakenOver = backup.custody === 'take-over'
  if (before.tokens === undefined) return AS_IT_IS
  const now = file === undefined ? undefined : readCodexAuth(file.text.reveal())
  if (now?.tokens === undefined) {
    if (!isTakenOver) return { text: undefined, note: `${backup.source} was signed out of meanwhile and stays so` }
    const base = now === undefined ? before : withTheSignIn(now, before)
    const restored = legacyText({ base, account, held, nowMs })
    // A byte order mark is no part of what was read.
    return restored.text === before.source ? { ...restored, text: copied } : restored
  }
  const { refreshToken } = now.tokens
  const isOurs =
    account?.accountId === null || (account?.accountId !== undefined && sameAccount(now, account.accountId))
  const isCurrent =
    held?.tokens.refreshToken && refreshToken && fingerprint(held.tokens.refreshToken) === fingerprint(refreshToken)
  if (isCurrent === true || account === undefined || refreshToken === undefined) return AS_IT_IS
  if (!isOurs) return { text: undefined, note: `${backup.source} is signed in as another account now and stays so` }
  return isSpent(account, refreshToken) ? legacyText({ base: now, account, held, nowMs }) : AS_IT_IS
}

/** Byte by byte the file before, where nothing but our own taking over has changed it since. */
function withTheSignIn(now: CodexAuth, before: CodexAuth): CodexAuth {
  const joined = withTokensOf(now, before)
  const isOnlyOurs = sorted(joined) === sorted(before.source)
  return isOnlyOurs ? before : readCodexAuth(joined.reveal())
}

function sorted(text: Secret): string {
  const content = JSON.parse(text.reveal()) as Record<string, unknown>
  return JSON.stringify(Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Puts it there. @returns false where somebody else has written to it meanwhile. */
export function restoreSource(
  { foreignFiles }: Pick<Ports, 'foreignFiles'>,
  file: ForeignFile | undefined,
  path: string,
  text: Secret,
): boolean {
  return file === undefined ? foreignFiles.create(path, text) : foreignFiles.replace(file, text)
}

/** Takes it back, also where it failed and was done all the same: only its sync was not. */
export async function unrestoreSource(
  { foreignFiles, interruption }: Pick<Ports, 'foreignFiles' | 'interruption'>,
  file: ForeignFile | undefined,
  path: string,
  text: Secret,
): Promise<void> {
  const now = await foreignFiles.read(path, interruption)
  if (now?.text.reveal() !== text.reveal()) return
  if (file === undefined) foreignFiles.remove(now)
  else foreignFiles.replace(now, file.text)
}
