import type { Identity } from '../model/provider.ts'
import { unverifiedClaims } from '../model/jwt-claims.ts'
import { Secret } from '../model/secret.ts'
import type { TokenSet } from '../model/tokens.ts'
import { isRecord, record, text, type UntrustedRecord } from '../model/untrusted.ts'
import { openai } from '../providers/openai.ts'
import { LENT_MODE } from './codex-fields.ts'
import { codexLeaves } from './codex-leaves.ts'
import { codexUse, type CodexUse } from './codex-use.ts'
import { pointMs, readForeignText, tokenIn, writtenTimeMs, type Left } from './foreign-text.ts'

/** What stands in Codex's `auth.json`, whichever version of Codex wrote it. */
export interface CodexAuth {
  /** `auth_mode`; files of 2025 have none. */
  readonly mode: string | undefined
  readonly uses: CodexUse
  readonly apiKey: Secret | undefined
  /** `undefined` without an access token. Codex keeps no scopes, and no expiry but the access token's own. */
  readonly tokens: TokenSet | undefined
  readonly identity: Identity
  /** Every account that the file names, that of `account_id` first: without it Codex 0.169 does not renew. */
  readonly accountIds: readonly string[]
  /** Who issued the tokens, where Codex has noted it: it renews them in that client's name. */
  readonly provenance: { readonly issuer: string; readonly clientId: string } | undefined
  readonly lastRefreshAtMs: number | undefined
  /** What can become an account of aiauth. */
  readonly carries: readonly ('tokens' | 'api-key')[]
  /** What cannot, and stays in the file. */
  readonly leaves: readonly Left[]
  /** The whole file as it was read, for writing it again. */
  readonly source: Secret
}

/**
 * Reads any historical form of Codex's `auth.json`, more of them than Codex itself does: the
 * tokens of a file that Codex refuses are still good.
 *
 * @throws AuthError `auth-file-invalid`.
 */
export function readCodexAuth(source: string): CodexAuth {
  const { text: json, content, hasByteOrderMark } = readForeignText(source, "Codex's auth.json", 'codex login')
  const stored = record(content['tokens'])
  const rawIdToken = isRecord(stored['id_token']) ? record(stored['id_token'])['raw_jwt'] : stored['id_token']
  const accessClaims = unverifiedClaims(stored['access_token'])
  const idClaims = isRecord(stored['id_token']) ? takenApart(stored['id_token']) : unverifiedClaims(rawIdToken)
  const accountIds = distinct([text(stored['account_id']), accountIn(idClaims), accountIn(accessClaims)])
  const mode = text(content['auth_mode'])
  const apiKey = tokenIn(content['OPENAI_API_KEY'])
  const tokens = tokenSet(stored, tokenIn(rawIdToken), accessClaims)
  const carriesTokens = tokens !== undefined && mode !== LENT_MODE
  return {
    mode,
    uses: hasByteOrderMark ? 'nothing' : codexUse(content),
    apiKey,
    tokens,
    identity: { ...identified({ ...accessClaims, ...idClaims }), accountId: accountIds[0] },
    accountIds,
    provenance: provenance(record(stored['oauth_provenance'])),
    lastRefreshAtMs: writtenTimeMs(content['last_refresh']),
    carries: [...(carriesTokens ? (['tokens'] as const) : []), ...(apiKey === undefined ? [] : (['api-key'] as const))],
    leaves: codexLeaves(content, tokens),
    source: new Secret(json),
  }
}

/**
 * Whether everything in the file that names an account names this one. Codex stores what it
 * is sent: after a renewal for somebody else its `account_id` is still the old one, and only
 * the claims of the new tokens tell.
 */
export function sameAccount({ accountIds }: CodexAuth, accountId: string): boolean {
  return accountIds.length > 0 && accountIds.every((named) => named === accountId)
}

const CHATGPT = 'https://api.openai.com/auth'

/** The ID token as one Codex of 2025 wrote it: its claims in a record, with the token among them or lost. */
function takenApart(idToken: UntrustedRecord): UntrustedRecord {
  return record({ email: idToken['email'], [CHATGPT]: idToken, ...unverifiedClaims(idToken['raw_jwt']) })
}

function accountIn(claims: UntrustedRecord): string | undefined {
  return text(record(claims[CHATGPT])['chatgpt_account_id'])
}

/** As a sign-in of our own would tell it, by the same claims. */
function identified(claims: UntrustedRecord): Identity {
  return openai.identify({ claims, tokenResponse: record(undefined), profile: record(undefined) })
}

function tokenSet(
  stored: UntrustedRecord,
  idToken: Secret | undefined,
  accessClaims: UntrustedRecord,
): TokenSet | undefined {
  const accessToken = tokenIn(stored['access_token'])
  if (accessToken === undefined) return undefined
  const { exp } = accessClaims
  return {
    accessToken,
    refreshToken: tokenIn(stored['refresh_token']),
    idToken,
    expiresAtMs: typeof exp === 'number' ? pointMs(exp * 1000) : undefined,
    refreshExpiresAtMs: undefined,
    scopes: [],
  }
}

function provenance(source: UntrustedRecord): CodexAuth['provenance'] {
  const [issuer, clientId] = [text(source['issuer']), text(source['client_id'])]
  return issuer === undefined || clientId === undefined ? undefined : { issuer, clientId }
}

function distinct(ids: readonly (string | undefined)[]): string[] {
  return [...new Set(ids.filter((id) => id !== undefined))]
}
