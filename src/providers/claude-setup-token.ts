import type { Provider } from '../model/provider.ts'
import { claude } from './claude.ts'

/**
 * The token that the user's own `claude setup-token` has printed. It can be used and nothing
 * else: the profile and the usage refuse it, nothing renews it, and nobody says when it ends.
 */
export const claudeSetupToken: Provider = {
  ...claude,
  title: 'Claude (setup token)',
  mode: 'setup-token',
  clientId: '',
  authorizationEndpoint: undefined,
  tokenEndpoint: undefined,
  revocationEndpoint: undefined,
  profileEndpoint: undefined,
  usageEndpoint: undefined,
  redirect: undefined,
  manualRedirectUri: undefined,
  handedOver: {
    what: 'setup token',
    shape: /^sk-ant-oat\d\d-[\w-]+$/,
    begins: 'sk-ant-oat',
    mistaken: [
      { begins: 'sk-ant-api', what: 'an API key', hint: 'aiauth login claude --with-api-key' },
      { begins: 'sk-ant-ort', what: 'a refresh token', hint: undefined },
    ],
    source: 'claude setup-token',
  },
  scopes: ['user:inference'],
  authorizationParameters: {},
  terms: undefined,
  usage: undefined,
}
