import { chooseStorage } from '../flows/choose-storage.ts'
import type { AuthFile, StorageKind } from '../model/account.ts'
import type { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { plaintextWarning } from '../model/storage-kind.ts'
import { oneLine, text } from '../model/untrusted.ts'
import { warn } from './warn.ts'

export interface StorageForInput {
  readonly file: AuthFile | undefined
  /** `--storage`. */
  readonly asked: string | undefined
  /** What was typed, as it is told again with another storage. */
  readonly command: string
}

/**
 * Where new secrets are kept: `--storage`, else `AIAUTH_STORAGE`, else `storage` in
 * `config.json`, else what the accounts here use; proven to work, as is the folder.
 *
 * @throws AuthError as `chooseStorage`, and what the folder's lock throws.
 */
export async function storageFor(
  ports: Pick<Ports, 'vaults' | 'storages' | 'authFile' | 'settings' | 'environment' | 'terminal' | 'interruption'>,
  { file, asked, command }: StorageForInput,
): Promise<StorageKind> {
  const { variables, hasPassphrase } = ports.environment
  const ask = (cause: AuthError) => {
    ports.terminal.say(`aiauth: ${oneLine(cause.message)}`, { always: true })
    return ports.terminal.ask(QUESTION, ports.interruption)
  }
  const storage = await chooseStorage(ports, {
    file,
    asked: asked ?? text(variables['AIAUTH_STORAGE']) ?? text(ports.settings.read()['storage']),
    command,
    hasPassphrase,
    ask: ports.terminal.interactive ? ask : undefined,
  })
  await ports.authFile.probe()
  if (storage === 'plaintext') warn(ports, plaintextWarning(ports.storages.vaultPath))
  return storage
}

const QUESTION =
  'keep the tokens in passphrase, helper:<program> or plaintext (readable by anyone who can read your files), or stop? [passphrase] '
