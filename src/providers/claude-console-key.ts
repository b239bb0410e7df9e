import type { Provider } from '../model/provider.ts'
import { CLAUDE_KEYS_PAGE } from './claude-api-key.ts'
import { claudeKeyEnvironment } from './claude-environment.ts'
import { claude } from './claude.ts'

/**
 * An account of Anthropic's Console, which bills by use: the sign-in lasts as long as it takes
 * to have an API key made, as in Claude Code.
 */
export const claudeConsole: Provider = {
  ...claude,
  title: 'Claude Console',
  mode: 'console',
  authorizationEndpoint: 'https://platform.claude.com/oauth/authorize',
  usageEndpoint: undefined,
  keyEndpoint: 'https://api.anthropic.com/api/oauth/claude_cli/create_api_key',
  credential: 'api-key',
  scopes: ['org:create_api_key', 'user:profile'],
  terms: {
    notice:
      'this sign-in uses the client of Anthropic\'s own Claude Code; Anthropic writes: "OAuth authentication is intended exclusively for purchasers of Claude Free, Pro, Max, Team, and Enterprise subscription plans and is designed to support ordinary use of Claude Code and other native Anthropic applications." An API key of your own needs no sign-in: aiauth login claude --with-api-key',
    url: 'https://code.claude.com/docs/en/legal-and-compliance',
  },
  managePage: CLAUDE_KEYS_PAGE,
  // The plan of a subscription beside it says nothing of what the key may do.
  identify: (sources) => ({ ...claude.identify(sources), tier: undefined }),
  usage: undefined,
  environment: claudeKeyEnvironment,
}
