import type { Account } from '../model/account.ts'
import type { ForeignFile } from '../model/foreign-files.ts'
import { unverifiedClaims } from '../model/jwt-claims.ts'
import { linkOf, type Link, type LinkedTool } from '../model/linked.ts'
import type { Ports } from '../model/ports.ts'
import type { Identity } from '../model/provider.ts'
import type { Secret } from '../model/secret.ts'
import type { TokenBundle, TokenSet } from '../model/tokens.ts'
import { record } from '../model/untrusted.ts'
import { readClaudeCodeAuth } from '../native-tools/claude-code.ts'
import { readCodexAuth, type CodexAuth } from '../native-tools/codex.ts'
import { openai } from '../providers/openai.ts'
import { fingerprint } from '../vault/fingerprint.ts'
import { isSpent } from './account-facts.ts'

/** A sign-in as another tool's file holds it. */
interface ForeignSignIn {
  /** `undefined` where the tool has none that it would renew. */
  readonly tokens: TokenSet | undefined
  readonly identity: Identity
  /** Everything in the file that names an account. */
  readonly accountIds: readonly string[]
  readonly clientId: string | undefined
  readonly refreshedAtMs: number | undefined
}

/** The tokens of another tool that belong to an account of ours. */
export interface LinkedTokens extends Pick<ForeignSignIn, 'identity' | 'refreshedAtMs'> {
  /**
   * - `newer`: the tool has renewed them since
   * - `older`: they end no later than ours, and we have never held them
   */
  readonly age: 'newer' | 'older'
  readonly tokens: TokenSet
}

/**
 * What the file of a linked tool holds, compared with our tokens:
 *
 * - `ours`: the same tokens
 * - `spent`: tokens that were ours before
 * - `another`: the sign-in of another account
 * - `nothing`: no tokens, or nobody can tell whose they are
 */
export type LinkedSignIn = LinkedTokens | { readonly age: 'ours' | 'spent' | 'another' | 'nothing' }

/**
 * Looks into the file that shares the grant of an account, once the tool is not at it.
 *
 * @throws AuthError `auth-file-invalid` for a file that is damaged or half-written, `cancelled`.
 */
export async function linkedSignIn(
  { foreignFiles, interruption }: Pick<Ports, 'foreignFiles' | 'interruption'>,
  link: Link,
  account: Account,
  held: TokenBundle,
): Promise<LinkedSignIn> {
  await foreignFiles.whenIdle(link, interruption)
  const file = await foreignFiles.read(link.path, interruption)
  return file === undefined ? { age: 'nothing' } : compared(TOOLS[link.tool], file, account, held)
}

/**
 * Whether the linked tool holds newer tokens by now.
 *
 * @throws AuthError as `linkedSignIn`.
 */
export async function isRenewedElsewhere(
  ports: Pick<Ports, 'foreignFiles' | 'interruption'>,
  account: Account,
  held: TokenBundle,
): Promise<boolean> {
  const link = linkOf(account)
  return link !== undefined && (await linkedSignIn(ports, link, account, held)).age === 'newer'
}

/** @throws AuthError `auth-file-invalid`. */
export function codexAuthIn({ text }: ForeignFile): CodexAuth {
  return readCodexAuth(text.reveal())
}

/** The refresh token that Codex would renew this sign-in with; tokens that were lent to it are not its own. */
export function refreshTokenOf({ carries, tokens }: CodexAuth): Secret | undefined {
  return carries.includes('tokens') ? tokens?.refreshToken : undefined
}

interface Tool {
  readonly read: (file: ForeignFile) => ForeignSignIn
  /** The token by which one renewal is told from the next. */
  readonly mark: (tokens: TokenSet) => Secret | undefined
  /** A file that names no account holds the one that it was linked for. */
  readonly mayBeUnnamed: boolean
}

const TOOLS: Readonly<Record<LinkedTool, Tool>> = {
  codex: {
    read: (file) => {
      const auth = codexAuthIn(file)
      const { identity, accountIds, provenance, lastRefreshAtMs } = auth
      const tokens = refreshTokenOf(auth) === undefined ? undefined : auth.tokens
      return { tokens, identity, accountIds, clientId: provenance?.clientId, refreshedAtMs: lastRefreshAtMs }
    },
    mark: ({ refreshToken }) => refreshToken,
    mayBeUnnamed: false,
  },
  'claude-code': {
    read: ({ text }) => {
      const { carries, tokens, identity, clientId } = readClaudeCodeAuth(text.reveal())
      const accountIds = identity.accountId === undefined ? [] : [identity.accountId]
      const carried = carries.includes('tokens') ? tokens : undefined
      return { tokens: carried, identity, accountIds, clientId, refreshedAtMs: undefined }
    },
    // Its provider may renew the access token alone.
    mark: ({ accessToken }) => accessToken,
    mayBeUnnamed: true,
  },
}

function compared(tool: Tool, file: ForeignFile, account: Account, held: TokenBundle): LinkedSignIn {
  const { tokens, identity, accountIds, clientId, refreshedAtMs } = tool.read(file)
  if (tokens === undefined) return { age: 'nothing' }
  const [theirs, ours] = [tool.mark(tokens), tool.mark(held.tokens)]
  if (theirs !== undefined && ours !== undefined && fingerprint(theirs) === fingerprint(ours)) return { age: 'ours' }
  if (tokens.refreshToken !== undefined && isSpent(account, tokens.refreshToken)) return { age: 'spent' }
  const accountId = account.accountId ?? accountIdIn(held)
  const isNamed = accountIds.length > 0 || tool.mayBeUnnamed
  if (accountId !== undefined && accountIds.some((named) => named !== accountId)) return { age: 'another' }
  const isUnknown = !isNamed || (accountId === undefined && accountIds.length > 0)
  // A refresh token goes out in the name of the client that it was issued to, and no other.
  if (isUnknown || (clientId !== undefined && clientId !== held.clientId)) return { age: 'nothing' }
  const isNewer =
    endsLater(tokens, held) ?? (refreshedAtMs ?? 0) > Date.parse(account.lastRefreshedAt ?? account.createdAt)
  return { age: isNewer ? 'newer' : 'older', tokens, identity, refreshedAtMs }
}

/** `undefined` when the end of one of them is not known. */
function endsLater(theirs: TokenSet, { tokens: ours }: TokenBundle): boolean | undefined {
  if (theirs.expiresAtMs === undefined || ours.expiresAtMs === undefined) return undefined
  return theirs.expiresAtMs > ours.expiresAtMs
}

/** Whose our own tokens are, by their claims: `auth.json` does not always know. */
function accountIdIn({ tokens }: TokenBundle): string | undefined {
  const claims = { ...unverifiedClaims(tokens.accessToken.reveal()), ...unverifiedClaims(tokens.idToken?.reveal()) }
  return openai.identify({ claims, tokenResponse: record(undefined), profile: record(undefined) }).accountId
}
