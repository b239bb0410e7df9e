import { AuthError } from '../model/errors.ts'
import type { HandedOver, Provider } from '../model/provider.ts'
import { Secret } from '../model/secret.ts'
import type { Grant } from './grant.ts'

/** More characters than any key or token of this kind has. */
const LENGTH_LIMIT = 1000

/**
 * The grant that a key or token is which was issued elsewhere. Only its looks are checked: no
 * vendor tells who it belongs to, and asking with it would spend the user's money.
 *
 * @throws AuthError `usage` that says what is wrong with it, never what it is.
 */
export function grantHandedOver(provider: Provider, { what, ...rules }: HandedOver, given: Secret): Grant {
  const value = given
    .reveal()
    .replace(/^\uFEFF/, '')
    .trim()
  const fault = faultOf(value, { what, ...rules })
  if (fault !== undefined) throw fault
  return {
    tokens: {
      accessToken: new Secret(value),
      refreshToken: undefined,
      idToken: undefined,
      expiresAtMs: undefined,
      refreshExpiresAtMs: undefined,
      scopes: provider.scopes,
    },
    identity: { email: undefined, accountId: undefined, tier: undefined, organizations: [] },
    verified: false,
    warnings: [],
  }
}

function faultOf(value: string, { what, shape, begins, mistaken, source }: HandedOver): AuthError | undefined {
  const usage = (message: string, hint = `get one: ${source}`) => new AuthError('usage', message, { hint })
  if (value === '') return usage(`no ${what} was given`)
  if (/[\r\n]/.test(value)) return usage(`that is more than one line, and the ${what} is one`)
  if (/\s/.test(value)) return usage(`there is a blank in the ${what}`)
  if (value.length > LENGTH_LIMIT) return usage(`that is longer than any ${what}`)
  const other = mistaken.find((one) => value.startsWith(one.begins))
  if (other !== undefined) return usage(`that is ${other.what}, and not the ${what} that is wanted`, other.hint)
  return shape.test(value) ? undefined : usage(`that does not look like the ${what}, which begins with ${begins}`)
}
