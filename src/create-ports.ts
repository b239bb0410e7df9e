import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Ports } from './model/ports.ts'
import { surroundings } from './model/surroundings.ts'
import { createRenewalPorts } from './renewal-ports.ts'
import { backupsOnDisk } from './system/backups-on-disk.ts'
import { credentialHelper } from './system/credential-helper.ts'
import { homeFolder } from './system/home.ts'
import { inspectionOnDisk } from './system/inspection-on-disk.ts'
import { openKeychain } from './system/keychain.ts'
import { findPassphrase, hasPassphrase, newPassphrase } from './system/passphrase.ts'
import { KEYCHAIN_IS_SLOW } from './system/keychain-patience.ts'
import { migrationsOnDisk } from './system/migrations-on-disk.ts'
import { programSettings } from './system/program-settings.ts'
import { rehearsalOnDisk } from './system/rehearsal-on-disk.ts'
import { signInFilesOnDisk } from './system/sign-in-files-on-disk.ts'
import { type Interruption } from './system/signals.ts'
import { storagesOnDisk } from './system/storages-on-disk.ts'
import { ITEM_LIMITS } from './system/small-keychain-vault.ts'
import { tracesOf } from './system/traces.ts'
import { writeUrlFile } from './system/url-file.ts'
import { vaultsOf } from './system/vaults.ts'
import { callbackPage } from './ui/callback-page.ts'

/** The real world behind every port. Adapters that few commands want are loaded where they are first used. */
export function createPorts(
  variables: Readonly<Record<string, string | undefined>>,
  terminal: Ports['terminal'],
  interruption: Interruption,
): { ports: Ports; close: () => void } {
  const home = homeFolder(variables)
  const { signal } = interruption
  const passphrase = (isNew: boolean) =>
    interruption.letThroughDuring(() => findPassphrase({ variables, terminal, signal }, isNew))
  const patience = {
    interactive: terminal.interactive,
    signal,
    onSlow() {
      terminal.say(KEYCHAIN_IS_SLOW, { always: true })
      // By now an answer of a provider stands in the journal, and Ctrl-C was just offered.
      interruption.letThrough()
    },
  }
  const keychain = openKeychain({ childPath: join(__dirname, 'keychain-child.cjs'), ...patience })
  const vaults = vaultsOf({
    home,
    keychain,
    itemLimitCharacters: ITEM_LIMITS[process.platform],
    findPassphrase: passphrase,
    helper: (program) => credentialHelper(program, { ...patience, path: process.env['PATH'] }),
  })
  const renewal = createRenewalPorts({
    home,
    variables,
    interruption,
    vault: (kind) => vaults.vault(kind),
    say: (line) => terminal.say(line, { always: true }),
  })
  const ports: Ports = {
    ...renewal,
    environment: {
      variables,
      // Both may read files, and only a sign-in wants to know.
      get surroundings() {
        return surroundings(tracesOf(variables))
      },
      get hasPassphrase() {
        return hasPassphrase(variables)
      },
      get caller() {
        return renewal.environment.caller
      },
      get preset() {
        return renewal.environment.preset
      },
    },
    terminal,
    loopback: {
      listen: async (redirect) => {
        const { createLoopback } = await import('./system/loopback.ts')
        return createLoopback({ page: callbackPage }).listen(redirect)
      },
    },
    browser: {
      open: async (url, command) => {
        const { createBrowser } = await import('./system/browser.ts')
        return createBrowser({ variables }).open(url, command)
      },
    },
    programs: {
      run: async (call) => {
        const { runProgram } = await import('./system/program-runner.ts')
        // Nothing of ours but this process stays beside the program.
        keychain.close()
        return runProgram(call, interruption.signal)
      },
      settings: (file) => programSettings(variables, file),
    },
    backups: backupsOnDisk(home),
    migrations: migrationsOnDisk(home, variables),
    inspection: inspectionOnDisk(variables),
    storages: storagesOnDisk({
      home,
      vaults,
      hasPassphrase: () => hasPassphrase(variables),
      newPassphrase: (file) => newPassphrase({ terminal, signal }, file),
    }),
    rehearsal: () => rehearsalOnDisk(home, interruption.signal),
    signIns: signInFilesOnDisk(home),
    writeUrlFile,
    identifiers: { uuid: () => randomUUID() },
  }
  return { ports, close: () => keychain.close() }
}
