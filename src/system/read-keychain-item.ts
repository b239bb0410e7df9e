import { Secret } from '../model/secret.ts'
import { keychainDirect } from './keychain-direct.ts'
import { KEYCHAIN_IS_SLOW, patiently } from './keychain-patience.ts'
import { isTerminal } from './is-terminal.ts'
import { writeFully } from './write-fully.ts'

/**
 * The text of one bundle, read in this very process: 8 ms in place of a child's 40 to 80. When the
 * keychain keeps us waiting too long, the caller must end the program by `endNow`.
 */
export async function readKeychainItem(accountId: string, signal: AbortSignal): Promise<Secret | undefined> {
  const text = await patiently(keychainDirect.getPassword(accountId), {
    interactive: isTerminal(2) && isTerminal(0) && (process.env['AIAUTH_NO_INPUT'] ?? '') === '',
    signal,
    onSlow: () => writeFully(2, `${KEYCHAIN_IS_SLOW}\n`),
  })
  return text === undefined ? undefined : new Secret(text)
}
