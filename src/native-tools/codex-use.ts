import { decodedPart } from '../model/jwt-claims.ts'
import { isRecord, record, type UntrustedRecord } from '../model/untrusted.ts'
import { HEADERS_MODE, LENT_MODE } from './codex-fields.ts'
import { writtenTimeMs } from './foreign-text.ts'

/** What Codex signs its requests with; `nothing` where it refuses the file or finds itself without. */
export type CodexUse = 'chatgpt' | 'api-key' | 'personal-access-token' | 'agent-identity' | 'bedrock' | 'nothing'

interface Kind {
  readonly mode: string
  readonly field: string
  readonly use: CodexUse
  /** Not taken without its `auth_mode`, however full its field is. */
  readonly byModeOnly?: boolean
}

/** By `auth_mode`; without one the first whose field is there, be it empty. Measured with Codex 0.169. */
const KINDS: readonly Kind[] = [
  { mode: 'personalAccessToken', field: 'personal_access_token', use: 'personal-access-token' },
  { mode: 'bedrockApiKey', field: 'bedrock_api_key', use: 'bedrock' },
  { mode: 'bedrockAccessKeys', field: 'bedrock_access_keys', use: 'bedrock' },
  { mode: 'apikey', field: 'OPENAI_API_KEY', use: 'api-key' },
  { mode: 'chatgpt', field: 'tokens', use: 'chatgpt' },
  { mode: LENT_MODE, field: 'tokens', use: 'chatgpt' },
  { mode: 'agentIdentity', field: 'agent_identity', use: 'agent-identity', byModeOnly: true },
]

export function isKnownMode(mode: unknown): boolean {
  return mode === HEADERS_MODE || KINDS.some((kind) => kind.mode === mode)
}

/**
 * What Codex itself would use of this file. `codex login status` is no witness for it: it
 * says "Logged in using ChatGPT" of `{}` too, for which Codex sends requests without a token.
 */
export function codexUse(content: UntrustedRecord): CodexUse {
  if (!isReadable(content)) return 'nothing'
  const mode = content['auth_mode'] ?? undefined
  const isThere = ({ field }: Kind) => !isAbsent(content[field])
  const kind = KINDS.find((one) => (mode === undefined ? !one.byModeOnly && isThere(one) : one.mode === mode))
  return kind !== undefined && isThere(kind) ? kind.use : 'nothing'
}

type Rule = (value: unknown) => boolean

const isAbsent: Rule = (value) => value === undefined || value === null
const isText: Rule = (value) => typeof value === 'string'
const optional =
  (rule: Rule): Rule =>
  (value) =>
    isAbsent(value) || rule(value)
const recordOf =
  (rules: Readonly<Record<string, Rule>>): Rule =>
  (value) =>
    isRecord(value) && Object.entries(rules).every(([field, holds]) => holds(record(value)[field]))

/** One field of the wrong type, and Codex refuses the whole file; each of these was seen to matter. */
const RULES: Readonly<Record<string, Rule>> = {
  auth_mode: optional(isKnownMode),
  OPENAI_API_KEY: optional(isText),
  personal_access_token: optional(isText),
  agent_identity: optional((value) => isText(value) || isRecord(value)),
  bedrock_api_key: optional(recordOf({ api_key: isText, region: isText })),
  bedrock_access_keys: optional(recordOf({ access_key_id: isText, secret_access_key: isText })),
  last_refresh: optional((value) => writtenTimeMs(value) !== undefined),
  tokens: optional(
    recordOf({
      id_token: isIdToken,
      access_token: isText,
      refresh_token: isText,
      account_id: optional(isText),
      login_owner_id: optional(isText),
      oauth_provenance: optional(recordOf({ issuer: isText, client_id: isText })),
    }),
  ),
}

const isReadable = recordOf(RULES)

/** The claims that Codex looks at; a list in their place is as good as none. */
const hasCodexClaims = recordOf({
  email: optional(isText),
  'https://api.openai.com/profile': optional(recordOf({ email: optional(isText) })),
  'https://api.openai.com/auth': optional(
    recordOf({ chatgpt_plan_type: optional(isText), chatgpt_account_id: optional(isText) }),
  ),
})

function isIdToken(value: unknown): boolean {
  if (typeof value !== 'string') return false
  const [header, payload, signature] = value.split('.', 3)
  if (!header || !signature || !payload || !/^[\w-]+$/.test(payload)) return false
  const claims = decodedPart(payload)
  return Array.isArray(claims) || hasCodexClaims(claims)
}
