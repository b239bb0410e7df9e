import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Http } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import type { TokenBundle } from '../model/tokens.ts'
import type { ResourceAnswer } from '../oauth/protected-resource.ts'
import { fingerprint } from '../vault/fingerprint.ts'
import { signInAgain } from './choose-account.ts'
import { freshToken, type FreshToken, type FreshTokenPorts } from './fresh-token.ts'
import { httpFor } from './http-for.ts'
import { isIssuerOf } from './renewable-grant.ts'

/** One question to a provider, asked with the account's tokens. */
export type Question = (http: Http, bundle: TokenBundle) => Promise<ResourceAnswer>

export interface Asked {
  /** With whose token the last answer was had. */
  readonly fresh: FreshToken
  readonly answer: ResourceAnswer
  /** Why a refused token was not replaced by another. */
  readonly unrenewed: AuthError | undefined
  /** What the user should be told on stderr. */
  readonly warnings: readonly string[]
}

/** What must be left of a token to be asked with, in seconds. */
const MIN_VALIDITY_SECONDS = 60

/**
 * Asks with the account's token, and once more with another one when the provider refuses it
 * although it should last (security case R25): with one that has come meanwhile, else with a
 * renewed one. A token that has just been renewed is not renewed again.
 *
 * @throws AuthError what `freshToken` throws for the first token, `sign-in-required` when
 * the tokens were issued by another server than the one that would get them now.
 */
export async function askedWithToken(
  ports: FreshTokenPorts,
  account: Account,
  provider: Provider,
  ask: Question,
): Promise<Asked> {
  const http = httpFor(ports, account.proxy)
  const first = await freshToken(ports, { account, minValiditySeconds: MIN_VALIDITY_SECONDS })
  assertIssuer(account, first.bundle, provider)
  const answer = await ask(http, first.bundle)
  const asked = { fresh: first, answer, unrenewed: undefined, warnings: warningsOf(first) }
  if (answer.kind !== 'refused' || first.outcome === 'renewed') return asked
  const second = await tokenInstead(ports, first)
  if (second instanceof AuthError) return { ...asked, unrenewed: second }
  return {
    fresh: second,
    answer: await ask(http, second.bundle),
    unrenewed: undefined,
    warnings: [...asked.warnings, ...warningsOf(second)],
  }
}

/** Another token than the refused one, or why there is none. */
async function tokenInstead(ports: FreshTokenPorts, refused: FreshToken): Promise<FreshToken | AuthError> {
  const { account } = refused
  const token = ({ bundle }: FreshToken) => fingerprint(bundle.tokens.accessToken)
  const isAnother = (fresh: FreshToken) => token(fresh) !== token(refused)
  try {
    const current = await freshToken(ports, { account, minValiditySeconds: MIN_VALIDITY_SECONDS })
    if (isAnother(current)) return current
    const renewed = await freshToken(ports, { account, minValiditySeconds: MIN_VALIDITY_SECONDS, evenIfFresh: true })
    return isAnother(renewed)
      ? renewed
      : (renewed.problem ?? new AuthError('provider-rejected', `the token of ${account.name} was not renewed`))
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'cancelled') throw error
    return error
  }
}

function warningsOf({ warnings, trouble }: FreshToken): string[] {
  return trouble === undefined ? [...warnings] : [...warnings, trouble.message]
}

/** An access token goes to nobody but the server that has issued it. */
function assertIssuer(account: Account, held: TokenBundle, provider: Provider): void {
  if (isIssuerOf(held, provider)) return
  const message = `the token of ${account.name} was issued by another server than the settings now name`
  throw new AuthError('sign-in-required', message, { hint: signInAgain(account) })
}
