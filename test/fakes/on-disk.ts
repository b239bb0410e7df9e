import { randomUUID } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { runCli } from '../../src/cli.ts'
import type { Ports } from '../../src/model/ports.ts'
import { Secret } from '../../src/model/secret.ts'
import { authFileOnDisk } from '../../src/system/auth-file-on-disk.ts'
import { backupsOnDisk } from '../../src/system/backups-on-disk.ts'
import { clock } from '../../src/system/clock.ts'
import { foreignFilesOnDisk } from '../../src/system/foreign-files-on-disk.ts'
import { createHttp } from '../../src/system/http.ts'
import { journalOnDisk } from '../../src/system/journal-on-disk.ts'
import { migrationsOnDisk } from '../../src/system/migrations-on-disk.ts'
import { rehearsalOnDisk } from '../../src/system/rehearsal-on-disk.ts'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { settingsOnDisk } from '../../src/system/settings-on-disk.ts'
import type { Ended } from '../e2e/program.ts'
import { fakePorts, type FakeWorld } from './ports.ts'

/** Two folders, ours and Codex's, gone when the test is over. */
export interface Folders {
  readonly home: string
  readonly codexHome: string
  /** Codex's file. */
  readonly codexFile: string
  /** Our own. */
  readonly authFile: string
}

/** Nothing here is about power cuts, and a disk in memory syncs at once. */
const MEMORY = '/dev/shm'

export function temporaryFolders(): Folders {
  const root = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'aiauth-disk-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const [home, codexHome] = [join(root, 'home'), join(root, 'codex')]
  for (const folder of [home, codexHome]) mkdirSync(folder, { mode: 0o700 })
  return { home, codexHome, codexFile: join(codexHome, 'auth.json'), authFile: join(home, 'auth.json') }
}

/** The whole program in this process: a real disk and network, a terminal that remembers. */
export async function runOnDisk(
  argv: readonly string[],
  { home, codexHome }: Folders,
  world: FakeWorld = {},
  change: (ports: Ports) => Partial<Ports> = () => ({}),
): Promise<Ended> {
  const variables: Record<string, string> = {
    AIAUTH_HOME: home,
    CODEX_HOME: codexHome,
    AIAUTH_STORAGE: 'plaintext',
    ...world.variables,
  }
  const fake = fakePorts({ ...world, variables })
  const passphrase = new Secret(variables['AIAUTH_PASSPHRASE'] ?? '')
  const vaults = {
    plaintext: sealedVaultOnDisk(home, undefined),
    passphrase: sealedVaultOnDisk(home, () => Promise.resolve(passphrase)),
  }
  const ports: Ports = {
    ...fake,
    clock,
    http: createHttp(() => undefined, variables),
    vaults: { vault: (kind) => (kind in vaults ? vaults[kind as keyof typeof vaults] : fake.vaults.vault(kind)) },
    authFile: authFileOnDisk(home),
    journal: journalOnDisk(home, fake.interruption),
    foreignFiles: foreignFilesOnDisk(),
    settings: settingsOnDisk(home),
    backups: backupsOnDisk(home),
    migrations: migrationsOnDisk(home, variables),
    rehearsal: () => rehearsalOnDisk(home, fake.interruption),
    identifiers: { uuid: () => randomUUID() },
  }
  const exitCode = await runCli(argv, { ...ports, ...change(ports) }, { json: argv.includes('--json'), debug: false })
  return { exitCode, signal: null, stdout: fake.stdout.join(''), stderr: fake.stderr.join('') }
}

/** A file of mode 0600, its folder made where there is none. */
export function put(path: string, content: string | object): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2), { mode: 0o600 })
}

/** Everything below both folders: kind, mode, time of its last change and bytes, to tell whether any of it was touched. */
export function traces({ home, codexHome }: Pick<Folders, 'home' | 'codexHome'>): Record<string, string> {
  const paths = [home, codexHome].filter(existsSync).flatMap((folder) => {
    return [folder, ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))]
  })
  return Object.fromEntries(paths.sort().map((path) => [path, traceOf(path)]))
}

function traceOf(path: string): string {
  const facts = lstatSync(path, { bigint: true })
  return `${facts.mode} ${facts.ino} ${facts.mtimeNs} ${facts.isFile() ? readFileSync(path, 'latin1') : ''}`
}
