import type { Account } from '../model/account.ts'
import { AuthError } from '../model/errors.ts'
import type { Provider } from '../model/provider.ts'
import type { UntrustedRecord } from '../model/untrusted.ts'
import { findProvider } from '../providers/registry.ts'

/** The row of an account for what is only told of it: settings that cannot be used know none, and keep nothing from being done. */
export function providerToTell(settings: UntrustedRecord, account: Account): Provider | undefined {
  try {
    return findProvider(settings, account)
  } catch (error) {
    if (error instanceof AuthError) return undefined
    throw error
  }
}
