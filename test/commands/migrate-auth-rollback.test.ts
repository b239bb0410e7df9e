import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startOneUseServer, type Family, type OneUseServer } from '../e2e/one-use-server.ts'
import { accessToken, codexFile, codexTokensIn, idToken } from '../fakes/linked.ts'
import { put, runOnDisk, temporaryFolders, traces, type Folders } from '../fakes/on-disk.ts'

let server: OneUseServer
beforeAll(async () => {
  server = await startOneUseServer()
})
afterAll(() => server.close())

const parsed = ({ stdout }: { readonly stdout: string }) => JSON.parse(stdout) as Record<string, unknown>
const migrate = (folders: Folders, ...more: string[]) => runOnDisk(['migrate-auth', '--json', ...more], folders)
const done = async (folders: Folders, ...more: string[]) => {
  const ended = await migrate(folders, ...more)
  expect(ended.exitCode, ended.stdout).toBe(0)
  return parsed(ended)
}
const textOf = (path: string) => readFileSync(path, 'utf8')
const backupIn = (report: Record<string, unknown>) => report['backup'] as { id: string; path: string }
const namesIn = ({ authFile }: Folders) =>
  (JSON.parse(textOf(authFile)) as { accounts: { name: string }[] }).accounts.map(({ name }) => name)
const itemsIn = ({ home }: Folders) =>
  Object.keys((JSON.parse(textOf(join(home, 'vault.json'))) as { items: object }).items)

const UNKNOWN = { top: { zeta: { deep: [1.0] } }, among: { login_owner_id: 'owner-1' } }

interface World {
  readonly folders: Folders
  readonly family: Family
  readonly source: string
}

function worldWith(place: 'authFile' | 'codexFile', accountId = 'acc-1'): World {
  const folders = temporaryFolders()
  const family = server.newFamily()
  const { accessToken: access, refreshToken: refresh } = family
  put(join(folders.home, 'config.json'), { providers: { openai: { tokenEndpoint: server.tokenEndpoint } } })
  put(folders[place], codexFile({ access, refresh, accountId, id: idToken('plus', accountId), ...UNKNOWN }))
  return { folders, family, source: folders[place] }
}

const renewed = async (folders: Folders, name = 'openai') => {
  const ended = await runOnDisk(['refresh', name, '--json'], folders)
  expect(parsed(ended)).toMatchObject({ results: [{ outcome: 'renewed' }] })
}

const WAYS: readonly [string, 'authFile' | 'codexFile', string[]][] = [
  ['in place', 'authFile', []],
  ['linked', 'codexFile', []],
  ['taken over', 'codexFile', ['--take-over']],
  ['a copy', 'codexFile', ['--copy']],
]

describe.each(WAYS)('aiauth migrate-auth --rollback, of a migration that was %s', (_name, place, flags) => {
  it('M8: gives the structure back around the tokens as they are after two renewals', async () => {
    const { folders, family, source } = worldWith(place)
    const before = JSON.parse(textOf(source)) as Record<string, Record<string, unknown>>
    await done(folders, ...flags)
    await renewed(folders)
    await renewed(folders)
    expect(await done(folders, '--rollback')).toMatchObject({ outcome: 'rolled-back', accounts: ['openai'] })
    const after = JSON.parse(textOf(source)) as Record<string, Record<string, unknown>>
    const { access, refresh, lastRefresh } = codexTokensIn(textOf(source))
    expect([family.isLive(refresh), family.accepts(access ?? ''), family.grants]).toEqual([true, true, 2])
    expect(lastRefresh).toMatch(/^\d{4}-.*Z$/)
    expect(after).toEqual({
      ...before,
      tokens: { ...before['tokens'], access_token: access, refresh_token: refresh },
      last_refresh: lastRefresh,
    })
    expect([family.isRevoked, itemsIn(folders)]).toEqual([false, []])
  })

  it('M8: never brings back a spent token, also when the vault has lost the current ones', async () => {
    const { folders, family, source } = worldWith(place)
    await done(folders, ...flags)
    const first = family.refreshToken
    await renewed(folders)
    if (place === 'codexFile')
      put(source, textOf(source).replace(/"refresh_token": "[^"]+"/, `"refresh_token": "${first}"`))
    rmSync(join(folders.home, 'vault.json'))
    const report = await done(folders, '--rollback')
    expect(JSON.stringify(report['notes'])).toContain('sign in there again')
    expect(textOf(source)).not.toContain(first)
    expect(codexTokensIn(textOf(source)).refresh ?? '').toBe('')
  })

  it('M9: is done once however often it is asked for, and can be rolled back as often', async () => {
    const { folders, source } = worldWith(place)
    const text = textOf(source)
    await done(folders, ...flags)
    const migrated = { names: namesIn(folders), source: textOf(source), items: itemsIn(folders) }
    let back = await done(folders, '--rollback')
    for (let round = 1; round <= 2; round++) {
      expect(back).toMatchObject({ outcome: 'rolled-back', accounts: ['openai'] })
      expect([textOf(source), itemsIn(folders)]).toEqual([text, []])
      const still = traces(folders)
      expect(await done(folders, '--rollback')).toMatchObject({ outcome: 'nothing-to-do', backup: null })
      expect(Object.keys(traces(folders))).toEqual(Object.keys(still))
      expect(textOf(source)).toBe(text)

      const { id } = backupIn(back)
      expect(await done(folders, '--rollback', id)).toMatchObject({ outcome: 'migrated', accounts: ['openai'] })
      expect([namesIn(folders), itemsIn(folders)]).toEqual([migrated.names, migrated.items])
      if (place === 'codexFile') expect(textOf(source)).toBe(migrated.source)
      expect(await done(folders, '--rollback', id)).toMatchObject({ outcome: 'nothing-to-do' })
      expect(await runOnDisk(['token'], folders)).toMatchObject({ exitCode: 0 })
      back = await done(folders, '--rollback')
    }
  })

  it('M7: refuses a damaged backup, whatever was done to it, and keeps all as it is', async () => {
    const DAMAGES: readonly ((path: string) => void)[] = [
      (path) => truncateSync(path, 40),
      (path) => writeFileSync(path, textOf(path).replace('RT-', 'RT_')),
      (path) => rmSync(path.replace(/json$/, 'manifest')),
      (path) => writeFileSync(path.replace(/json$/, 'manifest'), '{}'),
      (path) => rmSync(path),
    ]
    for (const damage of DAMAGES) {
      const { folders } = worldWith(place)
      const { id, path } = backupIn(await done(folders, ...flags))
      damage(path)
      const left = traces(folders)
      for (const argv of [['--rollback'], ['--rollback', id]]) {
        const ended = await migrate(folders, ...argv)
        expect(parsed(ended), String(damage)).toMatchObject({ error: { code: 'auth-file-invalid' } })
        expect(ended.exitCode).toBe(8)
      }
      const exported = await runOnDisk(['migrate-auth', '--export-backup', id], folders)
      expect(exported).toMatchObject({ exitCode: 8, stdout: '' })
      const isFile = ([path]: [string, string]) => path !== folders.home
      expect(Object.entries(traces(folders)).filter(isFile)).toEqual(Object.entries(left).filter(isFile))
      expect(await done(folders, '--list-backups')).toMatchObject({ backups: [{ id, checksum: 'bad' }] })
      expect(await runOnDisk(['token'], folders)).toMatchObject({ exitCode: 0 })
    }
  })
})

describe('aiauth migrate-auth --rollback', () => {
  it('M9: says that no such backup is there', async () => {
    const { folders } = worldWith('authFile')
    expect(await migrate(folders, '--rollback', 'auth_backup_20200101_000000')).toMatchObject({ exitCode: 2 })
    expect(await migrate(folders, '--rollback', '../../etc/passwd')).toMatchObject({ exitCode: 2 })
    expect(await migrate(folders, '--export-backup', '../../etc/passwd')).toMatchObject({ exitCode: 2 })
  })

  it('M9: does not bring in Codex’s file where a rollback in our own place was rolled back already', async () => {
    const { folders } = worldWith('authFile')
    await done(folders)
    const { id } = backupIn(await done(folders, '--rollback'))
    await done(folders, '--rollback', id)
    put(
      folders.codexFile,
      codexFile({ accountId: 'acc-2', id: idToken('plus', 'acc-2'), access: accessToken(9, 10_000_000, 'acc-2') }),
    )
    expect(await done(folders, '--rollback', id)).toMatchObject({ outcome: 'nothing-to-do' })
    expect(namesIn(folders)).toEqual(['openai'])
    rmSync(folders.authFile)
    expect(await migrate(folders, '--rollback', id)).toMatchObject({ exitCode: 0 })
    expect(readdirSync(folders.home)).not.toContain('auth.json')
  })

  it('M10: refuses to lose accounts without --force, and brings all back from its backup', async () => {
    const { folders, source } = worldWith('authFile')
    const text = textOf(source)
    await done(folders)
    put(
      folders.codexFile,
      codexFile({ accountId: 'acc-2', id: idToken('plus', 'acc-2'), access: accessToken(9, 10_000_000, 'acc-2') }),
    )
    await done(folders)
    expect(namesIn(folders)).toEqual(['openai', 'openai-2'])
    const [, { id } = { id: '' }] = (await done(folders, '--list-backups'))['backups'] as { id: string }[]
    const kept = textOf(source)
    const refused = await migrate(folders, '--rollback', id)
    expect(refused.exitCode).toBe(2)
    expect(parsed(refused)).toMatchObject({ error: { message: expect.stringContaining('openai-2') as string } })
    expect(textOf(source)).toBe(kept)
    const back = await done(folders, '--rollback', id, '--force')
    expect(textOf(source)).toBe(text)
    expect(itemsIn(folders)).toHaveLength(1)
    await done(folders, '--rollback', backupIn(back).id)
    expect(namesIn(folders)).toEqual(['openai', 'openai-2'])
    expect(await runOnDisk(['token', 'openai-2'], folders)).toMatchObject({ exitCode: 0 })
  })

  it('M9: a migration that failed is none to roll back; the one before it is', async () => {
    const { folders } = worldWith('codexFile')
    await done(folders)
    const text = codexFile({
      accountId: 'acc-2',
      id: idToken('plus', 'acc-2'),
      access: accessToken(9, 10_000_000, 'acc-2'),
    })
    put(folders.codexFile, text)
    const failing = await runOnDisk(['migrate-auth', '--json', '--copy'], folders, {}, ({ authFile }) => ({
      authFile: {
        ...authFile,
        rewrite: (work) =>
          authFile.rewrite((draft) => work({ ...draft, read: () => draft.read().replace('acc-2', 'acc-3') })),
      },
    }))
    expect(failing.exitCode).toBe(10)
    expect(await done(folders, '--rollback')).toMatchObject({ outcome: 'rolled-back', accounts: ['openai'] })
    expect(textOf(folders.codexFile)).toBe(text)
  })

  it('M8: keeps nothing back when the other program’s file cannot be read at that moment', async () => {
    const { folders, source } = worldWith('codexFile')
    await done(folders)
    const text = textOf(source)
    put(source, text.slice(0, 50))
    expect(await migrate(folders, '--rollback')).toMatchObject({ exitCode: 8 })
    put(source, text)
    expect(await done(folders)).toMatchObject({ outcome: 'nothing-to-do' })
    expect(namesIn(folders)).toEqual(['openai'])
    expect(await done(folders, '--rollback')).toMatchObject({ outcome: 'rolled-back' })
  })
})
