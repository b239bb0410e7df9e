import type { Account } from '../model/account.ts'
import { AuthError, type AuthErrorCode } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { Preset } from '../model/preset.ts'
import { candidates } from './choose-account.ts'
import { freshToken, type FreshToken, type FreshTokenPorts } from './fresh-token.ts'
import { useOf } from './held-token.ts'

export type TokenOfChoicePorts = FreshTokenPorts &
  Pick<Ports, 'uses'> & { readonly environment: Pick<Ports['environment'], 'preset'> }

export interface TokenOfChoiceInput {
  /** An account's name or a provider's id; `undefined` asks for the effective account. */
  readonly wanted: string | undefined
  readonly minValiditySeconds: number
}

export interface ChosenToken extends FreshToken {
  /** What has chosen the account where none was named, and not the preferences. */
  readonly preset: Preset | undefined
}

/** What lets the next account of the provider have its turn: faults of this account or of its grant. */
const NEXT_MAY_DO_BETTER: readonly AuthErrorCode[] = [
  'sign-in-required',
  'secret-missing',
  'provider-rejected',
  'provider-unavailable',
  'network',
]

/**
 * A token of the account that is meant. Where a provider was named, its next account has its
 * turn when the first cannot be renewed, unless `fallbackEnabled` is false; who named an
 * account gets that one or an error.
 *
 * @throws AuthError `account-not-found`, `usage` for what is switched off, and what `freshToken` throws for the first account.
 */
export async function tokenOfChoice(ports: TokenOfChoicePorts, input: TokenOfChoiceInput): Promise<ChosenToken> {
  const preset = input.wanted === undefined ? ports.environment.preset : undefined
  const fresh = await firstThatWorks(ports, input, preset)
  ports.uses.note(useOf(fresh.account, ports.environment.caller, ports.clock.nowMs()))
  return { ...fresh, preset }
}

async function firstThatWorks(
  ports: FreshTokenPorts,
  input: TokenOfChoiceInput,
  preset: Preset | undefined,
): Promise<FreshToken> {
  const [first, ...others] = candidates(ports.authFile.read(), {
    wanted: input.wanted,
    preset,
    nowMs: ports.clock.nowMs(),
    settings: ports.settings.read(),
  })
  const tokenOf = (account: Account) => freshToken(ports, { account, minValiditySeconds: input.minValiditySeconds })
  try {
    return await tokenOf(first)
  } catch (failure) {
    if (!mayGoOn(failure)) throw failure
    for (const account of others) {
      const fresh = await tokenOf(account).catch((error: unknown) => {
        if (!mayGoOn(error)) throw error
      })
      if (fresh === undefined) continue
      const instead = `using ${account.name} in place of ${first.name}: ${failure.message}`
      return { ...fresh, warnings: [instead, ...fresh.warnings] }
    }
    throw failure
  }
}

function mayGoOn(error: unknown): error is AuthError {
  return error instanceof AuthError && NEXT_MAY_DO_BETTER.includes(error.code)
}
