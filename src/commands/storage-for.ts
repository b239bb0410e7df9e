import { chooseStorage } from '../flows/choose-storage.ts'
import type { AuthFile, StorageKind } from '../model/account.ts'
import type { Ports } from '../model/ports.ts'
import { plaintextWarning } from '../model/storage-kind.ts'
import { text } from '../model/untrusted.ts'
import { warn } from './warn.ts'

/**
 * Where new secrets are kept: `--storage`, else `AIAUTH_STORAGE`, else `storage` in
 * `config.json`, else what the accounts here use; proven to work, as is the folder.
 *
 * @throws AuthError as `chooseStorage`, and what the folder's lock throws.
 */
export async function storageFor(
  ports: Pick<Ports, 'vaults' | 'storages' | 'authFile' | 'settings' | 'environment' | 'terminal' | 'interruption'>,
  file: AuthFile | undefined,
  asked: string | undefined,
): Promise<StorageKind> {
  const { variables, hasPassphrase } = ports.environment
  const question =
    'no keychain here; keep the tokens in passphrase, helper:<program> or plaintext, or stop [passphrase]? '
  const storage = await chooseStorage(ports, {
    file,
    asked: asked ?? text(variables['AIAUTH_STORAGE']) ?? text(ports.settings.read()['storage']),
    hasPassphrase,
    ask: ports.terminal.interactive ? () => ports.terminal.ask(question, ports.interruption) : undefined,
  })
  await ports.authFile.probe()
  if (storage === 'plaintext') warn(ports, plaintextWarning(ports.storages.vaultPath))
  return storage
}
