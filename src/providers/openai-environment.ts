import { TOKEN, type EnvironmentRecipe } from '../model/provider.ts'

const API_ACCOUNT = 'it would bill your API account'
const THIS_ACCOUNT = 'it would be used in place of this account'
const ELSEWHERE = 'it would send the token of this account somewhere else'

/**
 * Codex reads a subscription's token from no variable of its own, only from the one that a
 * model provider in its settings names (`env_key`): ours, which every account has. The id of
 * the account goes the same way (`env_http_headers`).
 */
export const openaiEnvironment: EnvironmentRecipe = {
  set: (accountId) => (accountId === null ? {} : { CHATGPT_ACCOUNT_ID: accountId }),
  endpoint: 'OPENAI_BASE_URL',
  remove: {
    CODEX_ACCESS_TOKEN: THIS_ACCOUNT,
    CODEX_API_KEY: API_ACCOUNT,
    OPENAI_API_BASE: ELSEWHERE,
    OPENAI_API_KEY: API_ACCOUNT,
    OPENAI_BASE_URL: ELSEWHERE,
  },
  settings: undefined,
}

/**
 * OpenAI lets a plan be used by the program that asked for it, and not as a general key: so the
 * token stands in our own variable only, for whoever is told to take it from there.
 */
export const openaiPlanEnvironment: EnvironmentRecipe = { ...openaiEnvironment, set: () => ({}) }

/** Every program for OpenAI's API takes the key from this variable; Codex asks two others first. */
export const openaiKeyEnvironment: EnvironmentRecipe = {
  set: () => ({ OPENAI_API_KEY: TOKEN }),
  endpoint: 'OPENAI_BASE_URL',
  remove: {
    CODEX_ACCESS_TOKEN: THIS_ACCOUNT,
    CODEX_API_KEY: THIS_ACCOUNT,
    OPENAI_API_BASE: ELSEWHERE,
    OPENAI_BASE_URL: ELSEWHERE,
  },
  settings: undefined,
}
