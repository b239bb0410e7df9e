import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import { linkOf, type Link } from '../model/linked.ts'
import type { Ports } from '../model/ports.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { fingerprint } from '../vault/fingerprint.ts'
import { lasts } from './held-token.ts'
import { writeAndReadBack } from './keep-account.ts'
import { linkedSignIn, type LinkedTokens } from './linked-sign-in.ts'
import { tellAdopted } from './unrenewed.ts'
import { vaultOf } from './vault-of.ts'

export type LinkedGrantPorts = Pick<
  Ports,
  'vaults' | 'authFile' | 'journal' | 'clock' | 'foreignFiles' | 'interruption'
> & { readonly environment: Pick<Ports['environment'], 'caller'> }

/** The newest tokens of a grant that another tool may share, and what keeps us from renewing them. */
export interface LinkedGrant {
  readonly account: Account
  readonly held: TokenBundle
  /** These are the other tool's, and stand in the vault by now. */
  readonly isAdopted: boolean
  /** Fingerprint of the refresh token in the tool's file, where our next one is to take its place. */
  readonly outdated: string | undefined
  /** Why the grant is not for us to spend, now or ever. */
  readonly obstacle: { readonly problem: AuthError; readonly outcome: 'kept' | 'waiting' } | undefined
  readonly warnings: readonly string[]
}

/**
 * Adopts what the linked tool has renewed since we last looked, before anything is spent: the
 * vault first, then `auth.json`, which heals from it. An account without a link comes back as
 * it is.
 *
 * A file that cannot be read may be in the middle of a renewal, so the grant is not spent
 * then. One that Claude Code shares is never spent: we do not write its file, so it would not
 * learn of it.
 *
 * @param isRefused - the provider has refused our own tokens for good, so any others are worth a try
 * @throws AuthError what the vault throws, `cancelled`.
 */
export async function linkedGrant(
  ports: LinkedGrantPorts,
  account: Account,
  held: TokenBundle,
  isRefused = false,
): Promise<LinkedGrant> {
  const link = linkOf(account)
  const own = { account, held, isAdopted: false, outdated: undefined, obstacle: undefined, warnings: [] }
  if (link === undefined) return own
  try {
    const found = await linkedSignIn(ports, link, account, held)
    const isWanted = found.age === 'newer' || (found.age === 'older' && isRefused)
    const current = isWanted ? await adopt(ports, link, { account, held, found }) : { account, held }
    const obstacle = link.tool === 'claude-code' ? notYet(ports, link, current) : undefined
    const outdated = found.age === 'older' && !isWanted ? markOf(found) : undefined
    const warnings = found.age === 'another' ? [signedInAsAnother(link)] : []
    return { ...current, isAdopted: isWanted, outdated, obstacle, warnings }
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'auth-file-invalid') throw error
    return { ...own, obstacle: { problem: error, outcome: 'kept' } }
  }
}

interface Adopting {
  readonly account: Account
  readonly held: TokenBundle
  readonly found: LinkedTokens
}

async function adopt(ports: LinkedGrantPorts, { tool }: Link, { account, held, found }: Adopting) {
  const { tokens } = found
  // Codex keeps no scopes, and not every file has an ID token.
  const scopes = tokens.scopes.length === 0 ? held.tokens.scopes : tokens.scopes
  const idToken = tokens.idToken ?? held.tokens.idToken
  const generation = Math.max(held.generation, account.secret.generation) + 1
  const adopted: TokenBundle = { ...held, generation, tokens: { ...tokens, idToken, scopes } }
  await writeAndReadBack(vaultOf(ports.vaults, account), adopted)
  const told = await tellAdopted(ports, account, { from: tool, old: held, adopted, found })
  // What it tells of were the old tokens.
  ports.journal.drop(account.id)
  return { account: told, held: adopted }
}

function markOf({ tokens: { refreshToken } }: LinkedTokens): string | undefined {
  return refreshToken && fingerprint(refreshToken)
}

function signedInAsAnother({ tool }: Link): string {
  return `${tool} is signed in as another account now; aiauth migrate-auth brings it in`
}

/** While the token lives there is nothing that a sign-in would mend. */
function notYet(
  { clock }: LinkedGrantPorts,
  { tool }: Link,
  { account, held }: { readonly account: Account; readonly held: TokenBundle },
): LinkedGrant['obstacle'] {
  const code = lasts(held, 0, clock.nowMs()) ? 'provider-unavailable' : 'sign-in-required'
  const hint = `run claude once, or aiauth login ${account.provider} --name <another name> for a grant of its own`
  const problem = new AuthError(code, `${tool} renews the grant of ${account.name}, and has not yet`, { hint })
  return { problem, outcome: 'waiting' }
}
