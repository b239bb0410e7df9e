import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import { linkOf } from '../model/linked.ts'
import type { Ports } from '../model/ports.ts'
import type { TokenSet } from '../model/tokens.ts'
import { texts } from '../model/untrusted.ts'
import { withRenewedTokens } from '../native-tools/codex-text.ts'
import { fingerprint } from '../vault/fingerprint.ts'
import { codexAuthIn, refreshTokenOf } from './linked-sign-in.ts'

export interface RenewedGrant {
  readonly tokens: TokenSet
  /** When the provider issued them. */
  readonly renewedAtMs: number
  /** Fingerprints of refresh tokens that these replace, beside those that the account knows as spent. */
  readonly replaced: readonly (string | undefined)[]
}

/**
 * Puts new tokens into the file of the tool that shares the grant, where it still holds those
 * that they replace: what it has otherwise is its own, and so is a file that is not there.
 *
 * Returns why it could not be done. That is never a reason to fail: the tokens are good, and
 * the next renewal puts the file in order.
 *
 * @throws AuthError `cancelled`.
 */
export async function tellLinked(
  { foreignFiles, interruption }: Pick<Ports, 'foreignFiles' | 'interruption'>,
  account: Account,
  { tokens, renewedAtMs, replaced }: RenewedGrant,
): Promise<AuthError | undefined> {
  const link = linkOf(account)
  if (link?.tool !== 'codex') return undefined
  try {
    const file = await foreignFiles.read(link.path, interruption)
    if (file === undefined) return undefined
    const auth = codexAuthIn(file)
    const refreshToken = refreshTokenOf(auth)
    const isStale = refreshToken && [...replaced, ...texts(account.secret.spent)].includes(fingerprint(refreshToken))
    if (isStale) foreignFiles.replace(file, withRenewedTokens(auth, tokens, renewedAtMs))
    return undefined
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'cancelled') throw error
    return error
  }
}

/** What the user should be told of it, and can do. */
export function untoldWords({ name }: Account, { message, hint }: AuthError): string {
  const mend = hint === undefined ? '' : `${hint}, `
  return `the new tokens of ${name} could not be told to codex: ${message}; codex will have to sign in again unless you ${mend}then aiauth refresh ${name}`
}
