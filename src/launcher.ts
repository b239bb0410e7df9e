import { showStatus, type Shadows } from './commands/status.ts'
import { DEFAULT_MIN_VALIDITY_SECONDS, printToken } from './commands/print-token.ts'
import { chooseAccount } from './flows/choose-account.ts'
import { heldToken, lasts, useOf } from './flows/held-token.ts'
import { AuthError } from './model/errors.ts'
import type { Vault } from './model/ports.ts'
import { MAY_SHADOW } from './model/shadow.ts'
import { VERSION } from './providers/user-agent.ts'
import { caller } from './system/caller.ts'
import { colourOf } from './system/colour.ts'
import { endNow } from './system/end-now.ts'
import { homeFolder, vaultPathIn } from './system/home.ts'
import { presetFile, presetVariable } from './system/preset.ts'
import { catchSignals, type Interruption } from './system/signals.ts'
import { quickSettings } from './system/quick-settings.ts'
import { quickTerminal, type QuickTerminal } from './system/quick-terminal.ts'
import { readAuthFile } from './system/read-auth-file.ts'
import { noteUse } from './system/note-use.ts'
import { ANSI, PLAIN } from './ui/style.ts'
import { readBundle } from './vault/bundle.ts'

/**
 * What runs first, and for three command lines alone: `--version`, `status` and `token` in
 * their plain shapes, in about the time that Node itself takes. All else, and all that is
 * not simple, is left to the whole program with the same words. Both ways share the
 * functions that decide and print, and a test compares their bytes and exit codes.
 */
export async function launch(
  argv: readonly string[],
  wholeProgram: (argv: readonly string[]) => Promise<void>,
): Promise<void> {
  const words = argv.filter((word) => word !== '--json')
  const json = words.length < argv.length
  const terminal = quickTerminal(colourOf(process.env, new Set(argv)), { plain: PLAIN, coloured: ANSI })
  const shortWay = shortWayFor(words, json, terminal)
  if (shortWay === undefined) return wholeProgram(argv)
  try {
    await shortWay()
  } catch (error) {
    // Tokens that are not there may be elsewhere by now, or be too long for a keychain's item.
    if (!(error instanceof AuthError) || error.code === 'secret-missing') return wholeProgram(argv)
    const { reportError } = await import('./commands/report-error.ts')
    const exitCode = reportError(error, terminal, { json, debug: false })
    endNow(interruption?.exitCode() ?? exitCode)
  }
}

/** Signals are caught only while the keychain is waited for: elsewhere there is nothing to put in order. */
let interruption: Interruption | undefined

type ShortWay = () => Promise<void> | void

function shortWayFor(
  [verb, ...names]: readonly string[],
  json: boolean,
  terminal: QuickTerminal,
): ShortWay | undefined {
  const isVersion = verb === '--version' || verb === '-V'
  if (isVersion && names.length === 0 && !json) return () => terminal.out(`${VERSION}\n`)
  if (names.some((name) => name.startsWith('-'))) return undefined
  const home = homeFolder(process.env)
  const ports = {
    authFile: { read: () => readAuthFile(home) },
    clock: { nowMs: () => Date.now() },
    vaults: { vault: (kind: string) => shortVault(kind, home) },
    storages: { vaultPath: vaultPathIn(home) },
    terminal,
  }
  if (verb === 'status') {
    return async () => {
      const settings = quickSettings(home) ?? leave()
      const environment = await environmentHere()
      showStatus({ ...ports, environment }, { names, json }, settings, await shadowsHere())
    }
  }
  if (verb !== 'token' || names.length > 1) return undefined
  return async () => {
    const nowMs = Date.now()
    const settings = quickSettings(home) ?? leave()
    const preset = names.length === 0 ? (await environmentHere()).preset : undefined
    const choice = { wanted: names[0], preset, nowMs, settings }
    const account = chooseAccount(ports.authFile.read(), choice)
    const bundle = await heldToken(ports, account)
    const isUpToDate = bundle.generation === account.secret.generation
    if (!isUpToDate || !lasts(bundle, DEFAULT_MIN_VALIDITY_SECONDS, nowMs)) {
      if (account.secret.store !== 'plaintext') leave()
      const { renewQuickly } = await import('./quick-token.ts')
      interruption = catchSignals()
      const input = { wanted: names[0], minValiditySeconds: DEFAULT_MIN_VALIDITY_SECONDS, json }
      return renewQuickly(input, { terminal, interruption })
    }
    printToken(ports, { account, bundle, preset }, json)
    noteUse(home, useOf(account, caller(), nowMs))
  }
}

/** What lies in a file is read by another, which is not worth loading where there is none. */
async function environmentHere() {
  const variables = process.env
  const preset = presetVariable(variables)
  const path = preset === undefined ? presetFile() : undefined
  if (path === undefined) return { variables, preset }
  const { readPreset } = await import('./system/read-preset.ts')
  return {
    variables,
    get preset() {
      return readPreset(path)
    },
  }
}

async function shadowsHere(): Promise<Shadows> {
  if (!Object.keys(process.env).some((name) => MAY_SHADOW.test(name))) return () => []
  return (await import('./commands/shadows.ts')).shadows
}

/** Reads without the means to write; a passphrase has to be asked for, which is not short. */
function shortVault(kind: string, home: string): Pick<Vault, 'read'> {
  if (kind === 'keychain') {
    return {
      read: async (accountId) => {
        const { readKeychainItem } = await import('./system/read-keychain-item.ts')
        interruption = catchSignals()
        const item = await readKeychainItem(accountId, interruption.signal)
        return item === undefined ? undefined : readBundle(item, accountId)
      },
    }
  }
  if (kind === 'plaintext') {
    return {
      read: async (accountId) => (await import('./system/read-sealed-vault.ts')).readPlaintextVault(home, accountId),
    }
  }
  return leave()
}

function leave(): never {
  throw new Error('left to the whole program')
}
