import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { reportError, runCli, type CliOptions } from './cli.ts'
import type { Ports, Vaults } from './model/ports.ts'
import { authFileOnDisk } from './system/auth-file-on-disk.ts'
import { createBrowser } from './system/browser.ts'
import { clock } from './system/clock.ts'
import { colourOf } from './system/colour.ts'
import { endNow } from './system/end-now.ts'
import { homeFolder } from './system/home.ts'
import { createHttp } from './system/http.ts'
import { openKeychain } from './system/keychain.ts'
import { keychainVault } from './system/keychain-vault.ts'
import { createLoopback } from './system/loopback.ts'
import { findPassphrase, hasPassphrase } from './system/passphrase.ts'
import { KEYCHAIN_IS_SLOW } from './system/read-keychain-item.ts'
import { remoteLogin } from './system/remote-login.ts'
import { sealedVaultOnDisk } from './system/sealed-vault-on-disk.ts'
import { settingsOnDisk } from './system/settings-on-disk.ts'
import { catchSignals, type Interruption } from './system/signals.ts'
import { createTerminal } from './system/terminal.ts'
import { createTrace } from './system/trace.ts'
import { callbackPage } from './ui/callback-page.ts'
import { CHALK } from './ui/chalk-style.ts'
import { PLAIN } from './ui/style.ts'

/** The whole program: the real world behind every port, then one command line. */
export async function main(argv: readonly string[]): Promise<void> {
  const variables = takeVariables()
  const flags = new Set(argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length))
  const options: CliOptions = { json: flags.has('--json'), debug: flags.has('--debug') }
  const interruption = catchSignals()
  const terminal = terminalFor(variables, flags)
  const { ports, close } = createPorts(variables, terminal, interruption)
  const fail = (error: unknown) => endNow(reportError(error, { terminal }, options))
  process.once('uncaughtException', fail).once('unhandledRejection', fail)
  const exitCode = await runCli(argv, ports, options)
  close()
  endNow(exitCode === 0 ? 0 : (interruption.exitCode() ?? exitCode))
}

/** The variables as they were, and those that hold a secret gone from what children inherit. */
function takeVariables(): Readonly<Record<string, string | undefined>> {
  const variables = { ...process.env }
  delete process.env['AIAUTH_PASSPHRASE']
  return variables
}

function terminalFor(variables: Readonly<Record<string, string | undefined>>, flags: ReadonlySet<string>) {
  return createTerminal({
    quiet: flags.has('--quiet'),
    noInput: flags.has('--no-input') || (variables['AIAUTH_NO_INPUT'] ?? '') !== '',
    colour: colourOf(variables, flags),
    styles: { plain: PLAIN, coloured: CHALK },
  })
}

function createPorts(
  variables: Readonly<Record<string, string | undefined>>,
  terminal: Ports['terminal'],
  interruption: Interruption,
): { ports: Ports; close: () => void } {
  const home = homeFolder(variables)
  const trace = createTrace(variables['DEBUG'], (line) => terminal.say(line, { always: true }))
  const keychain = openKeychain({
    childPath: join(__dirname, 'keychain-child.cjs'),
    interactive: terminal.interactive,
    signal: interruption.signal,
    onSlow: () => terminal.say(KEYCHAIN_IS_SLOW, { always: true }),
  })
  const passphrase = (isNew: boolean) => findPassphrase({ variables, terminal, signal: interruption.signal }, isNew)
  const all = {
    keychain: keychainVault(keychain),
    passphrase: sealedVaultOnDisk(home, passphrase),
    plaintext: sealedVaultOnDisk(home, undefined),
  }
  const vaults: Vaults = { vault: (kind) => all[kind] }
  const ports: Ports = {
    clock,
    environment: {
      variables,
      remoteLogin: remoteLogin(variables),
      hasPassphrase: hasPassphrase(variables),
    },
    terminal,
    http: createHttp(trace),
    loopback: createLoopback({ page: callbackPage }),
    browser: createBrowser({ variables, platform: process.platform }),
    vaults,
    authFile: authFileOnDisk(home),
    settings: settingsOnDisk(home),
    identifiers: { uuid: () => randomUUID() },
    trace,
    interruption: interruption.signal,
  }
  return { ports, close: () => keychain.close() }
}
