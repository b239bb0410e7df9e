import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Backup, NewBackup } from '../../src/model/backup.ts'
import type { AuthError } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { backupsOnDisk } from '../../src/system/backups-on-disk.ts'

const folders: string[] = []
const home = () => {
  folders.push(mkdtempSync(join(tmpdir(), 'aiauth-backups-')))
  return folders.at(-1) ?? ''
}
afterAll(() => folders.forEach((each) => rmSync(each, { recursive: true, force: true })))

const AT_MS = Date.parse('2026-11-21T10:00:00.250Z')
const HOUR_MS = 3_600_000
const ID = 'auth_backup_20261121_100000'
// A line end of its own, no final one, and text beyond ASCII: what a copy must not tidy up.
const TEXT = '\uFEFF{"tokens":{"refresh_token":"RT-LEAK"},\r\n "note":"grüß 日本"}'
const BYTES = 67
const SHA256 = 'e3ff1c16ead45e850480d2fab53e0858d27203a7a9200eefae66b8a9e93a5f89'
const FACTS: NewBackup = {
  kind: 'migration',
  source: '/home/ada/.codex/auth.json',
  custody: 'linked',
  accounts: [{ id: 'id-1', name: 'work', part: 'tokens', isNew: true }],
  storage: 'keychain',
}

/** A home with one backup made at `AT_MS`, and what of it stands where. */
function withBackup(text = TEXT) {
  const own = home()
  const backups = backupsOnDisk(own, () => AT_MS)
  const folder = join(own, 'backup')
  const made = backups.create(new Secret(text), FACTS)
  return { folder, backups, made, copy: made.path, manifest: join(folder, `${made.id}.manifest`) }
}

const failure = (work: () => unknown): AuthError | undefined => {
  try {
    work()
  } catch (error) {
    return error as AuthError
  }
  return undefined
}
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
const edited = (path: string, changes: object) =>
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...changes }))
const flipByte = (path: string, at: number) => {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}
const linkInstead = (path: string) => {
  renameSync(path, `${path}.real`)
  symlinkSync(`${basename(path)}.real`, path)
}
const folderInstead = (path: string) => {
  rmSync(path)
  mkdirSync(path)
}

describe('backups.create', () => {
  it('copies byte for byte and tells what, whence and when', () => {
    const { made, copy, manifest, folder } = withBackup()
    expect(made).toEqual({
      ...FACTS,
      id: ID,
      path: copy,
      createdAt: '2026-11-21T10:00:00.250Z',
      sequence: 1,
      bytes: BYTES,
      sha256: SHA256,
      isSealed: false,
      checksum: 'ok',
    })
    expect(readFileSync(copy, 'utf8')).toBe(TEXT)
    expect(readdirSync(folder).sort()).toEqual([`${ID}.json`, `${ID}.manifest`])
    expect(JSON.parse(readFileSync(manifest, 'utf8'))).toEqual({
      version: 1,
      id: ID,
      ...FACTS,
      createdAt: '2026-11-21T10:00:00.250Z',
      sequence: 1,
      bytes: BYTES,
      sha256: SHA256,
      isSealed: false,
      stored: { bytes: BYTES, sha256: SHA256 },
    })
    expect(readFileSync(manifest, 'utf8')).not.toContain('LEAK')
  })

  it('M6: makes 0600 files in a 0700 folder whatever the umask, and tightens a wider folder', () => {
    const umask = process.umask(0)
    try {
      const { folder, copy, manifest, backups } = withBackup()
      expect([folder, copy, manifest].map(mode)).toEqual(['700', '600', '600'])
      chmodSync(folder, 0o755)
      const sealed = backups.seal(backups.create(new Secret('x'), FACTS), backups.newKey())
      expect([folder, sealed.path].map(mode)).toEqual(['700', '600'])
    } finally {
      process.umask(umask)
    }
  })

  it('M4: counts on where two are made in one second, and keeps both', () => {
    const { backups, made } = withBackup('first')
    const ids = ['second', 'third'].map((text) => backups.create(new Secret(text), FACTS).id)
    expect(ids).toEqual([`${ID}-2`, `${ID}-3`])
    expect(backups.list().map((each) => backups.read(each, undefined).reveal())).toEqual(['third', 'second', 'first'])
    expect(backups.read(made, undefined).reveal()).toBe('first')
  })

  it.each(['json', 'manifest'])('M4: leaves a file alone that bears the name already (.%s)', (ending) => {
    const own = home()
    mkdirSync(join(own, 'backup'))
    const path = join(own, 'backup', `${ID}.${ending}`)
    writeFileSync(path, 'of somebody else')
    const made = backupsOnDisk(own, () => AT_MS).create(new Secret(TEXT), FACTS)
    expect([made.id, made.checksum, readFileSync(path, 'utf8')]).toEqual([`${ID}-2`, 'ok', 'of somebody else'])
  })

  describe.each(['json', 'manifest'])('M5: where its name (.%s) is borne', (ending) => {
    it.each<[string, (path: string) => void, (path: string) => unknown, unknown]>([
      ['by a folder', (path) => mkdirSync(path), (path) => readdirSync(path), []],
      ['by a link to nowhere', (path) => symlinkSync('nowhere', path), (path) => readlinkSync(path), 'nowhere'],
      [
        'by a link to another file',
        (path) => {
          writeFileSync(join(path, '..', 'other'), 'kept')
          symlinkSync('other', path)
        },
        (path) => readFileSync(path, 'utf8'),
        'kept',
      ],
      ['by a file that nobody may read', (path) => writeFileSync(path, '', { mode: 0 }), mode, '0'],
    ])('%s, takes another and touches nothing', (_case, make, look, wanted) => {
      const own = home()
      mkdirSync(join(own, 'backup'))
      const path = join(own, 'backup', `${ID}.${ending}`)
      make(path)
      const made = backupsOnDisk(own, () => AT_MS).create(new Secret(TEXT), FACTS)
      expect([made.id, look(path)]).toEqual([`${ID}-2`, wanted])
      expect(existsSync(join(own, 'backup', 'nowhere'))).toBe(false)
      expect(lstatSync(made.path).isFile()).toBe(true)
    })
  })

  it('says that the folder cannot be written, and leaves nothing', () => {
    const own = home()
    writeFileSync(join(own, 'backup'), 'no folder', { mode: 0o600 })
    const error = failure(() => backupsOnDisk(own).create(new Secret(TEXT), FACTS))
    expect([error?.code, error?.hint]).toEqual(['storage-unavailable', expect.stringContaining(own)])
    expect(readdirSync(own)).toEqual(['backup'])
    expect(readFileSync(join(own, 'backup'), 'utf8')).toBe('no folder')
  })

  it('F23, X14: removes what a killed run has left in clear, and nothing that others keep there', () => {
    const { folder, backups } = withBackup()
    const left = ['.auth_backup.0123456789abcdef.tmp', `.${ID}.json.0123456789abcdef.tmp`]
    const kept = ['.auth_backup.mine.tmp', '.notes.0123456789abcdef.tmp', 'README']
    for (const name of [...left, ...kept]) writeFileSync(join(folder, name), 'RT-LEAK')
    backups.create(new Secret('x'), FACTS)
    const names = readdirSync(folder)
    expect([left.filter((name) => names.includes(name)), kept.filter((name) => names.includes(name))]).toEqual([
      [],
      kept,
    ])
  })
})

describe('backups.list', () => {
  it('is empty where there is no folder, and makes none', () => {
    const own = home()
    expect(backupsOnDisk(own).list()).toEqual([])
    expect(readdirSync(own)).toEqual([])
  })

  it('M25: puts the newest first although the clock went back', () => {
    const own = home()
    const times = [AT_MS, AT_MS - 4 * HOUR_MS, AT_MS - 2 * HOUR_MS]
    times.forEach((atMs, index) => backupsOnDisk(own, () => atMs).create(new Secret(`${index}`), FACTS))
    const backups = backupsOnDisk(own)
    expect(backups.list().map(({ id, sequence }) => [id.slice(-6), sequence])).toEqual([
      ['080000', 3],
      ['060000', 2],
      ['100000', 1],
    ])
  })

  it('M7: tells of a copy without a manifest as bad, with its size and the time of its name', () => {
    const { backups, made, manifest } = withBackup()
    rmSync(manifest)
    expect(backups.list()).toEqual([
      {
        ...made,
        kind: 'migration',
        source: '',
        custody: 'copy',
        accounts: [],
        storage: '',
        createdAt: '2026-11-21T10:00:00.000Z',
        sequence: 0,
        sha256: '',
        checksum: 'bad',
      },
    ])
  })

  it('takes the time of the file where its name tells none', () => {
    const { backups, folder, copy } = withBackup()
    renameSync(copy, join(folder, 'auth_backup_20260231_000000.json'))
    const [, odd] = backups.list()
    expect([odd?.id, odd?.createdAt]).toEqual([
      'auth_backup_20260231_000000',
      statSync(join(folder, 'auth_backup_20260231_000000.json')).mtime.toISOString(),
    ])
  })

  it('M7: tells of a manifest without a copy as bad and empty', () => {
    const { backups, made, copy } = withBackup()
    rmSync(copy)
    expect(backups.list()).toEqual([{ ...made, bytes: 0, checksum: 'bad' }])
  })

  it.each<[string, (path: string) => void]>([
    ['a flipped byte', (path) => flipByte(path, 30)],
    ['a byte that is no UTF-8', (path) => writeFileSync(path, Buffer.alloc(BYTES, 0xff))],
    ['its end cut off', (path) => truncateSync(path, 40)],
    ['nothing in it', (path) => truncateSync(path, 0)],
    ['a link in its place', linkInstead],
    ['a folder in its place', folderInstead],
  ])('M7: tells of a copy with %s as bad, plain or sealed', (_case, damage) => {
    for (const isSealed of [false, true]) {
      const { backups, made, copy } = withBackup()
      const key = backups.newKey()
      if (isSealed) backups.seal(made, key)
      damage(copy)
      expect(backups.list().map(({ id, checksum }) => [id, checksum])).toEqual([[ID, 'bad']])
      for (const use of [() => backups.read(made, key), () => backups.seal(made, key)]) {
        const error = failure(use)
        expect([error?.code, error?.hint]).toEqual(['auth-file-invalid', expect.stringContaining('--list-backups')])
        expect(error?.message).not.toContain('LEAK')
      }
    }
  })

  it.each<[string, object | string]>([
    ['no JSON', '{"version": 1, "rt-LEAK'],
    ['a list', '[]'],
    ['of a later version', { version: 2 }],
    ['of another backup', { id: `${ID}-2` }],
    ['with a path for an id', { id: `../${ID}` }],
    ['of an unknown kind', { kind: 'constructor' }],
    ['of an unknown custody', { custody: '__proto__' }],
    ['without accounts', { accounts: null }],
    ['with an account that is none', { accounts: [{ id: 'x', name: 'y', part: 'both', isNew: true }] }],
    ['with a source that ends in the middle', { source: '/home/ada\0/x' }],
    ['without a time', { createdAt: 'yesterday' }],
    ['with a counter of zero', { sequence: 0 }],
    ['with a counter beyond counting', { sequence: 2 ** 53 }],
    ['with a negative size', { bytes: -1 }],
    ['with a checksum that is none', { sha256: 'E'.repeat(64) }],
    ['with a seal that is a text', { isSealed: 'false' }],
    ['without what is stored', { stored: null }],
    ['with a next that is none', { next: { bytes: 1 } }],
  ])('takes a manifest that is %s for none', (_case, change) => {
    const { backups, manifest } = withBackup()
    if (typeof change === 'string') writeFileSync(manifest, change)
    else edited(manifest, change)
    expect(backups.list()).toMatchObject([{ id: ID, checksum: 'bad', sequence: 0, accounts: [], source: '' }])
    expect(backups.create(new Secret('x'), FACTS)).toMatchObject({ id: `${ID}-2`, sequence: 1 })
  })

  it('X2: cleans the names that a manifest tells, and takes no prototype from it', () => {
    const { backups, manifest } = withBackup()
    const text = readFileSync(manifest, 'utf8').replace('"work"', String.raw`"wo\u001b[2Jrk"`)
    writeFileSync(manifest, text.replace('{', '{"__proto__":{"isSealed":true},'))
    const [found] = backups.list()
    expect([found?.accounts[0]?.name, found?.isSealed, found?.checksum]).toEqual(['work', false, 'ok'])
    expect(Object.getPrototypeOf({})).not.toHaveProperty('isSealed')
  })

  it('ignores what is none of ours', () => {
    const { backups, folder } = withBackup()
    for (const name of ['auth.json', 'auth_backup_1.json', `${ID}-0.json`, `${ID}.json~`, `x${ID}.json`])
      writeFileSync(join(folder, name), 'x')
    mkdirSync(join(folder, 'auth_backup_20200101_000000.json'))
    expect(backups.list().map(({ id }) => id)).toEqual([ID])
  })
})

describe('backups.seal', () => {
  it.each([TEXT, '', 'x'.repeat(100_000)])('takes the text out of the file and gives it back with the key', (text) => {
    const { backups, made, copy, folder } = withBackup(text)
    const key = backups.newKey()
    const sealed = backups.seal(made, key)
    expect(sealed).toEqual({ ...made, isSealed: true })
    expect(backups.list()).toEqual([sealed])
    expect(backups.read(made, key).reveal()).toBe(text)
    expect(readFileSync(copy, 'utf8')).not.toMatch(/RT-LEAK|x{20}|tokens/)
    expect(readdirSync(folder).sort()).toEqual([`${ID}.json`, `${ID}.manifest`])
  })

  it('leaves one that is sealed already as it is', () => {
    const { backups, made, copy, manifest } = withBackup()
    const sealed = backups.seal(made, backups.newKey())
    const before = [copy, manifest].map((path) => [readFileSync(path, 'utf8'), statSync(path).ino])
    expect(backups.seal(sealed, backups.newKey())).toEqual(sealed)
    expect([copy, manifest].map((path) => [readFileSync(path, 'utf8'), statSync(path).ino])).toEqual(before)
  })

  it('keeps what a later version has written into the manifest', () => {
    const { backups, made, manifest } = withBackup()
    const accounts = FACTS.accounts.map((each) => ({ ...each, colour: 'blue' }))
    edited(manifest, { remark: { of: ['later'] }, accounts })
    backups.seal(made, backups.newKey())
    const { sha256, bytes } = made
    const written = JSON.parse(readFileSync(manifest, 'utf8')) as object
    expect(written).toMatchObject({ remark: { of: ['later'] }, accounts, sha256, bytes, isSealed: true })
    expect(written).not.toHaveProperty('next')
  })

  it('M7: opens with no other key, without one, or in the place of another backup', () => {
    const { backups, made, manifest } = withBackup()
    const key = backups.newKey()
    const other = backups.create(new Secret(TEXT), FACTS)
    for (const each of [made, other]) backups.seal(each, key)
    const refuses = (backup: Backup, by: Secret | undefined) => {
      const error = failure(() => backups.read(backup, by))
      expect([error?.code, error?.hint]).toEqual(['auth-file-invalid', expect.stringContaining('aiauth migrate-auth')])
      expect(String(error?.message) + String(error?.hint)).not.toContain('LEAK')
    }
    refuses(made, undefined)
    refuses(made, backups.newKey())
    refuses(made, new Secret('no key'))
    // The other's file, and a manifest that vouches for it.
    writeFileSync(made.path, readFileSync(other.path))
    const { stored } = JSON.parse(readFileSync(manifest.replace(ID, other.id), 'utf8')) as { stored: object }
    edited(manifest, { stored })
    expect(backups.list().map(({ checksum }) => checksum)).toEqual(['ok', 'ok'])
    refuses(made, key)
    expect(backups.read(other, key).reveal()).toBe(TEXT)
  })

  it('refuses what is no key, and leaves the plain copy', () => {
    const { backups, made, copy } = withBackup()
    expect(failure(() => backups.seal(made, new Secret('c2hvcnQ=')))).toMatchObject({ code: 'auth-file-invalid' })
    expect([readFileSync(copy, 'utf8'), backups.list()]).toEqual([TEXT, [made]])
  })

  it('has a key of 256 bits, another one each time', () => {
    const { backups } = withBackup()
    const keys = [backups.newKey(), backups.newKey()].map((key) => key.reveal())
    expect(keys.map((key) => Buffer.from(key, 'base64').length)).toEqual([32, 32])
    expect(keys[0]).not.toBe(keys[1])
  })
})

describe('backups.read', () => {
  it('M7: verifies the text itself, whatever the manifest says of the file', () => {
    const { backups, made, copy, manifest } = withBackup()
    writeFileSync(copy, 'forged')
    const stored = { bytes: 6, sha256: 'ccdd35168ab474fa5764a526cfb83621351e23682c5075b2e18d56bddf96aa30' }
    edited(manifest, { stored })
    expect(failure(() => backups.read(made, undefined))?.message).toContain('its checksum does not fit')
  })

  it('refuses a backup that is another one by now', () => {
    const { backups, made } = withBackup()
    backups.remove(made)
    expect(backups.create(new Secret('another'), FACTS).id).toBe(made.id)
    expect(failure(() => backups.read(made, undefined))?.message).toContain('it is another one by now')
  })
})

describe('backups.remove', () => {
  it('removes copy and manifest, and what is gone already is no error', () => {
    const { backups, made, folder } = withBackup()
    const other = backups.create(new Secret('other'), FACTS)
    backups.remove(made)
    backups.remove(made)
    expect(backups.list()).toEqual([other])
    backupsOnDisk(home()).remove(made)
    expect(readdirSync(folder).sort()).toEqual([`${other.id}.json`, `${other.id}.manifest`])
  })

  it('removes a bad one, and a link but not what it leads to', () => {
    const { backups, made, copy, folder } = withBackup()
    renameSync(copy, join(folder, 'real'))
    symlinkSync('real', copy)
    backups.remove(made)
    expect(readdirSync(folder)).toEqual(['real'])
  })
})

describe('backups.rehome', () => {
  it('writes down where the key is now, and the sealed copy opens as before', () => {
    const backups = backupsOnDisk(home(), () => AT_MS)
    const key = backups.newKey()
    const sealed = backups.seal(backups.create(new Secret(TEXT), FACTS), key)
    backups.rehome(sealed, 'helper:pass')
    const [found] = backups.list()
    expect(found).toMatchObject({ storage: 'helper:pass', isSealed: true, checksum: 'ok' })
    expect(backups.read(found ?? sealed, key).reveal()).toBe(TEXT)
  })
})
