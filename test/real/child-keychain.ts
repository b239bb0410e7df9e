import { vi } from 'vitest'
import { openKeychain, type Keychain, type KeychainOptions } from '../../src/system/keychain.ts'

const BUS_VARIABLES = ['DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR', 'HOME', 'SSH_CONNECTION', 'SSH_TTY']

/** A keychain whose child inherits the way to this bus. It is closed by whoever opened it. */
export function keychainOn(
  env: NodeJS.ProcessEnv,
  options: Pick<KeychainOptions, 'childPath'> & Partial<KeychainOptions>,
): Keychain {
  for (const name of BUS_VARIABLES) vi.stubEnv(name, env[name])
  return openKeychain({
    interactive: false,
    signal: new AbortController().signal,
    onSlow: () => undefined,
    ...options,
  })
}
