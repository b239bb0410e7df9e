import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { bundle } from '../fakes/account.ts'
import { accessToken, codexFile, idToken } from '../fakes/linked.ts'
import { put, runOnDisk, temporaryFolders, traces, type Folders } from '../fakes/on-disk.ts'

const LASTS = 10_000_000
const CODEX = codexFile({ access: accessToken(1, LASTS) })
const ANOTHER = codexFile({ access: accessToken(9, LASTS, 'acc-2'), accountId: 'acc-2', id: idToken('plus', 'acc-2') })

const parsed = ({ stdout }: { readonly stdout: string }) => JSON.parse(stdout) as Record<string, unknown>
const textOf = (path: string) => readFileSync(path, 'utf8')
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const migrate = (folders: Folders, ...more: string[]) => runOnDisk(['migrate-auth', '--json', ...more], folders)
const accountsIn = ({ authFile }: Folders) =>
  (JSON.parse(textOf(authFile)) as { accounts: { id: string; name: string }[] }).accounts
const itemsIn = ({ home }: Folders) =>
  Object.keys((JSON.parse(textOf(join(home, 'vault.json'))) as { items: object }).items)
const vaultOf = ({ home }: Folders) => sealedVaultOnDisk(home, undefined)
const recordPath = ({ home }: Folders) => join(home, 'journal', 'migration.json')

function plantRecord(folders: Folders, record: object): void {
  put(recordPath(folders), {
    direction: 'forward',
    startedAt: '2026-11-21T10:00:00.000Z',
    source: folders.codexFile,
    sha256: '0'.repeat(64),
    custody: 'linked',
    storage: 'plaintext',
    accounts: [],
    backupId: null,
    ...record,
  })
}

describe('aiauth migrate-auth, with a record of an earlier run that lies', () => {
  it('M1: does not remove the tokens of an account that goes by an id of the record', async () => {
    const folders = temporaryFolders()
    put(folders.codexFile, CODEX)
    await migrate(folders)
    const [{ id } = { id: '' }] = accountsIn(folders)
    const accounts = [
      { id, name: 'openai', part: 'tokens', isNew: true },
      { id: 'x', name: 'x', part: 'tokens', isNew: true },
    ]
    plantRecord(folders, { accounts })
    expect(await migrate(folders)).toMatchObject({ exitCode: 0 })
    expect(await runOnDisk(['token'], folders)).toMatchObject({ exitCode: 0 })
    expect(existsSync(recordPath(folders))).toBe(false)
  })

  it('M1: does not remove what stands in the vault for somebody else', async () => {
    const folders = temporaryFolders()
    await vaultOf(folders).write(bundle({ accountId: 'of-another-home' }))
    plantRecord(folders, { accounts: [{ id: 'of-another-home', name: 'x', part: 'tokens', isNew: true }] })
    expect(await migrate(folders)).toMatchObject({ exitCode: 0 })
    expect(itemsIn(folders)).toEqual(['of-another-home'])
  })

  it('M1: takes no tokens out of a file whose tokens are kept nowhere else', async () => {
    const folders = temporaryFolders()
    put(folders.codexFile, CODEX)
    await migrate(folders, '--copy')
    const victim = join(folders.codexHome, 'other.json')
    put(victim, ANOTHER)
    const accounts = accountsIn(folders).map(({ id, name }) => ({ id, name, part: 'tokens', isNew: true }))
    plantRecord(folders, { source: victim, sha256: sha256(ANOTHER), custody: 'take-over', accounts })
    await migrate(folders)
    expect(textOf(victim)).toBe(ANOTHER)
  })

  it.each([
    ['without a backup', { direction: 'back' }],
    ['to nowhere', { direction: 'sideways' }],
    ['of an unknown custody', { custody: 'mine' }],
    ['with accounts that are none', { accounts: [{ id: 1 }] }],
    ['that is text', 'text'],
  ])('M1: takes a record %s for none', async (_case, record) => {
    const folders = temporaryFolders()
    put(folders.codexFile, CODEX)
    await migrate(folders)
    const before = textOf(folders.authFile)
    if (typeof record === 'string') put(recordPath(folders), record)
    else plantRecord(folders, record)
    expect(parsed(await migrate(folders))).toMatchObject({ outcome: 'nothing-to-do' })
    expect(textOf(folders.authFile)).toBe(before)
  })

  it('M1, M10: does not let a rollback that was cut off take accounts with it that were made since', async () => {
    const folders = temporaryFolders()
    put(folders.authFile, CODEX)
    const { backup } = parsed(await migrate(folders)) as { backup: { id: string } }
    put(folders.codexFile, ANOTHER)
    const startedAt = new Date(Date.now() - 1).toISOString()
    await migrate(folders)
    const accounts = accountsIn(folders)
      .slice(0, 1)
      .map(({ id, name }) => ({ id, name, part: 'tokens', isNew: true }))
    plantRecord(folders, {
      direction: 'back',
      startedAt,
      source: folders.authFile,
      custody: 'in-place',
      accounts,
      backupId: backup.id,
    })
    await migrate(folders)
    expect(accountsIn(folders).map(({ name }) => name)).toEqual(['openai', 'openai-2'])
    expect(existsSync(recordPath(folders))).toBe(false)
  })

  it('M3, M11: forgets a run that was cut off when nothing is left to be done', async () => {
    const folders = temporaryFolders()
    put(folders.codexFile, CODEX)
    await migrate(folders)
    const { id: backupId } = { id: 'orphan' }
    const [{ id, name } = { id: '', name: '' }] = accountsIn(folders)
    plantRecord(folders, { sha256: sha256(CODEX), accounts: [{ id: backupId, name, part: 'tokens', isNew: true }] })
    expect(parsed(await migrate(folders))).toMatchObject({ outcome: 'nothing-to-do' })
    expect([existsSync(recordPath(folders)), itemsIn(folders)]).toEqual([false, [id]])
    const still = traces(folders)
    expect(parsed(await migrate(folders))).toMatchObject({ outcome: 'nothing-to-do' })
    expect(traces(folders)).toEqual(still)
  })
})

describe('aiauth migrate-auth, with links that somebody has planted', () => {
  it.each(['auth.json.new', 'migration-report.json', 'journal/migration.json', 'migration.lock'])(
    'M5, F24: writes nothing to where %s leads',
    async (name) => {
      const folders = temporaryFolders()
      const victim = join(folders.codexHome, 'victim')
      put(victim, '{"mine": 1}')
      put(folders.authFile, CODEX)
      mkdirSync(join(folders.home, 'journal'), { mode: 0o700 })
      symlinkSync(victim, join(folders.home, name))
      const ended = await migrate(folders)
      expect(textOf(victim)).toBe('{"mine": 1}')
      expect(ended.exitCode).toBe(0)
      if (name !== 'migration-report.json') return
      expect(lstatSync(join(folders.home, name)).isSymbolicLink()).toBe(false)
    },
  )

  it('M5: puts no copy in clear to where backup/ leads', async () => {
    const folders = temporaryFolders()
    const shared = join(folders.codexHome, 'shared')
    mkdirSync(shared)
    put(folders.authFile, CODEX)
    symlinkSync(shared, join(folders.home, 'backup'))
    const ended = await migrate(folders)
    expect(ended.exitCode).toBe(10)
    expect(readdirSync(shared)).toEqual([])
    expect(textOf(folders.authFile)).toBe(CODEX)
  })

  it('leaves files alone that are only named like a rehearsal', async () => {
    const folders = temporaryFolders()
    put(folders.codexFile, CODEX)
    put(join(folders.home, 'rehearsal-notes.txt'), 'mine')
    expect(await migrate(folders, '--rehearse')).toMatchObject({ exitCode: 0 })
    expect(readdirSync(folders.home)).toEqual(['rehearsal-notes.txt'])
  })
})

describe('aiauth migrate-auth, with a byte that somebody changes', () => {
  it.each([
    ['after the new file was checked', 'before'],
    ['after it came into force', 'after'],
  ])('M21: undoes everything when one changes %s', async (_case, when) => {
    const folders = temporaryFolders()
    put(folders.authFile, CODEX)
    const change = (path: string) => writeFileSync(path, textOf(path).replace('ada@', 'eve@'))
    const ended = await runOnDisk(['migrate-auth', '--json'], folders, {}, ({ authFile }) => ({
      authFile: {
        ...authFile,
        rewrite: (work) =>
          authFile.rewrite((draft) => {
            let reads = 0
            const read = () => {
              const text = draft.read()
              if (when === 'before' && reads++ === 0) change(`${folders.authFile}.new`)
              return text
            }
            const swap = () => {
              draft.swap()
              if (when === 'after' && textOf(folders.authFile).includes('"version"')) change(folders.authFile)
            }
            return work({ ...draft, read, swap })
          }),
      },
    }))
    expect(ended.exitCode).toBe(10)
    expect(parsed(ended)).toMatchObject({
      outcome: 'failed',
      error: { message: expect.stringMatching(when === 'before' ? /^swap failed/ : /^verify failed/) as string },
    })
    expect(textOf(folders.authFile)).toBe(CODEX)
    expect(itemsIn(folders)).toEqual([])
    expect(readdirSync(folders.home)).not.toContain('auth.json.new')
  })
})

describe('aiauth migrate-auth --rollback, with a manifest that lies', () => {
  it('M7: does not open a sealed copy for another file or other accounts, and writes nowhere else', async () => {
    const folders = temporaryFolders()
    put(folders.codexFile, CODEX)
    // The vault is sealed by a passphrase then, and so are the backups.
    const sealed = { variables: { AIAUTH_STORAGE: 'passphrase', AIAUTH_PASSPHRASE: 'a long enough passphrase' } }
    const ended = await runOnDisk(['migrate-auth', '--json', '--take-over'], folders, sealed)
    expect(ended.exitCode).toBe(0)
    const { path, id } = (parsed(ended) as { backup: { path: string; id: string } }).backup
    const manifest = path.replace(/json$/, 'manifest')
    expect(textOf(path)).not.toContain('RT-1')
    const target = join(folders.codexHome, 'authorized_keys')
    put(manifest, textOf(manifest).replace(folders.codexFile, target))
    const back = await runOnDisk(['migrate-auth', '--rollback', id], folders, sealed)
    expect(back.exitCode).toBe(8)
    expect(existsSync(target)).toBe(false)
    rmSync(manifest)
  })

  it('M7: touches nothing in the vault that belongs to no account of ours', async () => {
    const folders = temporaryFolders()
    put(folders.codexFile, CODEX)
    const { path } = (parsed(await migrate(folders)) as { backup: { path: string } }).backup
    await vaultOf(folders).write(bundle({ accountId: 'of-another-home' }))
    const manifest = path.replace(/json$/, 'manifest')
    const content = JSON.parse(textOf(manifest)) as { accounts: object[] }
    content.accounts.push({ id: 'of-another-home', name: 'x', part: 'tokens', isNew: true })
    put(manifest, content)
    expect(await migrate(folders, '--rollback')).toMatchObject({ exitCode: 0 })
    expect(itemsIn(folders)).toEqual(['of-another-home'])
  })
})
