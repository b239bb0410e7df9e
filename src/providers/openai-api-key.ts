import type { Provider } from '../model/provider.ts'
import { openaiKeyEnvironment } from './openai-environment.ts'
import { openai } from './openai.ts'

/**
 * A key of OpenAI's platform, which bills by use. No server issued it to us, so none is asked
 * about it: its bundle has an access token and nothing else.
 */
export const openaiApiKey: Provider = {
  ...openai,
  title: 'OpenAI (API key)',
  mode: 'api-key',
  issuer: undefined,
  clientId: '',
  authorizationEndpoint: undefined,
  tokenEndpoint: undefined,
  revocationEndpoint: undefined,
  usageEndpoint: undefined,
  deviceAuthorizationEndpoint: undefined,
  redirect: undefined,
  handedOver: {
    what: 'API key',
    shape: /^sk-(?!ant-)[\w-]+$/,
    begins: 'sk-',
    mistaken: [
      { begins: 'sk-ant-', what: 'a key or token of Anthropic', hint: 'aiauth login claude --with-api-key' },
      { begins: 'eyJ', what: 'a token of a sign-in', hint: 'aiauth login openai' },
    ],
    source: 'https://platform.openai.com/api-keys',
  },
  credential: 'api-key',
  scopes: [],
  authorizationParameters: {},
  terms: undefined,
  managePage: 'https://platform.openai.com/api-keys',
  usage: undefined,
  environment: openaiKeyEnvironment,
}
