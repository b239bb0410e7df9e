import { AuthError } from '../model/errors.ts'
import type { Provider } from '../model/provider.ts'
import { Secret } from '../model/secret.ts'
import { isTokenText } from '../model/tokens.ts'
import { text } from '../model/untrusted.ts'
import { codeFromProvider } from './callback.ts'
import { answerTo, deviceBody, intervalMs, send, userCodeIn, type DeviceAnswer, type DeviceSignIn } from './device.ts'
import { exchangeCode } from './token-endpoint.ts'

/**
 * The same as `beginDevice`, in OpenAI's way: while nobody has entered the code, the poll is
 * answered by 403 or 404.
 *
 * @throws AuthError as `beginDevice`.
 */
export async function beginOwnDeviceFlow(
  ports: Parameters<typeof exchangeCode>[0],
  provider: Provider & { readonly deviceAuthorizationEndpoint: string },
  scopes: readonly string[],
  signal: AbortSignal,
): Promise<DeviceSignIn> {
  const { deviceAuthorizationEndpoint: endpoint, ownDeviceFlow: own, clientId } = provider
  if (own === undefined) throw new Error('a standard device flow')
  const at = (path: string) => new URL(path, endpoint).href
  const parameters = new URLSearchParams({ client_id: clientId })
  const body = deviceBody(provider, await send(ports.http, provider, endpoint, parameters, 'json', signal))
  const [id, typed] = [body['device_auth_id'], body['user_code'] ?? body['usercode']]
  const userCode = userCodeIn(provider, typed)
  if (!isTokenText(id)) throw unusable(provider)
  const asked = new URLSearchParams({ device_auth_id: id, user_code: text(typed) ?? '' })
  return {
    address: at(own.page),
    completeAddress: undefined,
    userCode,
    intervalMs: intervalMs(body['interval']),
    lifetimeMs: own.lifetimeSeconds * 1000,
    poll: async (pollSignal): Promise<DeviceAnswer> => {
      const poll = () => send(ports.http, provider, at(own.poll), asked, 'json', pollSignal)
      const answer = await answerTo(provider, poll, pollSignal, ({ status }) => status === 403 || status === 404)
      if (answer.kind !== 'granted') return answer
      const [code, verifier] = [
        codeFromProvider(provider, answer.body['authorization_code']),
        answer.body['code_verifier'],
      ]
      if (code === undefined || !isTokenText(verifier)) throw unusable(provider)
      const request = { redirectUri: at(own.redirect), codeVerifier: new Secret(verifier), scopes }
      return { kind: 'granted', response: await exchangeCode(ports, provider, request, code, pollSignal) }
    },
  }
}

function unusable({ id }: Provider): AuthError {
  return new AuthError('provider-rejected', `${id} answered to the device sign-in with something that cannot be used`)
}
