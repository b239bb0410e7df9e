import type { Provider } from '../model/provider.ts'
import { claudeKeyEnvironment } from './claude-environment.ts'
import { claudeSetupToken } from './claude-setup-token.ts'

export const CLAUDE_KEYS_PAGE = 'https://platform.claude.com/settings/keys'

/** A key of Anthropic's Console, which bills by use. */
export const claudeApiKey: Provider = {
  ...claudeSetupToken,
  title: 'Claude (API key)',
  mode: 'api-key',
  handedOver: {
    what: 'API key',
    shape: /^sk-ant-api\d\d-[\w-]+$/,
    begins: 'sk-ant-api',
    mistaken: [
      {
        begins: 'sk-ant-oat',
        what: "a subscription's token",
        hint: 'for what claude setup-token has printed: aiauth login claude --mode setup-token',
      },
      { begins: 'sk-ant-ort', what: "a subscription's refresh token", hint: undefined },
      { begins: 'sk-ant-admin', what: 'a key for administration', hint: undefined },
    ],
    source: CLAUDE_KEYS_PAGE,
  },
  credential: 'api-key',
  scopes: [],
  managePage: CLAUDE_KEYS_PAGE,
  environment: claudeKeyEnvironment,
}
