/** In the order in which Codex writes them. */
export const CODEX_FIELDS: readonly string[] = [
  'auth_mode',
  'OPENAI_API_KEY',
  'tokens',
  'last_refresh',
  'agent_identity',
  'personal_access_token',
  'bedrock_api_key',
  'bedrock_access_keys',
]
export const CODEX_TOKEN_FIELDS: readonly string[] = [
  'id_token',
  'access_token',
  'refresh_token',
  'oauth_provenance',
  'login_owner_id',
  'account_id',
]

/** A mode whose tokens a host program lends to Codex, which then never renews them. */
export const LENT_MODE = 'chatgptAuthTokens'

/** A mode whose credentials never stand in the file: Codex does not load such a file. */
export const HEADERS_MODE = 'headers'
