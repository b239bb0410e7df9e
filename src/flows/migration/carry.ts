import type { MigratedAccount } from '../../model/backup.ts'
import type { NotCarried } from '../../model/migration.ts'
import type { Identity } from '../../model/provider.ts'
import type { TokenSet } from '../../model/tokens.ts'
import { json, record, type UntrustedRecord } from '../../model/untrusted.ts'
import { CODEX_FIELDS } from '../../native-tools/codex-fields.ts'
import type { Source } from './find-source.ts'

/** One sign-in of a source, as it can become an account. */
export interface Carried {
  readonly part: MigratedAccount['part']
  readonly provider: string
  readonly mode: string
  readonly tokens: TokenSet
  readonly identity: Identity
  /** When the tokens were last renewed. */
  readonly lastRefreshedAtMs: number | undefined
  /** Whose client they were issued to, where the file says so. */
  readonly clientId: string | undefined
  /** The tool that wrote the file would use this one. */
  readonly isUsedByTool: boolean
}

const NOBODY: Identity = { email: undefined, accountId: undefined, tier: undefined, organizations: [] }

/** All sign-ins of a source; a subscription goes before an API key, which bills for each request. */
export function carriedFrom(source: Source): readonly Carried[] {
  if (source.tool === 'claude-code') {
    const { carries, tokens, identity, clientId } = source.auth
    if (!carries.includes('tokens') || tokens === undefined) return []
    const about = { identity, clientId, lastRefreshedAtMs: undefined, isUsedByTool: true }
    return [{ part: 'tokens', provider: 'claude', mode: 'max', tokens, ...about }]
  }
  const { carries, tokens, apiKey, identity, lastRefreshAtMs, provenance, uses } = source.auth
  const carried: Carried[] = []
  if (carries.includes('tokens') && tokens !== undefined) {
    const about = { identity, clientId: provenance?.clientId, lastRefreshedAtMs: lastRefreshAtMs }
    carried.push({
      part: 'tokens',
      provider: 'openai',
      mode: 'codex',
      tokens,
      ...about,
      isUsedByTool: uses === 'chatgpt',
    })
  }
  if (apiKey !== undefined) {
    const about = { identity: NOBODY, clientId: undefined, lastRefreshedAtMs: undefined }
    const key = { accessToken: apiKey, refreshToken: undefined, idToken: undefined }
    const tokens = { ...key, expiresAtMs: undefined, refreshExpiresAtMs: undefined, scopes: [] }
    carried.push({
      part: 'api-key',
      provider: 'openai',
      mode: 'api-key',
      tokens,
      ...about,
      isUsedByTool: uses === 'api-key',
    })
  }
  return carried
}

/** Fields of the new file, which a field of the old one must not take over. */
const OUR_FIELDS: readonly string[] = ['version', 'fileId', 'storage', 'accounts', 'preferences']

/**
 * Fields of our own old file that nobody knows, to be kept in the new one; those in which a
 * secret may stand, by their name or by what they hold, are left to the backup.
 */
export function keptFields(source: Source): UntrustedRecord {
  if (!source.isOurs) return {}
  const unknown = Object.entries(record(json(source.auth.source.reveal()))).filter(
    ([name, value]) => !CODEX_FIELDS.includes(name) && !OUR_FIELDS.includes(name) && !mayHoldSecret({ [name]: value }),
  )
  return Object.fromEntries(unknown)
}

/** What cannot be carried over, less what is kept as it stands. */
export function notCarried(source: Source): readonly NotCarried[] {
  const kept = keptFields(source)
  const isCarried = (field: string) => Object.hasOwn(kept, field) || (source.isOurs && field === 'version')
  return source.auth.leaves.filter(({ field }) => !isCarried(field))
}

const DEEPEST = 20

const LIKE_A_SECRET = /\S{16}/
const NAME_OF_A_SECRET = /token|secret|key|pass|credential|cookie|auth|jwt|session|pin$/i

/** A long text without a blank in it; what is nested too deeply to look at may hold anything. */
function mayHoldSecret(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return LIKE_A_SECRET.test(value)
  if (typeof value !== 'object' || value === null) return false
  const isSuspect = ([name, member]: [string, unknown]) =>
    LIKE_A_SECRET.test(name) ||
    (NAME_OF_A_SECRET.test(name) && typeof member !== 'boolean' && member !== null) ||
    mayHoldSecret(member, depth + 1)
  return depth > DEEPEST || Object.entries(value).some(isSuspect)
}
