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
  redirect: undefined,
  scopes: [],
  authorizationParameters: {},
  terms: undefined,
  managePage: 'https://platform.openai.com/api-keys',
  usage: undefined,
  environment: openaiKeyEnvironment,
}
