import type { Identity } from '../model/provider.ts'
import { Secret } from '../model/secret.ts'
import type { TokenSet } from '../model/tokens.ts'
import { cleanLine, record, text, texts, type UntrustedRecord } from '../model/untrusted.ts'
import { pointMs, readForeignText, tokenIn, writtenTimeMs, type Left } from './foreign-text.ts'

/** What stands in Claude Code's `.credentials.json`, or in its keychain item, which holds the same. */
export interface ClaudeCodeAuth {
  /** `undefined` without an access token: Claude Code blanks it when the provider has refused the grant. */
  readonly tokens: TokenSet | undefined
  /** The e-mail address does not stand in this file. */
  readonly identity: Identity
  readonly plan: string | undefined
  readonly rateLimitTier: string | undefined
  /** Whose sign-in this is, where it is not that of Claude Code's own client. */
  readonly clientId: string | undefined
  /** What can become an account of aiauth. */
  readonly carries: readonly 'tokens'[]
  /** What cannot, and stays in the file. */
  readonly leaves: readonly Left[]
  /** The whole file as it was read. */
  readonly source: Secret
}

/** Without it a token may tell who signed in, and nothing more. */
const NEEDED_SCOPE = 'user:inference'
const SIGN_IN = 'claudeAiOauth'

/**
 * Reads any form of Claude Code's `.credentials.json`. A sign-in is carried over when it has
 * an access token that may be used for inference; an expiry is not needed.
 *
 * @throws AuthError `auth-file-invalid`.
 */
export function readClaudeCodeAuth(source: string): ClaudeCodeAuth {
  const { text: json, content } = readForeignText(source, "Claude Code's .credentials.json", 'claude auth login')
  const stored = record(content[SIGN_IN])
  const tokens = tokenSet(stored)
  const [plan, rateLimitTier] = [text(stored['subscriptionType']), text(stored['rateLimitTier'])]
  const obstacle = obstacleTo(content[SIGN_IN], tokens)
  return {
    tokens,
    identity: identityIn(stored, plan, rateLimitTier),
    plan,
    rateLimitTier,
    clientId: text(stored['clientId']),
    carries: obstacle === undefined ? ['tokens'] : [],
    leaves: [...(obstacle === undefined ? [] : [{ field: SIGN_IN, reason: obstacle }]), ...unknown(content)],
    source: new Secret(json),
  }
}

function tokenSet(stored: UntrustedRecord): TokenSet | undefined {
  const accessToken = tokenIn(stored['accessToken'])
  if (accessToken === undefined) return undefined
  return {
    accessToken,
    refreshToken: tokenIn(stored['refreshToken']),
    idToken: undefined,
    expiresAtMs: timeMs(stored['expiresAt']),
    refreshExpiresAtMs: timeMs(stored['refreshTokenExpiresAt']),
    scopes: texts(stored['scopes']),
  }
}

/** Milliseconds as Claude Code writes them, or a written time as others have put there; 0 and null are none. */
function timeMs(value: unknown): number | undefined {
  return pointMs(value) ?? writtenTimeMs(value)
}

function identityIn(stored: UntrustedRecord, plan: string | undefined, rateLimitTier: string | undefined): Identity {
  const organizationId = text(stored['organizationUuid'])
  return {
    email: undefined,
    accountId: text(stored['accountUuid']),
    tier: plan === 'max' ? (/max_\d+x$/.exec(rateLimitTier ?? '')?.[0] ?? plan) : plan,
    organizations: organizationId === undefined ? [] : [{ id: organizationId, name: null }],
  }
}

function obstacleTo(signIn: unknown, tokens: TokenSet | undefined): string | undefined {
  if (signIn === undefined || signIn === null) return 'is missing: nobody is signed in to Claude there'
  if (tokens === undefined) return 'holds no usable access token'
  return tokens.scopes.includes(NEEDED_SCOPE) ? undefined : `was not granted ${NEEDED_SCOPE}`
}

function unknown(content: UntrustedRecord): Left[] {
  return Object.keys(content)
    .filter((field) => field !== SIGN_IN)
    .map((field) => ({ field: cleanLine(field), reason: 'is unknown to aiauth' }))
}
