import type { Account, AuthFile } from '../../model/account.ts'
import { AuthError } from '../../model/errors.ts'
import type { Ports } from '../../model/ports.ts'
import { fingerprint } from '../../vault/fingerprint.ts'
import { getById } from '../account-by-id.ts'
import { heldToken } from '../held-token.ts'
import { vaultOf } from '../vault-of.ts'
import type { Import } from './decide.ts'
import type { Migrated } from './migrated-account.ts'

/**
 * What was read back from the disk against what was meant to be written, and the accounts
 * against the file that they came from.
 *
 * @throws AuthError `auth-file-invalid` naming the fact that differs, never its value.
 */
export function assertEqualFacts(
  written: AuthFile,
  meant: AuthFile,
  results: readonly Migrated[],
  imports: readonly Import[],
): void {
  for (const [name, value] of Object.entries(meant)) {
    const stored = (written as unknown as Record<string, unknown>)[name]
    if (JSON.stringify(stored) !== JSON.stringify(value)) throw differs(`auth.json.new: ${name}`)
  }
  for (const [index, { carried }] of imports.entries()) {
    const account = written.accounts.find(({ id }) => id === results[index]?.account.id)
    if (account === undefined) throw differs('auth.json.new: accounts')
    assertCarried(account, carried)
  }
}

function assertCarried(account: Account, { tokens, identity, provider }: Import['carried']): void {
  const expected = {
    provider,
    expiresAt: tokens.expiresAtMs === undefined ? null : new Date(tokens.expiresAtMs).toISOString(),
    renewable: tokens.refreshToken !== undefined,
    token: fingerprint(tokens.accessToken),
    email: identity.email ?? account.email,
    tier: identity.tier ?? account.tier,
  }
  const { secret, expiresAt, email, tier } = account
  const { renewable, fingerprint: token } = secret
  const found: typeof expected = { provider: account.provider, expiresAt, renewable, token: token ?? '', email, tier }
  for (const [name, value] of Object.entries(expected)) {
    if (found[name as keyof typeof found] !== value) throw differs(`${account.name}: ${name}`)
  }
}

/** The facts were compared already; whoever has changed a byte since, it does not come into force. */
export function assertSameText(found: string | undefined, meant: string, what: string): void {
  if (found !== meant) throw new AuthError('auth-file-invalid', `${what} is not what was written`)
}

/** Every secret can be read from where it was put, and is the one that was meant. */
export async function assertReadable(ports: Pick<Ports, 'vaults'>, results: readonly Migrated[]): Promise<void> {
  for (const { account, bundle } of results) {
    const vault = vaultOf(ports.vaults, account)
    const stored = await vault.read(account.id)
    if (stored === undefined || !isSameGrant(stored, bundle))
      throw differs(`${account.name}: its tokens in the ${vault.kind}`)
  }
}

function isSameGrant(a: Migrated['bundle'], b: Migrated['bundle']): boolean {
  const mark = ({ tokens }: Migrated['bundle']) =>
    [tokens.accessToken, tokens.refreshToken, tokens.idToken].map((token) => token && fingerprint(token)).join()
  return a.generation === b.generation && mark(a) === mark(b)
}

/** The accounts are there for `status` and their tokens for `token`, through the functions that those use. */
export async function assertLoads(
  ports: Pick<Ports, 'authFile' | 'vaults'>,
  accounts: readonly Account[],
): Promise<void> {
  const file = ports.authFile.read()
  for (const { id } of accounts) {
    const account = getById(file, id)
    const { tokens, generation } = await heldToken(ports, account)
    // A renewal that was cut off since has left newer ones there, from which the next command heals the facts.
    const isNewer = generation > account.secret.generation
    if (!isNewer && account.secret.fingerprint !== fingerprint(tokens.accessToken))
      throw differs(`${account.name}: its token`)
  }
}

function differs(what: string): AuthError {
  return new AuthError('auth-file-invalid', `${what} differs from the source`)
}
