import type { Identity, IdentitySources } from '../model/provider.ts'
import { text } from '../model/untrusted.ts'

/** Who signed in at a provider we know nothing about, by OpenID Connect Core §5.1 claims. */
export function identifyByStandardClaims({ claims, profile }: IdentitySources): Identity {
  return {
    email: text(profile['email']) ?? text(claims['email']),
    accountId: text(claims['sub']) ?? text(profile['sub']),
    tier: undefined,
    organizations: [],
  }
}
