import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codexFile, accessToken } from '../fakes/linked.ts'
import { put, runOnDisk, temporaryFolders, traces, type Folders } from '../fakes/on-disk.ts'

const CODEX = codexFile({ access: accessToken(1, 10_000_000), top: { note: 'mine' } })
const SEALED = { variables: { AIAUTH_STORAGE: 'passphrase', AIAUTH_PASSPHRASE: 'a long enough passphrase' } }
const textOf = (path: string) => readFileSync(path, 'utf8')
const parsed = ({ stdout }: { readonly stdout: string }) => JSON.parse(stdout) as Record<string, unknown>
const asked = (folders: Folders, typed: string[], ...argv: string[]) =>
  runOnDisk(['migrate-auth', ...argv], folders, { interactive: true, typed })

describe('aiauth migrate-auth, with a person at the terminal', () => {
  it.each(['n', 'No', ' nope'])('shows the plan first, and changes nothing after %j', async (answer) => {
    const folders = temporaryFolders()
    put(folders.authFile, CODEX)
    const before = traces(folders)
    const ended = await asked(folders, [answer])
    expect(ended).toMatchObject({ exitCode: 130, stdout: '' })
    expect(ended.stderr).toMatch(
      / 1 {2}back-up: copy [\s\S]* 7 {2}tidy-up: [\s\S]*go on\? \[Y\/n\] aiauth: error: cancelled; nothing was changed/,
    )
    expect(traces(folders)).toEqual(before)
  })

  it('goes on after a yes, and asks nothing with --yes', async () => {
    const folders = temporaryFolders()
    put(folders.authFile, CODEX)
    expect(await asked(folders, [''])).toMatchObject({ exitCode: 0 })
    expect(await asked(folders, ['n'], '--rollback')).toMatchObject({ exitCode: 130 })
    expect(textOf(folders.authFile)).toContain('"version": 2')
    expect(await asked(folders, ['y'], '--rollback')).toMatchObject({ exitCode: 0 })
    expect(textOf(folders.authFile)).toBe(CODEX)
    const silent = await asked(folders, [], '--yes', '--json')
    expect(parsed(silent)).toMatchObject({ outcome: 'migrated' })
    expect(silent.stderr).not.toContain('go on?')
  })
})

describe('the backups of aiauth migrate-auth', () => {
  it('M7: are sealed where the storage is, and come out again byte by byte', async () => {
    const folders = temporaryFolders()
    put(folders.authFile, CODEX)
    const report = parsed(await runOnDisk(['migrate-auth', '--json'], folders, SEALED))
    const { id, path } = report['backup'] as { id: string; path: string }
    for (const name of readdirSync(folders.home, { recursive: true, encoding: 'utf8' })) {
      const file = join(folders.home, name)
      if (statSync(file).isFile()) expect(textOf(file), name).not.toMatch(/RT-1|eyJhbGciOiJub25lIn0/)
    }
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const exported = await runOnDisk(['migrate-auth', '--export-backup', id], folders, SEALED)
    expect(exported).toMatchObject({ exitCode: 0, stdout: CODEX, stderr: '' })
    expect(parsed(await runOnDisk(['migrate-auth', '--list-backups', '--json'], folders))).toMatchObject({
      backups: [{ id, checksum: 'ok', bytes: CODEX.length, sealed: true }],
    })
    const wrong = { variables: { ...SEALED.variables, AIAUTH_PASSPHRASE: 'not the passphrase' } }
    expect((await runOnDisk(['migrate-auth', '--rollback'], folders, wrong)).exitCode).toBe(7)
    expect(textOf(folders.authFile)).toContain('"version": 2')
    expect(await runOnDisk(['migrate-auth', '--rollback'], folders, SEALED)).toMatchObject({ exitCode: 0 })
    expect(textOf(folders.authFile)).toBe(CODEX)
  })

  it('are never written onto a terminal, nor as JSON', async () => {
    const folders = temporaryFolders()
    put(folders.authFile, CODEX)
    const { id } = parsed(await runOnDisk(['migrate-auth', '--json'], folders))['backup'] as { id: string }
    const shown = await runOnDisk(['migrate-auth', '--export-backup', id], folders, {}, ({ terminal }) => ({
      terminal: { ...terminal, outColumns: 80 },
    }))
    expect(shown).toMatchObject({ exitCode: 2, stdout: '' })
    expect(await runOnDisk(['migrate-auth', '--export-backup', id, '--json'], folders)).toMatchObject({ exitCode: 2 })
  })

  it('M9: are gone after --purge-backups, and then there is nothing to roll back', async () => {
    const folders = temporaryFolders()
    put(folders.authFile, CODEX)
    await runOnDisk(['migrate-auth'], folders, SEALED)
    const before = textOf(folders.authFile)
    expect(await asked(folders, ['n'], '--purge-backups')).toMatchObject({ exitCode: 130 })
    const purged = await runOnDisk(['migrate-auth', '--purge-backups', '--json'], folders, SEALED)
    expect(parsed(purged)).toEqual({ removed: [expect.stringMatching(/^auth_backup_/)] })
    expect(readdirSync(join(folders.home, 'backup'))).toEqual([])
    expect(parsed(await runOnDisk(['migrate-auth', '--rollback', '--json'], folders, SEALED))).toMatchObject({
      outcome: 'nothing-to-do',
    })
    expect(textOf(folders.authFile)).toBe(before)
  })

  it('M8: a sign-out after the migration is not undone by a rollback', async () => {
    const folders = temporaryFolders()
    put(folders.authFile, CODEX)
    await runOnDisk(['migrate-auth'], folders)
    expect(await runOnDisk(['logout', 'openai', '--local-only'], folders)).toMatchObject({ exitCode: 0 })
    const back = await runOnDisk(['migrate-auth', '--rollback', '--json'], folders)
    expect(parsed(back)).toMatchObject({
      outcome: 'rolled-back',
      notes: ['the sign-in was ended meanwhile: sign in there again'],
    })
    expect(textOf(folders.authFile)).not.toContain('RT-1')
    expect(JSON.parse(textOf(folders.authFile))).toMatchObject({ note: 'mine', tokens: { refresh_token: '' } })
  })
})
