import type { Provider } from '../model/provider.ts'
import { claudeKeyEnvironment } from './claude-environment.ts'
import { claudeSetupToken } from './claude-setup-token.ts'

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
    source: 'https://platform.claude.com/settings/keys',
  },
  credential: 'api-key',
  scopes: [],
  managePage: 'https://platform.claude.com/settings/keys',
  environment: claudeKeyEnvironment,
}
