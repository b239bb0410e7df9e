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
 * The file without its ChatGPT sign-in, `undefined` when nothing is left that is worth a file.
 *
 * Then the file has to go: Codex says "Not logged in" of a missing file only. `auth_mode`
 * stays as it is: with `chatgpt` and no tokens Codex sends its requests without any
 * credential, while without `auth_mode` it would begin to use, and bill, an API key.
 */
export function withoutTokens(auth: CodexAuth): Secret | undefined {
  const rest = membersOf(auth.source.reveal()).filter(({ name }) => name !== 'tokens' && name !== 'last_refresh')
  const isEmpty = rest.every(({ name, value }) => name === 'auth_mode' || value === 'null')
  return isEmpty ? undefined : new Secret(indented(objectText(rest)))
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
