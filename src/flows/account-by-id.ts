import type { Account, AuthFile } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'

/**
 * The account of an id, in the file as it is now.
 *
 * @throws AuthError `account-not-found` when it was signed out meanwhile.
 */
export function getById(file: AuthFile | undefined, id: string): Account {
  const account = file?.accounts.find((candidate) => candidate.id === id)
  if (account !== undefined) return account
  throw new AuthError('account-not-found', 'the account was signed out meanwhile', { hint: 'aiauth status' })
}
