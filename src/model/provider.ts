import type { SettingsFile } from './programs.ts'
import type { Secret } from './secret.ts'
import type { UntrustedRecord } from './untrusted.ts'
import type { UsageWindow } from './usage.ts'

/** Where the browser comes back to. `ports` are tried in order; 0 lets the system choose. */
export interface Redirect {
  readonly host: 'localhost' | '127.0.0.1' | '[::1]'
  readonly ports: readonly number[]
  readonly path: string
}

/** What a vendor's published terms say about a sign-in like ours, in one line. */
export interface Terms {
  readonly notice: string
  readonly url: string
}

/** What a provider tells about who signed in. Facts only, never a token. */
export interface Identity {
  readonly email: string | undefined
  /** The provider's own stable id of the account: what "the same account" means. */
  readonly accountId: string | undefined
  readonly tier: string | undefined
  readonly organizations: readonly Organization[]
}

export interface Organization {
  readonly id: string
  readonly name: string | null
}

/** All that a provider said about the person, still unchecked. */
export interface IdentitySources {
  /** What stood in the token response beside the tokens. */
  readonly tokenResponse: UntrustedRecord
  /** Claims of the ID token: text to show, not proof of anything. */
  readonly claims: UntrustedRecord
  /** The profile endpoint's answer, `{}` where there is none. */
  readonly profile: UntrustedRecord
}

/**
 * One way to sign in to one vendor: data, and one pure function.
 *
 * Everything that differs between vendors is a field here, so the protocol code has no
 * branch that names a vendor.
 */
export interface Provider {
  readonly id: string
  readonly title: string
  readonly mode: string
  readonly builtIn: boolean
  readonly enabled: boolean
  /** Compared with `iss` when the answer carries one (RFC 9207). */
  readonly issuer: string | undefined
  /** The server promised to send `iss`, so an answer without it is refused (RFC 9207 §2.4). */
  readonly issuerPromised: boolean
  readonly clientId: string
  readonly clientSecret: Secret | undefined
  /** Present where each installation gets a client id of its own. */
  readonly dynamicClient?: DynamicClient
  readonly authorizationEndpoint: string | undefined
  readonly tokenEndpoint: string | undefined
  readonly revocationEndpoint: string | undefined
  readonly profileEndpoint: string | undefined
  readonly usageEndpoint: string | undefined
  readonly deviceAuthorizationEndpoint: string | undefined
  /** Where the vendor's device sign-in departs from RFC 8628; its addresses are relative to the endpoint above. */
  readonly ownDeviceFlow?: OwnDeviceFlow
  /** Where a grant is turned into an API key, for modes that are signed in to and hold one. */
  readonly keyEndpoint?: string | undefined
  /** `undefined` where nobody signs in: the secret comes from another place, and is handed over. */
  readonly redirect: Redirect | undefined
  /**
   * A page of the provider's that shows `code#state`, to be pasted: the way back for a browser
   * on another machine. `undefined` where there is none.
   */
  readonly manualRedirectUri: string | undefined
  readonly handedOver?: HandedOver
  /** What an account of this mode holds in the end. */
  readonly credential: 'tokens' | 'api-key'
  readonly scopes: readonly string[]
  /** What the tokens are for, told with every request for some (RFC 8707 §2). */
  readonly resource?: string
  /** Present where a sign-in may be granted without what it is for. */
  readonly scopeOfUse?: ScopeOfUse
  /**
   * The ID token is bound to a nonce, and its signature, issuer, audience and end are checked
   * (OpenID Connect Core §3.1.3.7).
   */
  readonly verifiesIdToken?: boolean
  /** Where the keys of ID tokens stand. */
  readonly jwksEndpoint?: string | undefined
  readonly authorizationParameters: Readonly<Record<string, string>>
  /** Encoding of the authorization-code grant's body. */
  readonly tokenRequest: 'form' | 'json'
  /** Encoding of the refresh grant's body. */
  readonly refreshRequest: 'form' | 'json'
  /** Whether the refresh grant names the scopes that were granted. */
  readonly repeatScopeInRefresh: boolean
  readonly deadGrant: DeadGrant
  readonly revocationRequest: 'form' | 'json'
  /** A reply header without which a revocation does not count as confirmed. */
  readonly revocationReceiptHeader: string | undefined
  /** Anthropic wants `state` again beside the code. */
  readonly repeatStateInTokenRequest: boolean
  readonly userAgent: string
  /** Shown before the first sign-in of a mode; `undefined` where nothing is to be accepted. */
  readonly terms: Terms | undefined
  /** The page where the user can end the grant by hand. */
  readonly managePage: string | undefined
  readonly identify: (sources: IdentitySources) => Identity
  /** How to read the usage endpoint; `undefined` where its answer is not known to us. */
  readonly usage: UsageSource | undefined
  /** How a program of this vendor takes a token from its environment. */
  readonly environment: EnvironmentRecipe
}

/**
 * A client that only introduces an installation. The first sign-in comes back with the id that
 * the installation has from then on: for the exchange, renewals, other sign-ins and the end.
 */
export interface DynamicClient {
  /** The provider's `clientId` until then. */
  readonly introducer: string
  /** What an id looks like that is given out. */
  readonly shape: RegExp
  /** Parameters of the introduction, and of it alone. */
  readonly introduction: Readonly<Record<string, string>>
  /** The parameter that names this installation in every authorization request. */
  readonly installationParameter: string
}

/**
 * OpenAI's device sign-in (measured with Codex 0.169): JSON, one fixed page, an answer to the
 * poll that is a code with its verifier, and then the usual exchange.
 */
export interface OwnDeviceFlow {
  readonly poll: string
  readonly page: string
  /** Named in the exchange, and never called. */
  readonly redirect: string
  /** How long a code is good for, in seconds; the server does not say. */
  readonly lifetimeSeconds: number
}

export interface ScopeOfUse {
  readonly scope: string
  /** What it means that the token response does not name it. */
  readonly whenMissing: string
}

/** Whether a mode's accounts are API keys: never renewed, never over, and ended at the vendor's page only. */
export function isApiKey({ credential }: Pick<Provider, 'credential'>): boolean {
  return credential === 'api-key'
}

/** A secret that its vendor has issued elsewhere, and how to tell it from its neighbours by its looks. */
export interface HandedOver {
  /** Without an article: `API key`. */
  readonly what: string
  readonly shape: RegExp
  /** How one begins, for messages. */
  readonly begins: string
  /** What is easily taken for it, the longer beginnings first. */
  readonly mistaken: readonly Mistaken[]
  /** Where to get one: a command or an address. */
  readonly source: string
}

export interface Mistaken {
  readonly begins: string
  /** With its article. */
  readonly what: string
  /** What to type with it; `undefined` where it is of no use here. */
  readonly hint: string | undefined
}

/**
 * Which refusals of the refresh grant are for good, so that only a new sign-in helps: the
 * reply is JSON with an `error`, has one of the statuses, and one of the codes where they are
 * named. Any other refusal leaves the grant as it is.
 */
export interface DeadGrant {
  readonly statuses: readonly number[]
  readonly codes: readonly string[] | 'any'
}

export interface UsageSource {
  /** Headers beside the token's, for the account with this id at the provider. */
  readonly headers: (accountId: string | null) => Readonly<Record<string, string>>
  /** The windows in an answer; what cannot be understood is left out. */
  readonly windows: (answer: UntrustedRecord) => readonly UsageWindow[]
}

export interface EnvironmentRecipe {
  /** Variables to set; the access token goes into those that are `token`. */
  readonly set: (accountId: string | null) => Readonly<Record<string, string | typeof TOKEN>>
  /** The variable that sends programs to another address: to that of the account, where the user has set one. */
  readonly endpoint?: string
  /** Variables that would win over these, bill the user otherwise or misdirect the token; each with what it would do. */
  readonly remove: Readonly<Record<string, string>>
  /** The vendor's own settings, and the names of what in them wins over the token. */
  readonly settings:
    { readonly file: SettingsFile; readonly conflicts: (settings: UntrustedRecord) => readonly string[] } | undefined
}

/** Stands for the access token, so that a provider's data never touches one. */
export const TOKEN = Symbol('the access token')
