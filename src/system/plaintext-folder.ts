import { AuthError } from '../model/errors.ts'
import { shellWord } from '../model/shell-word.ts'
import { modeAsFound } from './private-files.ts'
import { syncedBy } from './synced-folder.ts'

/** Others than the owner may put files there. */
const WRITABLE_BY_OTHERS = 0o022

/**
 * Asked before the first secret is kept in clear: not where others can put files in place of
 * ours, and not where a program copies them to other machines and keeps old copies.
 *
 * @throws AuthError `storage-unavailable`.
 */
export function checkPlaintextFolder(home: string): void {
  const mode = modeAsFound(home) ?? 0
  if (process.platform !== 'win32' && (mode & WRITABLE_BY_OTHERS) !== 0) {
    const shown = `mode ${mode.toString(8).padStart(4, '0')}`
    throw new AuthError('storage-unavailable', `plaintext is refused: others could write to ${home} (${shown})`, {
      hint: `chmod 700 ${shellWord(home)} and look at what is in it, or choose a storage that seals: --storage passphrase`,
    })
  }
  const program = syncedBy(home)
  if (program === undefined) return
  throw new AuthError('storage-unavailable', `plaintext is refused: ${program} copies ${home} to other machines`, {
    hint: 'set AIAUTH_HOME to a folder that stays here, or choose a storage that seals: --storage passphrase',
  })
}
