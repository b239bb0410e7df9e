import { Secret } from '../model/secret.ts'
import type { TokenSet } from '../model/tokens.ts'
import { CODEX_FIELDS, CODEX_TOKEN_FIELDS } from './codex-fields.ts'
import type { CodexAuth } from './codex.ts'
import { indented, membersOf, objectText, type Member } from './json-text.ts'

/** The file as Codex would lay it out: two blanks of indent, no line end; nothing in it changed. */
export function formatCodexAuth({ source }: Pick<CodexAuth, 'source'>): Secret {
  return new Secret(indented(source.reveal()))
}

/**
 * The file that Codex itself would write after a renewal, byte by byte as measured with Codex
 * 0.169, but that the fields keep their order, and that two kinds stay which Codex drops:
 * those unknown to it, and `tokens.oauth_provenance`, without which the next renewal would go
 * out in the wrong client's name.
 *
 * What was not renewed stays as it stands, so an ID token that one Codex of 2025 has taken
 * apart is replaced only by a new one.
 */
export function withRenewedTokens(
  auth: CodexAuth,
  tokens: Pick<TokenSet, 'accessToken' | 'refreshToken' | 'idToken'>,
  lastRefreshMs: number,
): Secret {
  const members = membersOf(auth.source.reveal())
  const isNewIdToken = tokens.idToken?.reveal() !== auth.tokens?.idToken?.reveal()
  const renewed: readonly (readonly [string, Secret | undefined])[] = [
    ['id_token', isNewIdToken ? tokens.idToken : undefined],
    ['access_token', tokens.accessToken],
    ['refresh_token', tokens.refreshToken],
  ]
  const stored = renewed.reduce(
    (fields, [name, token]) => (token === undefined ? fields : put(fields, CODEX_TOKEN_FIELDS, name, token.reveal())),
    membersOf(valueOf(members, 'tokens')),
  )
  // Codex writes this one also where there was none.
  const withKey = members.some(({ name }) => name === API_KEY) ? members : put(members, CODEX_FIELDS, API_KEY, null)
  const withTokens = set(withKey, CODEX_FIELDS, { name: 'tokens', value: objectText(stored) })
  return new Secret(indented(objectText(put(withTokens, CODEX_FIELDS, 'last_refresh', nanoseconds(lastRefreshMs)))))
}

/**
 * The file without its ChatGPT sign-in. `auth_mode` stays as it is: without it Codex would
 * begin to use, and bill, an API key. The file stays, too, and `codex login status` says of
 * it what it said before; only requests tell that nobody is signed in (measured with 0.169).
 */
export function withoutTokens({ source }: Pick<CodexAuth, 'source'>): Secret {
  const rest = membersOf(source.reveal()).filter(({ name }) => name !== 'tokens' && name !== 'last_refresh')
  return new Secret(indented(objectText(rest)))
}

/** The file with the ChatGPT sign-in of another one, the rest of it as it is. */
export function withTokensOf({ source }: Pick<CodexAuth, 'source'>, from: Pick<CodexAuth, 'source'>): Secret {
  const signIn = membersOf(from.source.reveal()).filter(({ name }) => name === 'tokens' || name === 'last_refresh')
  const joined = signIn.reduce((members, member) => set(members, CODEX_FIELDS, member), membersOf(source.reveal()))
  return new Secret(indented(objectText(joined)))
}

/** The file with a refresh token that nobody can take for a live one; Codex then asks for a new sign-in. */
export function withoutRefreshToken({ source }: Pick<CodexAuth, 'source'>): Secret {
  const members = membersOf(source.reveal())
  const stored = put(membersOf(valueOf(members, 'tokens')), CODEX_TOKEN_FIELDS, 'refresh_token', '')
  return new Secret(indented(objectText(set(members, CODEX_FIELDS, { name: 'tokens', value: objectText(stored) }))))
}

const API_KEY = 'OPENAI_API_KEY'

function valueOf(members: readonly Member[], name: string): string {
  const value = members.findLast((member) => member.name === name)?.value
  return value?.startsWith('{') === true ? value : '{}'
}

function put(members: readonly Member[], order: readonly string[], name: string, value: string | null): Member[] {
  return set(members, order, { name, value: JSON.stringify(value) })
}

/** In its own place where there is one; else behind those that Codex writes before it. */
function set(members: readonly Member[], order: readonly string[], changed: Member): Member[] {
  if (members.some(({ name }) => name === changed.name)) {
    return members.map((member) => (member.name === changed.name ? changed : member))
  }
  const before = order.slice(0, order.indexOf(changed.name))
  return members.toSpliced(members.findLastIndex(({ name }) => before.includes(name)) + 1, 0, changed)
}

/** RFC 3339 in UTC with nine digits, as Codex has it from a clock of nanoseconds. */
function nanoseconds(atMs: number): string {
  return new Date(atMs).toISOString().replace('Z', '000000Z')
}
