import type { IncomingHttpHeaders } from 'node:http'
import type { AllClientMetadata } from 'oidc-provider'
import type { Person } from './people.ts'

/** What programs call, as opposed to browsers. */
export type Endpoint = 'token' | 'revoke' | 'profile' | 'usage' | 'key' | 'device'

/** One request of a program, as it was received. */
export interface ApiRequest {
  readonly endpoint: Endpoint
  readonly method: string
  readonly headers: IncomingHttpHeaders
  /** Without parameters such as the charset. */
  readonly contentType: string
  /** The body's fields, whether it came as a form or as JSON. */
  readonly fields: URLSearchParams
  /** The body repeats the state of the authorization request that its code belongs to. */
  readonly stateMatches: boolean
}

/** Why a request is not granted: the protocol's code, and the reason for the log. */
export interface Refusal {
  readonly error: string
  readonly detail: string
}

/** Who a token was granted to, and for how long (seconds since the epoch). */
export interface Holder {
  readonly person: Person
  readonly scopes: readonly string[]
  readonly issuedAt: number
  readonly expiresAt: number
}

/** Something that a bearer of a token may read. */
export interface Resource {
  readonly endpoint: 'profile' | 'usage' | 'key'
  /** `GET` where nothing is said. */
  readonly method?: 'POST'
  readonly scope?: string
  readonly header?: readonly [name: string, value: string]
  readonly answer: (person: Person) => unknown
}

/**
 * How a vendor's server looks from outside. The authorization server behind it is the same
 * strict one each time; a dress only says where its doors are, and words what goes through
 * them as the vendor does.
 */
export interface Dress {
  readonly id: 'claude' | 'openai' | 'chatgpt'
  readonly title: string
  readonly paths: { readonly authorize: string; readonly token: string; readonly revoke: string }
  /** Another door for browsers, and the most that is granted behind it. */
  readonly otherDoors?: Readonly<Record<string, readonly string[]>>
  /** The page that shows `code#state` to a person whose browser runs elsewhere. */
  readonly codePage?: string
  readonly resources: Readonly<Record<string, Resource>>
  readonly clientId: string
  /** The id above only introduces an installation, which gets one of its own for it. */
  readonly handsOutClientIds: boolean
  /** It has both kinds of sign-in by a code that is entered on another device. */
  readonly hasDeviceSignIn?: true
  /** Ids of clients that are like the first. */
  readonly furtherClients?: readonly string[]
  /** `native` lets the port of a loopback redirect vary (RFC 8252 §7.3), `web` takes it literally. */
  readonly client: AllClientMetadata
  readonly scopes: readonly string[]
  readonly accessTokenSeconds: number
  /** What the sign-in page says of a person. */
  readonly plan: (person: Person) => string
  readonly claims: (person: Person) => Readonly<Record<string, unknown>>
  /** Words for the person whose browser brought a request that this vendor would not take. */
  readonly checkAuthorization: (query: URLSearchParams) => string | undefined
  readonly checkRequest: (request: ApiRequest) => Refusal | undefined
  /** Changes the query that the browser goes back with. */
  readonly callback: (query: URLSearchParams, clientId: string) => void
  /** The vendor's spelling of the server's tokens, and the way back. */
  readonly accessToken: {
    readonly wear: (token: string, holder: Holder, issuer: string) => string
    readonly bare: Bare
  }
  readonly refreshToken: { readonly wear: (token: string) => string; readonly bare: Bare }
  /** The vendor's wording of a granted request, of a refused one, and of a token that does not work. */
  readonly granted: (answer: Record<string, unknown>, holder: Holder) => Record<string, unknown>
  readonly refused: (refusal: Refusal, description: string | undefined) => unknown
  readonly denied: (message: string) => unknown
  readonly revokedHeaders: () => Readonly<Record<string, string>>
}

/** The server's own token in a dressed one; anything that was never dressed becomes ''. */
type Bare = (token: string) => string

/** A costume that is a fixed beginning. */
export function prefixed(prefix: string): { wear: (token: string) => string; bare: Bare } {
  return {
    wear: (token) => prefix + token,
    bare: (token) => (token.startsWith(prefix) ? token.slice(prefix.length) : ''),
  }
}

/** RFC 6749 §5.2. */
export function flatError({ error }: Refusal, description: string | undefined): unknown {
  return { error, ...(description !== undefined && { error_description: description }) }
}

/** OpenAI's form of the same. */
export function nestedError(code: string, message: string): unknown {
  return { error: { message, type: 'invalid_request_error', param: null, code } }
}
