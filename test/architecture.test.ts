import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

/** Imports run one way: each place may import what stands here, and nothing else. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: ['model'],
  providers: ['model', 'providers'],
  oauth: ['model', 'oauth'],
  'auth-file': ['model', 'auth-file'],
  vault: ['model', 'vault'],
  'native-tools': ['model', 'providers', 'native-tools'],
  ui: ['model', 'ui'],
  flows: ['model', 'providers', 'oauth', 'auth-file', 'vault', 'native-tools', 'flows'],
  commands: ['model', 'providers', 'oauth', 'flows', 'ui', 'commands'],
  'cli.ts': ['model', 'providers', 'commands', 'ui'],
  system: ['model', 'auth-file', 'vault', 'native-tools', 'system'],
  'renewal-ports.ts': ['model', 'system'],
  'create-ports.ts': ['model', 'renewal-ports.ts', 'system', 'ui'],
  'main.ts': ['model', 'cli.ts', 'create-ports.ts', 'system', 'ui'],
  'quick-token.ts': ['commands', 'renewal-ports.ts', 'system'],
  'launcher.ts': ['model', 'providers', 'flows', 'commands', 'system', 'ui', 'vault', 'quick-token.ts'],
}

/** The one home of every package; anything not named here lives in `system/`. */
const HOME: Readonly<Record<string, readonly string[]>> = {
  commander: ['cli.ts', 'commands'],
  oauth4webapi: ['oauth'],
  chalk: ['ui'],
  uqr: ['ui'],
  'node:crypto': ['oauth', 'vault', 'system', 'create-ports.ts'],
  'node:path': ['system', 'create-ports.ts'],
}

/** Every place where a secret leaves its wrapping. */
const MAY_REVEAL: readonly string[] = [
  'commands/config-steps.ts',
  'commands/exec-environment.ts',
  'commands/migrate-auth-backups.ts',
  'commands/print-token.ts',
  'flows/doctor/examine-copies.ts',
  'flows/handed-over.ts',
  'flows/keep-account.ts',
  'flows/keep-renewal.ts',
  'flows/linked-sign-in.ts',
  'flows/migration/assess.ts',
  'flows/migration/carry.ts',
  'flows/migration/find-source.ts',
  'flows/migration/forward-steps.ts',
  'flows/migration/legacy-text.ts',
  'flows/migration/recover.ts',
  'flows/migration/restore-source.ts',
  'flows/migration/roll-back-now.ts',
  'flows/migration/roll-back-steps.ts',
  'native-tools/codex-text.ts',
  'oauth/api-key.ts',
  'oauth/callback.ts',
  'oauth/device.ts',
  'oauth/id-token.ts',
  'oauth/pasted.ts',
  'oauth/protected-resource.ts',
  'oauth/refresh.ts',
  'oauth/renewal.ts',
  'oauth/revocation.ts',
  'oauth/token-endpoint.ts',
  'system/backups-on-disk.ts',
  'system/foreign-files-on-disk.ts',
  'system/keychain-vault.ts',
  'system/passphrase.ts',
  'system/rehearsal-on-disk.ts',
  'system/small-keychain-vault.ts',
  'vault/bundle.ts',
  'vault/fingerprint.ts',
  'vault/key-slot.ts',
  'vault/sealed-backup.ts',
  'vault/sealed-file.ts',
  'vault/sealed-sign-in.ts',
  'vault/write-ahead.ts',
  'vault/write-bundle.ts',
]

const SRC = join(import.meta.dirname, '..', 'src')
const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'))
  .sort()

const WORLDLY = ['system', 'renewal-ports.ts', 'create-ports.ts', 'main.ts', 'quick-token.ts', 'launcher.ts']
const place = (file: string) => file.split('/')[0] ?? ''

// Crude on purpose: a `//` inside a string hides the rest of its line from the checks below.
const codeOf = (file: string) => readFileSync(join(SRC, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')

describe('the house', () => {
  it.each(FILES)('src/%s imports only what its layer may', (file) => {
    const text = readFileSync(join(SRC, file), 'utf8')
    for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
      const isOwn = fileName.startsWith('.')
      const target = isOwn ? place(posix.join(posix.dirname(file), fileName)) : fileName
      const allowed = isOwn ? MAY_IMPORT[place(file)] : (HOME[target] ?? ['system'])
      expect(allowed, fileName).toContain(isOwn ? target : place(file))
    }
  })

  it.each(FILES)('src/%s touches the world only where it may', (file) => {
    if (WORLDLY.includes(place(file))) return
    expect(codeOf(file)).not.toMatch(/\bprocess\.|Date\.now\(|new Date\(\)|Math\.random|console\.|[^.\w]fetch\(/)
    // A command may put off loading its own steps; nobody else may import what a test cannot see.
    if (place(file) !== 'commands') expect(codeOf(file)).not.toMatch(/\bimport\(/)
  })

  it('knows every file that reveals a secret', () => {
    expect(FILES.filter((file) => codeOf(file).includes('.reveal('))).toEqual(MAY_REVEAL)
  })

  it.each(FILES)('src/%s can be read at one sitting', (file) => {
    expect(readFileSync(join(SRC, file), 'utf8').split('\n').length).toBeLessThanOrEqual(240)
  })
})
