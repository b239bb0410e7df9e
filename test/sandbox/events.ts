import type Provider from 'oidc-provider'
import type { errors } from 'oidc-provider'
import type { Endpoint } from './dress.ts'

/**
 * What the server says has happened, in order: the oracle of a test. Reasons are the true
 * ones, which a client never learns; no token, code or state stands in an event.
 */
export type SandboxEvent =
  | {
      readonly kind: 'request'
      readonly endpoint: Endpoint
      readonly method: string
      readonly contentType: string
      /** Names of the body's fields. */
      readonly fields: readonly string[]
      readonly userAgent: string
      readonly grantType: string | undefined
      readonly stateMatches: boolean
    }
  | {
      readonly kind: 'granted'
      readonly grantType: string
      readonly person: string
      readonly scopes: readonly string[]
    }
  | { readonly kind: 'refused'; readonly error: string; readonly detail: string }
  /** Every token of one sign-in is dead: by sign-out (`revocation`), or since a code or token came twice (`token`). */
  | { readonly kind: 'grant-revoked'; readonly by: string }
  /** The sandbox itself is at fault. */
  | { readonly kind: 'broken'; readonly message: string }

/** Header of the reply by which the API side learns the true reason of a refusal. */
export const DETAIL_HEADER = 'x-sandbox-detail'

/** Writes down what oidc-provider tells of itself. */
export function recordEvents(provider: Provider, events: SandboxEvent[]): void {
  provider.on('grant.success', ({ oidc }) => {
    events.push({
      kind: 'granted',
      grantType: String(oidc.params?.['grant_type']),
      person: oidc.entities.AccessToken?.accountId ?? '',
      scopes: [...(oidc.entities.AccessToken?.scopes ?? [])],
    })
  })
  provider.on('grant.error', (ctx, error) => {
    const event = refusal(error)
    events.push(event)
    ctx.set(DETAIL_HEADER, event.detail)
  })
  provider.on('authorization.error', (_ctx, error) => void events.push(refusal(error)))
  provider.on('revocation.error', (_ctx, error) => void events.push(refusal(error)))
  provider.on('grant.revoked', ({ oidc }) => void events.push({ kind: 'grant-revoked', by: oidc.route }))
  provider.on('server_error', (_ctx, error) => void events.push({ kind: 'broken', message: String(error) }))
}

function refusal(error: errors.OIDCProviderError): Extract<SandboxEvent, { kind: 'refused' }> {
  return { kind: 'refused', error: error.error, detail: error.error_detail ?? error.error_description ?? '' }
}
