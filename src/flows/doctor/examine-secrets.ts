import type { Account } from '../../model/account.ts'
import { AuthError } from '../../model/errors.ts'
import type { Finding } from '../../model/inspection.ts'
import { fingerprint } from '../../vault/fingerprint.ts'
import { heldToken } from '../held-token.ts'
import { trouble, type ExaminePorts } from './examine.ts'

/** A refresh token of ours, by its fingerprint. */
export interface OwnMark {
  readonly account: Account
  readonly mark: string
}

/** Whether each account's tokens are where its entry says, and the marks of those that are. */
export async function examineSecrets(
  { vaults }: ExaminePorts,
  accounts: readonly Account[],
): Promise<{ readonly findings: readonly Finding[]; readonly marks: readonly OwnMark[] }> {
  const [findings, marks]: [Finding[], OwnMark[]] = [[], []]
  for (const account of accounts) {
    try {
      const { refreshToken } = (await heldToken({ vaults }, account)).tokens
      if (refreshToken !== undefined) marks.push({ account, mark: fingerprint(refreshToken) })
    } catch (error) {
      if (!(error instanceof AuthError) || error.code === 'cancelled') throw error
      findings.push(trouble('accounts', error))
      // Whatever keeps one from being read keeps the others, too.
      if (error.code !== 'secret-missing') break
    }
  }
  return { findings, marks }
}
