import type { Account } from '../../model/account.ts'
import { AuthError } from '../../model/errors.ts'
import type { Secret } from '../../model/secret.ts'
import type { TokenBundle } from '../../model/tokens.ts'
import { withoutRefreshToken, withRenewedTokens } from '../../native-tools/codex-text.ts'
import { readCodexAuth, type CodexAuth } from '../../native-tools/codex.ts'
import { fingerprint } from '../../vault/fingerprint.ts'
import { isSpent } from '../account-facts.ts'

export interface LegacyInput {
  /** The structure to keep, with the tokens that it had. */
  readonly base: CodexAuth
  /** The account of its sign-in as it is now; `undefined` when it was signed out since. */
  readonly account: Account | undefined
  readonly held: TokenBundle | undefined
  readonly nowMs: number
}

export interface LegacyText {
  readonly text: Secret
  /** What the person has to know about it. */
  readonly note: string | undefined
}

/**
 * A legacy file that works: every field as it was, with the tokens as they are now. A refresh
 * token that was spent or ended never comes back as a live one (security case M8).
 *
 * The bytes are those of the base where its tokens still are the current ones.
 */
export function legacyText({ base, account, held, nowMs }: LegacyInput): LegacyText {
  const { tokens, source } = base
  if (tokens === undefined) return { text: source, note: undefined }
  if (account === undefined)
    return { text: withoutRefreshToken(base), note: 'the sign-in was ended meanwhile: sign in there again' }
  const isOver = (token: Secret | undefined) => token !== undefined && isSpent(account, token)
  if (held === undefined) {
    const note = `the tokens of ${account.name} are gone from the ${account.secret.store}`
    if (!isOver(tokens.refreshToken)) return { text: source, note: `${note}, those of the backup are back` }
    return { text: withoutRefreshToken(base), note: `${note} and those of the backup were spent: sign in there again` }
  }
  const isCurrent =
    mark(held.tokens.accessToken) === mark(tokens.accessToken) &&
    mark(held.tokens.refreshToken) === mark(tokens.refreshToken)
  const atMs = account.lastRefreshedAt === null ? nowMs : Date.parse(account.lastRefreshedAt)
  const text = isCurrent ? source : withRenewedTokens(base, held.tokens, atMs)
  if (!isOver(held.tokens.refreshToken)) {
    return {
      text,
      note: isCurrent ? undefined : `the tokens of ${account.name} were renewed since and are the current ones`,
    }
  }
  const note = `the grant of ${account.name} has ended: sign in there again`
  return { text: withoutRefreshToken(readCodexAuth(text.reveal())), note }
}

const mark = (token: Secret | undefined) => token && fingerprint(token)

/**
 * What was written against what it should be: readable, with these tokens.
 *
 * @throws AuthError `auth-file-invalid`.
 */
export function assertLegacy(written: string, meant: Secret): void {
  const [found, expected] = [readCodexAuth(written), readCodexAuth(meant.reveal())]
  const isSame = written === meant.reveal() && mark(found.tokens?.accessToken) === mark(expected.tokens?.accessToken)
  if (!isSame) throw new AuthError('auth-file-invalid', 'what was written differs from the backup')
}
