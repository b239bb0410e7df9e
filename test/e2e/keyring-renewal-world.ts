import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { formatAuthFile, newAuthFile } from '../../src/auth-file/format.ts'
import type { Account } from '../../src/model/account.ts'
import { Secret } from '../../src/model/secret.ts'
import { claude } from '../../src/providers/claude.ts'
import type { Keychain } from '../../src/system/keychain.ts'
import { keychainVault } from '../../src/system/keychain-vault.ts'
import { account, bundle } from '../fakes/account.ts'
import type { SecretService } from '../real/secret-service.ts'
import { itemsOf, keychainOf, keyring, type Environment } from './keyring-world.ts'
import type { Behaviour, Family, OneUseServer } from './one-use-server.ts'
import { filesIn, run, start, temporaryHome, type Ended, type Running } from './program.ts'

/** An account `work` in a keyring, and everything that a renewal of it touches. */
export interface KeyringWorld {
  readonly home: string
  readonly env: Environment
  readonly service: SecretService
  readonly family: Family
  readonly accountId: string
  /** Another program's way to the item. */
  readonly keychain: Keychain
}

/** Something that happens to the keyring. */
export type Trouble = (world: KeyringWorld) => Promise<void> | void

/** Long enough to make trouble while the answer is on its way. */
const ON_ITS_WAY: Behaviour = { delayMs: 400 }

/** An account as a sign-in at the server would have left it, whose access token has been over for a minute. */
export async function keyringWorld(
  server: OneUseServer,
  options?: Parameters<typeof keyring>[0],
): Promise<KeyringWorld> {
  const { service, env } = await keyring(options)
  const { tokenEndpoint, revocationEndpoint } = server
  const home = temporaryHome({ providers: { claude: { tokenEndpoint, revocationEndpoint } } })
  const [family, accountId, expiresAtMs] = [server.newFamily(), randomUUID(), Date.now() - 60_000]
  const secret: Account['secret'] = { store: 'keychain', generation: 1, renewable: true }
  const accounts = [account({ id: accountId, secret, expiresAt: new Date(expiresAtMs).toISOString() })]
  const file = { ...newAuthFile(randomUUID()), storage: 'keychain', accounts }
  writeFileSync(join(home, 'auth.json'), formatAuthFile(file), { mode: 0o600 })
  const tokens = {
    ...bundle().tokens,
    accessToken: new Secret(family.accessToken),
    refreshToken: new Secret(family.refreshToken),
    expiresAtMs,
  }
  const keychain = keychainOf(service)
  await keychainVault(keychain).write(bundle({ accountId, tokenEndpoint, clientId: claude.clientId, tokens }))
  return { home, env, service, family, accountId, keychain }
}

/** `aiauth token work`, with further words. */
export const token = ({ home, env }: KeyringWorld, ...words: string[]): Promise<Ended> =>
  run(['token', 'work', ...words], { home, env })

/** `aiauth token work`, while something happens between the request and its answer. */
export async function whileInFlight(
  { home, env, family }: KeyringWorld,
  happens: (program: Running) => Promise<void> | void,
  behaviour = ON_ITS_WAY,
): Promise<Ended> {
  family.behaviour = behaviour
  const program = start(['token', 'work'], { home, env })
  await family.next('arrival')
  await happens(program)
  const ended = await program.ended
  family.behaviour = {}
  return ended
}

/** Exit 0 and nothing but a token that the server takes; returned. */
export function expectToken({ family }: KeyringWorld, { exitCode, stdout, stderr }: Ended): string {
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^AT-\S+\n$/)
  expect(family.accepts(stdout.trim())).toBe(true)
  return stdout.trim()
}

/** One item, which is the account's and holds the refresh token that comes next; nothing waits in the journal. */
export async function expectKept(world: KeyringWorld, generation: number): Promise<void> {
  expect(itemsOf(world.service).map(({ account }) => account)).toEqual([world.accountId])
  const kept = await keychainVault(world.keychain).read(world.accountId)
  expect([kept?.generation, factsOf(world).secret.generation]).toEqual([generation, generation])
  expect(world.family.isLive(kept?.tokens.refreshToken?.reveal())).toBe(true)
  expect(recordsIn(world)).toEqual([])
  expectNoTokenInFiles(world)
}

/** The account as `auth.json` tells of it. */
export function factsOf({ home }: KeyringWorld): Account {
  const { accounts } = JSON.parse(readFileSync(join(home, 'auth.json'), 'utf8')) as { accounts: [Account] }
  return accounts[0]
}

/** The records of renewals that are under way, or were cut off. */
export function recordsIn({ home }: KeyringWorld): string[] {
  const folder = join(home, 'journal')
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []
}

export function expectNoTokenInFiles({ home }: KeyringWorld): void {
  const files = Object.keys(filesIn(home)).filter((name) => name !== 'journal')
  const texts = files.map((name) => readFileSync(join(home, name), 'utf8'))
  expect(texts.filter((text) => /[AR]T-[\da-f]{8}/.test(text))).toEqual([])
}

/** However it was, the keyring runs from now on and is open, with what it had on disk. */
export async function restart({ service }: KeyringWorld): Promise<void> {
  await service.crash()
  await service.start()
}
