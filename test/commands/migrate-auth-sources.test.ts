import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { accessToken, codexFile } from '../fakes/linked.ts'
import { put, runOnDisk, temporaryFolders, traces, type Folders } from '../fakes/on-disk.ts'

const migrate = (folders: Folders, ...more: string[]) => runOnDisk(['migrate-auth', ...more], folders)
const parsed = ({ stdout }: { readonly stdout: string }) => JSON.parse(stdout) as Record<string, unknown>
const stored = ({ authFile }: Folders) => JSON.parse(readFileSync(authFile, 'utf8')) as Record<string, unknown>

/** Refused in one line with a hint, and nothing of it touched. */
async function expectRefused(folders: Folders, exitCode: number, message: RegExp, ...more: string[]): Promise<void> {
  const before = traces(folders)
  const ended = await migrate(folders, ...more)
  expect(ended.stdout).toBe('')
  expect(ended.stderr).toMatch(/^aiauth: error: [^\n]+\naiauth: hint: [^\n]+\n$/)
  expect(ended.stderr).toMatch(message)
  expect(ended.exitCode).toBe(exitCode)
  expect(traces(folders)).toEqual(before)
}

describe('aiauth migrate-auth, by what is there', () => {
  it('M19: has nothing to do without any file, and makes none', async () => {
    const folders = temporaryFolders()
    const before = traces(folders)
    for (const more of [[], ['--check'], ['--dry-run'], ['--rehearse'], ['--list-backups']]) {
      const ended = await migrate(folders, ...more)
      expect(ended, more.join()).toMatchObject({ exitCode: 0 })
    }
    const ended = await migrate(folders)
    expect(ended.stderr).toBe(
      `aiauth: nothing to do\naiauth: neither ${folders.authFile} nor ${folders.codexFile} exists\n`,
    )
    expect(traces(folders)).toEqual(before)
    for (const more of ['--rollback', '--purge-backups']) {
      const undone = await migrate(folders, more)
      expect(undone, more).toMatchObject({ exitCode: 0 })
    }
    expect(Object.keys(traces(folders))).toEqual(Object.keys(before))
  })

  it('M19: does not make a home folder in order to say that there is nothing', async () => {
    const folders = temporaryFolders()
    const nowhere = { ...folders, home: join(folders.home, 'none', 'aiauth') }
    const ended = await runOnDisk(['migrate-auth', '--json'], nowhere)
    expect(ended).toMatchObject({ exitCode: 0 })
    expect(Object.keys(traces(folders))).toEqual([folders.codexHome, folders.home])
  })

  it.each([
    ['a folder that is not there', (folders: Folders) => join(folders.codexHome, 'none'), 0],
    ['a file', (folders: Folders) => folders.codexFile, 8],
  ])('M19: takes CODEX_HOME as it is, be it %s', async (_case, codexHomeOf, exitCode) => {
    const folders = temporaryFolders()
    put(folders.codexFile, codexFile())
    const ended = await runOnDisk(['migrate-auth'], folders, { variables: { CODEX_HOME: codexHomeOf(folders) } })
    expect(ended.exitCode).toBe(exitCode)
  })

  it('M14: waits for a program that is about to write its file', async () => {
    const folders = temporaryFolders()
    put(folders.authFile, '')
    const migrating = migrate(folders, '--json')
    await sleep(300)
    writeFileSync(folders.authFile, codexFile())
    expect(parsed(await migrating)).toMatchObject({ outcome: 'migrated', accounts: ['openai'] })
  })

  it.each([
    ['half a file', '{"version": 2, "accou', /auth\.json cannot be read: is not valid JSON; it was left as it is/],
    ['nothing', '', /auth\.json cannot be read: is empty; it was left as it is/],
    ['a list', '[1]', /auth\.json cannot be read: is not a record; it was left as it is/],
  ])('F1, F2, M14: calls our own file damaged, not Codex’s, where it holds %s', async (_case, content, message) => {
    const folders = temporaryFolders()
    put(folders.authFile, content)
    await expectRefused(folders, 8, message)
  })

  it.each([
    ['3', /auth\.json has version 3, this program knows 2/],
    ['"2"', /version is not a number/],
    ['null', /version is not a number/],
    ['0', /version is not a number/],
    ['1.5', /version is not a number/],
  ])('M24, F7, F8: leaves a file of version %s alone', async (version, message) => {
    const folders = temporaryFolders()
    put(folders.authFile, `{"version": ${version}, "tokens": {"access_token": "AT-1"}}`)
    put(folders.codexFile, codexFile())
    await expectRefused(folders, 8, message)
    await expectRefused(folders, 8, message, '--from', folders.codexFile)
  })

  it('M24: takes version 1 for the unversioned format, and does not report the number as lost', async () => {
    const folders = temporaryFolders()
    put(folders.authFile, { version: 1, ...(JSON.parse(codexFile()) as object) })
    const ended = await migrate(folders, '--json')
    expect(parsed(ended)).toMatchObject({ outcome: 'migrated', accounts: ['openai'], notCarried: [] })
    expect(stored(folders)).toMatchObject({ version: 2 })
  })

  it('F9, F6: keeps unknown fields in the new file, those that may hold a secret in the backup only', async () => {
    const folders = temporaryFolders()
    const content = `{"__proto__": {"x": 1}, "constructor": "c", "note": "two words", "list": [1, {"deep": null}],
      "big": 12345678901234567890, "cookie": "0123456789abcdef0", "client_secret": "hunter2", "mfa": {"pin_token": "1234"},
      "accounts": [], "tokens": {"access_token": "AT-1", "refresh_token": "RT-1", "extra": true}}`
    put(folders.authFile, content)
    const ended = await migrate(folders, '--json')
    expect(ended.exitCode).toBe(0)
    const left = parsed(ended)['notCarried'] as { field: string }[]
    expect(left.map(({ field }) => field)).toEqual(['cookie', 'client_secret', 'mfa', 'accounts', 'tokens.extra'])
    const file = stored(folders)
    expect(Object.getOwnPropertyDescriptor(file, '__proto__')?.value).toEqual({ x: 1 })
    expect(file).toMatchObject({ constructor: 'c', note: 'two words', list: [1, { deep: null }] })
    expect(readFileSync(folders.authFile, 'utf8')).not.toMatch(/hunter2|1234"|0123456789abcdef0|AT-1|RT-1/)
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
    expect(await migrate(folders, '--rollback')).toMatchObject({ exitCode: 0 })
    expect(readFileSync(folders.authFile, 'utf8')).toBe(content)
  })

  it('M16: brings in an ID token of 3 MB', async () => {
    const folders = temporaryFolders()
    const payload = Buffer.from(JSON.stringify({ email: 'a@b.example', pad: 'x'.repeat(3_000_000) })).toString(
      'base64url',
    )
    const text = codexFile({ id: `e30.${payload}.c2ln` })
    put(folders.authFile, text)
    expect(parsed(await migrate(folders, '--json'))).toMatchObject({ outcome: 'migrated' })
    expect(readFileSync(folders.authFile, 'utf8').length).toBeLessThan(10_000)
    expect(await migrate(folders, '--rollback')).toMatchObject({ exitCode: 0 })
    expect(readFileSync(folders.authFile, 'utf8') === text).toBe(true)
  })

  it('X2: says a path that holds escape sequences without them', async () => {
    const folders = temporaryFolders()
    const path = join(folders.codexHome, 'a\u001B[2Jb\n.json')
    await expectRefused(folders, 2, /there is no file .*ab/, '--from', path)
    put(path, codexFile())
    for (const more of [['--check'], ['--dry-run'], []]) {
      const ended = await migrate(folders, ...more, '--from', path)
      expect(ended.exitCode).toBe(0)
      expect(ended.stdout + ended.stderr).not.toContain('\u001B')
    }
  })
})

describe('aiauth migrate-auth, for a source in an odd place', () => {
  it('M17, F10: replaces our own file behind a link only after a yes, and keeps the link', async () => {
    const folders = temporaryFolders()
    const real = join(folders.codexHome, 'dotfiles', 'aiauth.json')
    put(real, codexFile())
    symlinkSync(real, folders.authFile)
    await expectRefused(folders, 2, /symbolic link/)
    expect(await migrate(folders, '--yes')).toMatchObject({ exitCode: 0 })
    expect(readlinkSync(folders.authFile)).toBe(real)
    expect(JSON.parse(readFileSync(real, 'utf8'))).toMatchObject({ version: 2 })
    expect(await migrate(folders, '--rollback')).toMatchObject({ exitCode: 0 })
    expect([readlinkSync(folders.authFile), readFileSync(real, 'utf8')]).toEqual([real, codexFile()])
  })

  it('M17: replaces our own write-protected file only after a yes', async () => {
    const folders = temporaryFolders()
    put(folders.authFile, codexFile())
    chmodSync(folders.authFile, 0o400)
    await expectRefused(folders, 2, /write-protected/)
    expect(await migrate(folders, '--yes')).toMatchObject({ exitCode: 0 })
  })

  it('M17: never takes Codex’s own file for ours, not even behind a link', async () => {
    const folders = temporaryFolders()
    put(folders.codexFile, codexFile())
    symlinkSync(folders.codexFile, folders.authFile)
    await expectRefused(folders, 2, /is Codex's own file/, '--yes')
    await expectRefused({ ...folders, home: folders.codexHome }, 2, /is Codex's own file/, '--yes')
    expect(readFileSync(folders.codexFile, 'utf8')).toBe(codexFile())
  })

  it('M17: links to Codex’s file behind a link, or write-protected, without changing it', async () => {
    const folders = temporaryFolders()
    const real = join(folders.codexHome, 'dotfiles', 'codex.json')
    put(real, codexFile())
    chmodSync(real, 0o400)
    symlinkSync(real, folders.codexFile)
    const facts = statSync(real, { bigint: true })
    expect(parsed(await migrate(folders, '--json'))).toMatchObject({ outcome: 'migrated', accounts: ['openai'] })
    expect(statSync(real, { bigint: true })).toMatchObject({ mtimeNs: facts.mtimeNs, mode: facts.mode, ino: facts.ino })
    expect(stored(folders)).toMatchObject({ accounts: [{ linkedTo: { tool: 'codex', path: folders.codexFile } }] })
    expect(await migrate(folders, '--rollback')).toMatchObject({ exitCode: 0 })
    expect(readFileSync(real, 'utf8')).toBe(codexFile())
  })

  it('M12, M17: stays linked to a file whose path is long and full of blanks', async () => {
    const folders = temporaryFolders()
    const file = join(folders.codexHome, 'two  blanks ', 'long'.repeat(60), 'auth.json')
    put(file, codexFile())
    expect(await migrate(folders, '--from', file)).toMatchObject({ exitCode: 0 })
    put(file, codexFile({ access: accessToken(2, 10_000_000), refresh: 'RT-2' }))
    const ended = await runOnDisk(['token', 'openai'], folders)
    expect(ended).toMatchObject({ exitCode: 0, stdout: `${accessToken(2, 10_000_000)}\n` })
  })

  it('M17: undoes a taking over that a write-protected file forbids', async () => {
    const folders = temporaryFolders()
    put(folders.codexFile, codexFile())
    chmodSync(folders.codexFile, 0o400)
    const ended = await migrate(folders, '--take-over', '--json')
    expect(ended.exitCode).toBe(10)
    expect(parsed(ended)).toMatchObject({
      outcome: 'failed',
      accounts: [],
      error: {
        code: 'migration-failed',
        message: expect.stringMatching(/^take-over failed: .*write-protected/) as string,
      },
    })
    expect(readFileSync(folders.codexFile, 'utf8')).toBe(codexFile())
    expect(() => lstatSync(folders.authFile)).toThrow('ENOENT')
    expect(readFileSync(join(folders.home, 'migration-report.json'), 'utf8')).toBe(ended.stdout)
  })

  const ODD: readonly [string, (path: string) => void, RegExp][] = [
    ['a folder', (path) => mkdirSync(path), /cannot be read/],
    ['a pipe', (path) => void spawnSync('mkfifo', [path]), /it is no ordinary file/],
    ['a link to nowhere', (path) => symlinkSync(`${path}.none`, path), /ENOENT/],
    ['a link to itself', (path) => symlinkSync(path, path), /ELOOP/],
    ['bytes that are no text', (path) => writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d])), /not UTF-8/],
  ]
  for (const [what, make, message] of ODD) {
    it(`M17, F11, F20: refuses ${what}, as our own file, as Codex's and by name`, async () => {
      const [ours, theirs] = [temporaryFolders(), temporaryFolders()]
      make(ours.authFile)
      await expectRefused(ours, 8, message)
      make(theirs.codexFile)
      await expectRefused(theirs, 8, message)
      await expectRefused(theirs, 8, message, '--from', theirs.codexFile, '--take-over')
    })
  }

  it.skipIf(process.getuid?.() !== 0)('M17, F13: refuses a file of another user', async () => {
    const folders = temporaryFolders()
    put(folders.codexFile, codexFile())
    chownSync(folders.codexFile, 65_534, 65_534)
    await expectRefused(folders, 8, /belongs to another user/)
    await expectRefused(folders, 8, /belongs to another user/, '--from', folders.codexFile)
    put(folders.authFile, codexFile())
    chownSync(folders.authFile, 65_534, 65_534)
    await expectRefused(folders, 8, /belongs to another user/)
  })

  it("M15: does not take Claude Code's file in the place of ours, which no rollback could keep working", async () => {
    const folders = temporaryFolders()
    put(folders.authFile, { claudeAiOauth: { accessToken: 'AT-1', refreshToken: 'RT-1', expiresAt: 1 } })
    await expectRefused(folders, 2, /Claude Code's/)
  })
})
