import { copyFileSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codexTokensIn } from '../fakes/linked.ts'
import { whyNoCodex } from '../real/codex.ts'
import { whyNoSecretService } from '../real/secret-service.ts'
import {
  aiauth,
  codexText,
  codexWorld,
  expectCodexWorks,
  expectToken,
  LASTING,
  migrated,
  SHORT,
  type CodexWorld,
} from './codex-world.ts'
import { itemsOf, keyring, type Environment } from './keyring-world.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'
import { filesIn, temporaryHome } from './program.ts'

let server: OneUseServer
beforeAll(async () => {
  server = await startOneUseServer()
})
afterAll(() => server.close())

/** Where the secrets are, and how to lock and open that. */
interface Storage {
  readonly env: Environment
  readonly lock: () => void
  readonly open: () => Promise<void> | void
  /** The names of all that it holds of ours. */
  readonly held: (home: string) => string[]
}

const BACKUP_KEY = 'key/backup'

async function keychain(): Promise<Storage> {
  const { service, env } = await keyring()
  const nameOf = ({ shown, account }: ReturnType<typeof itemsOf>[0]) =>
    shown.includes(BACKUP_KEY) ? BACKUP_KEY : account
  return {
    env,
    lock: service.lock,
    open: async () => {
      await service.crash()
      await service.start()
    },
    held: () => itemsOf(service).map(nameOf).sort(),
  }
}

function passphrase(): Storage {
  const path = join(temporaryHome(), 'passphrase')
  const write = (words: string) => () => writeFileSync(path, words, { mode: 0o600 })
  write('correct horse')()
  return {
    env: { AIAUTH_STORAGE: 'passphrase', AIAUTH_PASSPHRASE_FILE: path },
    lock: write('battery staple'),
    open: write('correct horse'),
    held: (home) => {
      const { items } = JSON.parse(readFileSync(join(home, 'vault.json'), 'utf8')) as { items: object }
      return Object.keys(items).sort()
    },
  }
}

const DAYS = [
  ["Codex's file, storage keychain", keychain, false],
  ['our own old file, storage keychain', keychain, true],
  ["Codex's file, storage passphrase", passphrase, false],
] as const

describe.skipIf((whyNoCodex() ?? whyNoSecretService()) !== undefined)('a day with aiauth migrate-auth', () => {
  it.each(DAYS)(
    'M8, M9: goes there, on, back, there again and on: %s',
    { timeout: 90_000 },
    async (_, storageOf, isOurs) => {
      const storage = await storageOf()
      const world = await codexWorld(server, SHORT, storage.env)
      const { home, family } = world
      const own = join(home, 'auth.json')
      if (isOurs) renameSync(world.path, own)

      expect(await migrated(world)).toMatchObject({ outcome: 'migrated', accounts: ['openai'] })
      const id = idIn(world)
      const all = [id, BACKUP_KEY].sort()
      expect(storage.held(home)).toEqual(all)
      expectNothingInClear(world)

      family.behaviour = LASTING
      const first = isOurs ? await expectToken(world) : await expectCodexWorks(world)
      expect(await expectToken(world)).toBe(first)
      expect((await aiauth(world, 'exec', 'openai', '--', 'printenv', 'AIAUTH_TOKEN')).stdout).toBe(`${first}\n`)
      for (const _ of [2, 3]) expect(await aiauth(world, 'refresh', 'openai')).toMatchObject({ exitCode: 0 })
      const current = await expectToken(world)
      expect(family).toMatchObject({ posts: 3, grants: 3, isRevoked: false })
      expectNothingInClear(world)

      const before = contentsOf(home)
      storage.lock()
      expect(await aiauth(world, 'migrate-auth', '--rollback')).toMatchObject({ exitCode: 7, stdout: '' })
      await storage.open()
      expect(contentsOf(home)).toEqual(before)
      expect(storage.held(home)).toEqual(all)

      const rolledBack = await migrated(world, '--rollback')
      expect(rolledBack).toMatchObject({ outcome: 'rolled-back', accounts: ['openai'] })
      expect(storage.held(home)).toEqual([BACKUP_KEY])
      if (isOurs) copyFileSync(own, world.path)
      expect(codexTokensIn(codexText(world)).access).toBe(current)
      expect(await expectCodexWorks(world)).toBe(current)
      if (isOurs) rmSync(world.path)

      const { id: way } = rolledBack['backup'] as { id: string }
      expect(await migrated(world, '--rollback', way)).toMatchObject({ outcome: 'migrated', accounts: ['openai'] })
      expect([idIn(world), storage.held(home)]).toEqual([id, all])
      expect(await expectToken(world)).toBe(current)
      expect(await aiauth(world, 'refresh', 'openai')).toMatchObject({ exitCode: 0 })
      expectNothingInClear(world)

      expect((await migrated(world, '--purge-backups'))['removed']).toHaveLength(3)
      expect(storage.held(home)).toEqual([id])
      expect(await migrated(world, '--list-backups')).toEqual({ backups: [] })
      const last = await expectToken(world)
      if (!isOurs) expect(await expectCodexWorks(world)).toBe(last)
      expect(family).toMatchObject({ posts: 4, grants: 4, isRevoked: false })
    },
  )
})

function idIn({ home }: CodexWorld): string | undefined {
  const { accounts } = JSON.parse(readFileSync(join(home, 'auth.json'), 'utf8')) as { accounts: { id: string }[] }
  return accounts[0]?.id
}

/** All files of ours, with what stands in them. */
function contentsOf(home: string, isOurs = (_name: string) => true): Record<string, string> {
  const names = Object.keys(filesIn(home)).filter((name) => isOurs(name) && statSync(join(home, name)).isFile())
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(home, name), 'latin1')]))
}

/** No refresh token and no JWT, in any file but Codex's own. */
function expectNothingInClear({ home }: CodexWorld): void {
  const contents = contentsOf(home, (name) => !name.startsWith('.codex'))
  expect(Object.keys(contents)).toContain('auth.json')
  const leaks = Object.entries(contents).filter(([, text]) => /RT-[\da-f]{8}-|eyJ[\w-]{8}/.test(text))
  expect(leaks).toEqual([])
}
