import { get, goOut, post, type Answer, type Attempt, type Callback } from './raw-client.ts'
import type { WalkOptions } from './walk.js'

type Fields = Readonly<Record<string, string>>

export const CLIENT_ID = '9d1c250a-e61b-44d9-88ed-5944d1962f5e'

/** The steps of a Claude client one by one, to be done right or wrong. */
export interface ClaudeClient {
  /** Of a sound authorization request, less what is new each time. */
  readonly request: Fields & { readonly redirect_uri: string }
  authorize(changes?: Fields, person?: WalkOptions): Promise<Attempt>
  token(fields: Fields, encoding?: 'json' | 'form'): Promise<Answer>
  renew(granted: Answer): Promise<Answer>
  profile(granted: Answer): Promise<Answer>
  signIn(person?: WalkOptions): Promise<Answer>
}

export function claudeClient(origin: string, callback: Callback): ClaudeClient {
  const request = {
    code: 'true',
    client_id: CLIENT_ID,
    redirect_uri: `http://localhost:${callback.port}/callback`,
    scope: 'user:profile user:inference',
  }
  const authorize: ClaudeClient['authorize'] = (changes = {}, person = {}) =>
    goOut(`${origin}/cai/oauth/authorize`, callback, { ...request, ...changes }, person)
  const token: ClaudeClient['token'] = (fields, encoding = 'json') => post(`${origin}/v1/oauth/token`, fields, encoding)
  return {
    request,
    authorize,
    token,
    renew: ({ body }) =>
      token({ grant_type: 'refresh_token', refresh_token: String(body['refresh_token']), client_id: CLIENT_ID }),
    profile: ({ body }) => get(`${origin}/api/oauth/profile`, String(body['access_token'])),
    signIn: async (person) => token(codeGrant(await authorize({}, person))),
  }
}

/** The body that spends a code. */
export function codeGrant({ code, verifier, state, redirectUri }: Attempt): Fields {
  return {
    grant_type: 'authorization_code',
    code,
    client_id: CLIENT_ID,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    state,
  }
}
