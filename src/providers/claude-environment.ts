import { TOKEN, type EnvironmentRecipe } from '../model/provider.ts'
import { record, text, type UntrustedRecord } from '../model/untrusted.ts'

const API_ACCOUNT = 'it would bill your API account'
const OTHER_ACCOUNT = 'it would be used in place of this account'
const ELSEWHERE = 'it would send the token of this account somewhere else'
const CLOUD = 'it would bill your cloud account'

/** What goes before either variable, or sends what is in it elsewhere. Measured with Claude Code 2.1.329 or in its documents. */
const REMOVE_ALWAYS: Readonly<Record<string, string>> = {
  ANTHROPIC_AUTH_TOKEN: OTHER_ACCOUNT,
  ANTHROPIC_BASE_URL: ELSEWHERE,
  ANTHROPIC_UNIX_SOCKET: ELSEWHERE,
  CLAUDE_CODE_API_BASE_URL: ELSEWHERE,
  CLAUDE_CODE_OAUTH_REFRESH_TOKEN: OTHER_ACCOUNT,
  CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR: OTHER_ACCOUNT,
  CLAUDE_CODE_USE_BEDROCK: CLOUD,
  CLAUDE_CODE_USE_FOUNDRY: CLOUD,
  CLAUDE_CODE_USE_VERTEX: CLOUD,
}

const REMOVE_BESIDE_TOKEN: Readonly<Record<string, string>> = {
  ANTHROPIC_API_KEY: API_ACCOUNT,
  ...REMOVE_ALWAYS,
  CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR: API_ACCOUNT,
  CLAUDE_CODE_SIMPLE: 'Claude Code would use no account at all',
}

const REMOVE_BESIDE_KEY: Readonly<Record<string, string>> = {
  ...REMOVE_ALWAYS,
  CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR: OTHER_ACCOUNT,
  CLAUDE_CODE_OAUTH_TOKEN: OTHER_ACCOUNT,
}

/** Claude Code takes a subscription's token from its environment, and adds the header that such a token needs. */
export const claudeEnvironment: EnvironmentRecipe = {
  set: () => ({ CLAUDE_CODE_OAUTH_TOKEN: TOKEN }),
  endpoint: 'ANTHROPIC_BASE_URL',
  remove: REMOVE_BESIDE_TOKEN,
  settings: settingsThatWinOver(REMOVE_BESIDE_TOKEN),
}

/** Every program for Anthropic's API takes the key from this variable, and Claude Code before any token. */
export const claudeKeyEnvironment: EnvironmentRecipe = {
  set: () => ({ ANTHROPIC_API_KEY: TOKEN }),
  endpoint: 'ANTHROPIC_BASE_URL',
  remove: REMOVE_BESIDE_KEY,
  settings: settingsThatWinOver({ ...REMOVE_BESIDE_KEY, ANTHROPIC_API_KEY: OTHER_ACCOUNT }),
}

/** A helper's key goes before the token, and variables in the settings before those of the environment. */
function settingsThatWinOver(names: Readonly<Record<string, string>>): NonNullable<EnvironmentRecipe['settings']> {
  return {
    file: { variable: 'CLAUDE_CONFIG_DIR', folder: '.claude', name: 'settings.json' },
    conflicts: (settings: UntrustedRecord) => {
      const variables = Object.keys(record(settings['env'])).filter((name) => Object.hasOwn(names, name))
      const helper = text(settings['apiKeyHelper']) === undefined ? [] : ['apiKeyHelper']
      return [...helper, ...variables.map((name) => `env.${name}`)]
    },
  }
}
