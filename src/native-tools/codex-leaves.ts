import type { TokenSet } from '../model/tokens.ts'
import { cleanLine, record, type UntrustedRecord } from '../model/untrusted.ts'
import { CODEX_FIELDS, CODEX_TOKEN_FIELDS, HEADERS_MODE, LENT_MODE } from './codex-fields.ts'
import { isKnownMode } from './codex-use.ts'
import { tokenIn, writtenTimeMs, type Left } from './foreign-text.ts'

const FOR_BEDROCK = 'is for Amazon Bedrock, which aiauth has no provider for'
const OTHER_KINDS: Readonly<Record<string, string>> = {
  agent_identity: 'is the identity of an agent that signs each request itself',
  personal_access_token: 'is a personal access token, which aiauth keeps no account for',
  bedrock_api_key: FOR_BEDROCK,
  bedrock_access_keys: FOR_BEDROCK,
}
const UNKNOWN = 'is unknown to aiauth'
const NO_TOKEN = 'holds nothing that can be a token'

/** What of the file cannot become an account of aiauth, each with its reason; nothing is left out silently. */
export function codexLeaves(content: UntrustedRecord, tokens: TokenSet | undefined): Left[] {
  const stored = record(content['tokens'])
  const isGiven = (value: unknown) => value !== undefined && value !== null
  return [
    ...modeLeft(content['auth_mode']),
    ...left('OPENAI_API_KEY', NO_TOKEN, isGiven(content['OPENAI_API_KEY']) && !tokenIn(content['OPENAI_API_KEY'])),
    ...left('tokens', 'hold no usable access token', isGiven(content['tokens']) && tokens === undefined),
    ...left('tokens.refresh_token', 'is missing, so the tokens cannot be renewed', tokens && !tokens.refreshToken),
    ...left('tokens.id_token', NO_TOKEN, isGiven(stored['id_token']) && tokens && !tokens.idToken),
    ...left(
      'last_refresh',
      'is not a time',
      isGiven(content['last_refresh']) && !writtenTimeMs(content['last_refresh']),
    ),
    ...Object.entries(OTHER_KINDS).flatMap(([field, reason]) => left(field, reason, isGiven(content[field]))),
    ...Object.keys(content).flatMap((field) => left(cleanLine(field), UNKNOWN, !CODEX_FIELDS.includes(field))),
    ...Object.keys(stored).flatMap((field) =>
      left(`tokens.${cleanLine(field)}`, UNKNOWN, !CODEX_TOKEN_FIELDS.includes(field)),
    ),
  ]
}

function left(field: string, reason: string, isLeft: boolean | undefined): Left[] {
  return isLeft ? [{ field, reason }] : []
}

function modeLeft(mode: unknown): Left[] {
  const field = 'auth_mode'
  if (mode === HEADERS_MODE) return [{ field, reason: 'takes its credentials from outside this file' }]
  if (mode === LENT_MODE) return [{ field: 'tokens', reason: 'are lent by another program, which renews them itself' }]
  return mode === undefined || mode === null || isKnownMode(mode)
    ? []
    : [{ field, reason: 'is a kind of sign-in that is unknown to aiauth' }]
}
