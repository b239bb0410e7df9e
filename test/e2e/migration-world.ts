import { randomUUID } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatAuthFile, newAuthFile } from '../../src/auth-file/format.ts'
import type { AuthFile, StorageKind } from '../../src/model/account.ts'
import { Secret } from '../../src/model/secret.ts'
import { backupsOnDisk } from '../../src/system/backups-on-disk.ts'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { digest } from '../../src/vault/backup-manifest.ts'
import { account, bundle } from '../fakes/account.ts'
import { accessToken, codexFile } from '../fakes/linked.ts'
import { cheapVault } from '../real/cheap-vault.ts'
import { withFault, type Fault } from '../real/faults/faults.ts'
import type { Family, OneUseServer } from './one-use-server.ts'
import { run, temporaryHome, type Ended } from './program.ts'

const YEARS_SECONDS = 300_000_000
export const PASSPHRASE = 'correct horse battery staple'

/** One way of migrating, and what stands there before it. */
export interface Scene {
  readonly name: string
  readonly argv: readonly string[]
  /** Whether the old file is our own `auth.json`, else Codex's. */
  readonly isInPlace: boolean
  readonly storage: Extract<StorageKind, 'plaintext' | 'passphrase'>
  /** An account that was there before and has nothing to do with it. */
  readonly hasOther: boolean
}

export const IN_PLACE: Scene = { name: 'in place', argv: [], isInPlace: true, storage: 'plaintext', hasOther: false }
export const LINKED: Scene = { name: 'linked', argv: [], isInPlace: false, storage: 'plaintext', hasOther: false }
export const TAKE_OVER: Scene = {
  name: 'take-over',
  argv: ['--take-over'],
  isInPlace: false,
  storage: 'passphrase',
  hasOther: true,
}

/** A home of its own, with Codex's folder in it so that the shim sees that, too. */
export interface MigrationHome {
  readonly home: string
  readonly scene: Scene
  readonly family: Family
}

/** What stands there before a migration. */
export async function homeBefore(scene: Scene, server: OneUseServer): Promise<MigrationHome> {
  const { tokenEndpoint, revocationEndpoint } = server
  const home = temporaryHome({ providers: { openai: { tokenEndpoint, revocationEndpoint } } })
  const family = server.newFamily()
  mkdirSync(join(home, 'codex'), { mode: 0o700 })
  // Another field that nobody knows, which is to survive everything.
  const file = { access: accessToken(1, YEARS_SECONDS), refresh: family.refreshToken, top: { unknown: 'to us' } }
  writeFileSync(legacyPath({ home, scene }), codexFile(file), { mode: 0o600 })
  if (scene.hasOther) await putOther(home)
  return { home, scene, family }
}

async function putOther(home: string): Promise<void> {
  const vault = cheapVault(home, PASSPHRASE)
  const id = randomUUID()
  await vault.write(bundle({ accountId: id }))
  const secret = { store: 'passphrase', generation: 1, renewable: true } as const
  const file: AuthFile = { ...newAuthFile(randomUUID()), storage: 'passphrase', accounts: [account({ id, secret })] }
  writeFileSync(join(home, 'auth.json'), formatAuthFile(file), { mode: 0o600 })
}

/** What stands there before a rollback: migrated, and renewed since, of which Codex was not told. */
export async function homeMigrated(scene: Scene, server: OneUseServer): Promise<MigrationHome> {
  const world = await homeBefore(scene, server)
  await good(world, 'migrate-auth', ...scene.argv)
  const codex = join(world.home, 'codex', 'auth.json')
  if (existsSync(codex)) chmodSync(codex, 0o400)
  await good(world, 'refresh', 'openai')
  if (existsSync(codex)) chmodSync(codex, 0o600)
  return world
}

async function good(world: MigrationHome, ...argv: string[]): Promise<void> {
  const { exitCode, stderr } = await runIn(world, argv)
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${String(exitCode)} ${stderr}`)
}

export const legacyPath = ({ home, scene }: Pick<MigrationHome, 'home' | 'scene'>) =>
  join(home, ...(scene.isInPlace ? [] : ['codex']), 'auth.json')

export function environmentOf({ home, scene }: Pick<MigrationHome, 'home' | 'scene'>): Record<string, string> {
  const secret = scene.storage === 'passphrase' ? { AIAUTH_PASSPHRASE: PASSPHRASE } : {}
  return { CODEX_HOME: join(home, 'codex'), AIAUTH_STORAGE: scene.storage, ...secret }
}

export function runIn(world: Pick<MigrationHome, 'home' | 'scene'>, argv: readonly string[], fault?: Fault | 'none') {
  const { home } = world
  const faults = fault === undefined ? {} : withFault(home, fault === 'none' ? undefined : fault)
  return run(argv, { home, env: { ...environmentOf(world), ...faults } })
}

/** The same in a home of its own: its path, as long as any other's, stands in some of its files, and their checksums in manifests. */
export function copyOf(world: MigrationHome): MigrationHome {
  const home = temporaryHome()
  cpSync(world.home, home, { recursive: true })
  const moved: [old: string, next: string][] = []
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) chmodSync(path, 0o700)
    else moved.push(...rewritten(path, (text) => text.replaceAll(world.home, home)))
  }
  for (const name of existsSync(join(home, 'backup')) ? readdirSync(join(home, 'backup')) : []) {
    if (!name.endsWith('.manifest')) continue
    rewritten(join(home, 'backup', name), (text) => moved.reduce((now, [old, next]) => now.replaceAll(old, next), text))
  }
  return { ...world, home }
}

function rewritten(path: string, change: (text: string) => string): [old: string, next: string][] {
  const text = readFileSync(path, 'utf8')
  const next = change(text)
  if (next === text) return []
  writeFileSync(path, next)
  return [[digest(text).sha256, digest(next).sha256]]
}

/** All that a person or a program could tell of a home, without what differs from run to run. */
export interface State {
  readonly authFile: unknown
  readonly codex: string | undefined
  /** Access and refresh token by the account's name, and the names of what belongs to no account. */
  readonly vault: Readonly<Record<string, string>>
  readonly backups: readonly string[]
  readonly files: readonly string[]
  /** Those in which a refresh token can be read, where the storage seals them. */
  readonly clear: readonly string[]
}

export async function stateOf({ home, scene }: Pick<MigrationHome, 'home' | 'scene'>): Promise<State> {
  const text = contentOf(join(home, 'auth.json'))
  const file = text === undefined ? undefined : (JSON.parse(text) as Partial<AuthFile>)
  const accounts = file?.version === 2 ? (file.accounts ?? []) : []
  const names = new Map(accounts.map(({ id, name }) => [id, name]))
  const backups = backupsOnDisk(home)
    .list()
    .map(({ kind, custody, checksum, isSealed, bytes }) => [kind, custody, checksum, isSealed, bytes].join(' '))
  return {
    authFile: file?.version === 2 ? comparable(home, file) : text,
    codex: contentOf(join(home, 'codex', 'auth.json')),
    vault: await vaultIn(home, scene, names),
    backups,
    files: filesIn(home),
    clear: scene.storage === 'plaintext' ? [] : clearIn(home),
  }
}

function comparable(home: string, { fileId: _, ...file }: Partial<AuthFile>): unknown {
  const accounts = file.accounts?.map(({ id: _id, createdAt: _c, updatedAt: _u, history, ...facts }) => ({
    ...facts,
    history: history.map(({ event }) => event),
  }))
  return JSON.parse(JSON.stringify({ ...file, accounts }).replaceAll(home, '<home>')) as unknown
}

async function vaultIn(home: string, scene: Scene, names: ReadonlyMap<string, string>) {
  const items = Object.keys(
    (JSON.parse(contentOf(join(home, 'vault.json')) ?? '{"items":{}}') as { items: object }).items,
  )
  const passphrase = scene.storage === 'passphrase' ? () => Promise.resolve(new Secret(PASSPHRASE)) : undefined
  const vault = sealedVaultOnDisk(home, passphrase)
  const held = items.map(async (item): Promise<[string, string]> => {
    if (item.startsWith('key/')) return [item, 'a key']
    const { tokens } = (await vault.read(item)) ?? {}
    const secrets = [tokens?.accessToken, tokens?.refreshToken].map((token) => token?.reveal() ?? '')
    return [names.get(item) ?? 'an orphan', secrets.join(' ')]
  })
  return Object.fromEntries((await Promise.all(held)).sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function contentOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** What is not whole is told by its size. */
const filesIn = (home: string) =>
  readdirSync(home, { recursive: true, encoding: 'utf8' })
    .filter((name) => name !== 'uses.log')
    .map((name) => (/\.(?:tmp|new)$/.test(name) ? `${name} ${statSync(join(home, name)).size}` : name))
    .map((name) => name.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>').replace(/\.[0-9a-f]{16}\.tmp/, '.tmp'))
    .map((name) => name.replace(/auth_backup_\d{8}_\d{6}(?:-\d+)?/, '<backup>'))
    .sort()

const clearIn = (home: string) =>
  readdirSync(home, { recursive: true, encoding: 'utf8' }).filter(
    (name) => statSync(join(home, name)).isFile() && readFileSync(join(home, name), 'utf8').includes('RT-'),
  )

/** Where the refresh token stands that the server would take, in places where the programs look for it. */
export function whereItLives({ family }: MigrationHome, { authFile, codex, vault }: State): string[] {
  const inFile = (text: unknown) => typeof text === 'string' && family.isLive(refreshTokenIn(text))
  return [
    ...(family.isLive(vault['openai']?.split(' ')[1]) ? ['the vault'] : []),
    ...(inFile(authFile) ? ['auth.json'] : []),
    ...(inFile(codex) ? ["Codex's file"] : []),
  ]
}

const refreshTokenIn = (text: string) =>
  (JSON.parse(text) as { tokens?: { refresh_token?: string } }).tokens?.refresh_token

/** What a person sees: who is signed in, and which token comes out. */
export async function seenIn(world: MigrationHome): Promise<string> {
  const [status, token] = await Promise.all([runIn(world, ['status', '--json']), runIn(world, ['token', 'openai'])])
  return [shown(status), `${String(token.exitCode)} ${token.stdout}`].join(' | ')
}

function shown({ exitCode, stdout }: Ended): string {
  const { accounts = [] } = JSON.parse(stdout) as { accounts?: { name: string; state: string; linkedTo: unknown }[] }
  const rows = accounts.map(({ name, state, linkedTo }) => `${name} ${state}${linkedTo === null ? '' : ' linked'}`)
  return `${String(exitCode)} ${rows.join()}`
}
