import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterAll, describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { AuthError } from '../../src/model/errors.ts'
import { authFileOnDisk } from '../../src/system/auth-file-on-disk.ts'
import { withLock } from '../../src/system/lock.ts'
import { replacePrivateFile } from '../../src/system/private-files.ts'
import { readPrivateFile } from '../../src/system/read-private-file.ts'
import { settingsOnDisk } from '../../src/system/settings-on-disk.ts'
import { account } from '../fakes/account.ts'

const folders: string[] = []
const folder = () => {
  folders.push(mkdtempSync(join(tmpdir(), 'aiauth-files-')))
  return folders.at(-1) ?? ''
}
afterAll(() => folders.forEach((each) => rmSync(each, { recursive: true, force: true })))
const failure = async (work: () => unknown) => {
  try {
    await work()
  } catch (error) {
    return error as AuthError
  }
  return undefined
}
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe('replacePrivateFile', () => {
  it('F12: makes the file 0600 and the folder 0700 whatever the umask', () => {
    const home = join(folder(), 'new')
    const umask = process.umask(0)
    try {
      replacePrivateFile(join(home, 'auth.json'), 'x')
    } finally {
      process.umask(umask)
    }
    expect([mode(home), mode(join(home, 'auth.json'))]).toEqual(['700', '600'])
  })

  it('F12: tightens what was readable by others', () => {
    const home = folder()
    chmodSync(home, 0o755)
    writeFileSync(join(home, 'auth.json'), 'old', { mode: 0o644 })
    replacePrivateFile(join(home, 'auth.json'), 'new')
    expect([mode(home), mode(join(home, 'auth.json'))]).toEqual(['700', '600'])
  })

  it('F10: replaces the target of a link and keeps the link', () => {
    const home = folder()
    mkdirSync(join(home, 'dotfiles'))
    writeFileSync(join(home, 'dotfiles', 'auth.json'), 'old')
    symlinkSync(join('dotfiles', 'auth.json'), join(home, 'auth.json'))
    replacePrivateFile(join(home, 'auth.json'), 'new')
    expect(lstatSync(join(home, 'auth.json')).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(home, 'dotfiles', 'auth.json'), 'utf8')).toBe('new')
  })

  it('leaves the old file and no temporary one when the write is called off', async () => {
    const home = folder()
    writeFileSync(join(home, 'auth.json'), 'old')
    const stop = () => {
      throw new AuthError('busy', 'no')
    }
    expect(await failure(() => replacePrivateFile(join(home, 'auth.json'), 'new', stop))).toMatchObject({
      code: 'busy',
    })
    expect(readdirSync(home)).toEqual(['auth.json'])
    expect(readFileSync(join(home, 'auth.json'), 'utf8')).toBe('old')
  })

  it.runIf(process.platform === 'linux')('F14: says that a folder cannot be written', async () => {
    const error = await failure(() => replacePrivateFile('/proc/aiauth/auth.json', 'x'))
    expect(error).toMatchObject({ code: 'storage-unavailable' })
  })
})

describe('readPrivateFile', () => {
  it('says undefined of a file that does not exist', () =>
    expect(readPrivateFile(join(folder(), 'none'))).toBeUndefined())

  it('F11: refuses a link that leads nowhere, and a loop', async () => {
    const home = folder()
    symlinkSync('nowhere', join(home, 'a'))
    symlinkSync('b', join(home, 'b'))
    for (const name of ['a', 'b']) {
      expect(await failure(() => readPrivateFile(join(home, name)))).toMatchObject({ code: 'auth-file-invalid' })
    }
  })

  it('F20: refuses a pipe or a folder at once', async () => {
    const home = folder()
    execFileSync('mkfifo', [join(home, 'pipe')])
    for (const name of ['pipe', '.']) {
      expect(await failure(() => readPrivateFile(join(home, name)))).toMatchObject({ code: 'auth-file-invalid' })
    }
  })

  it('F19: refuses a file of more than 16 MiB unread', async () => {
    const path = join(folder(), 'large')
    writeFileSync(path, Buffer.alloc(16 * 1024 * 1024 + 1))
    expect((await failure(() => readPrivateFile(path)))?.message).toContain('16 MiB')
  })
})

describe('withLock', () => {
  const patience = { patience: { waitMs: 150, unknownHolderMs: 60, foreignHolderMs: 60 } }
  const lock = () => join(folder(), 'x.lock')

  it('lets one in at a time', async () => {
    const path = lock()
    let inside = 0
    const work = async () => {
      expect(++inside).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 5))
      inside--
    }
    await Promise.all(Array.from({ length: 8 }, () => withLock(path, work)))
    expect(existsSync(path)).toBe(false)
  })

  it('is released when the work fails', async () => {
    const path = lock()
    await failure(() => withLock(path, () => Promise.reject(new Error('no'))))
    expect(existsSync(path)).toBe(false)
  })

  it('R15: takes over at once from a process that was killed', async () => {
    const path = lock()
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    await withLock(path, () => {
      const owner = JSON.parse(readFileSync(path, 'utf8')) as object
      writeFileSync(`${path}.left`, JSON.stringify({ ...owner, pid: other.pid, nonce: 'theirs' }))
    })
    other.kill('SIGKILL')
    await once(other, 'exit')
    writeFileSync(path, readFileSync(`${path}.left`))
    expect(await withLock(path, () => 'mine', patience)).toBe('mine')
  })

  it.runIf(process.platform === 'linux')(
    'R16: takes over when the process id now belongs to another process',
    async () => {
      const path = lock()
      await withLock(path, () => writeFileSync(`${path}.left`, readFileSync(path)))
      const owner = JSON.parse(readFileSync(`${path}.left`, 'utf8')) as object
      writeFileSync(path, JSON.stringify({ ...owner, startedAt: '1' }))
      expect(await withLock(path, () => 'mine', patience)).toBe('mine')
    },
  )

  it('never takes over from a living process, and names it', async () => {
    const path = lock()
    await withLock(path, async () => {
      const error = await failure(() => withLock(path, () => 'mine', patience))
      expect(error).toMatchObject({ code: 'busy', message: expect.stringContaining(String(process.pid)) as string })
    })
  })

  it.each([
    ['empty', ''],
    ['garbage', 'x{'],
    ['a folder in its place', undefined],
  ])('R18: waits a bounded time for a lock that is %s, also with a future mtime', async (_case, text) => {
    const path = lock()
    if (text === undefined) mkdirSync(path)
    else writeFileSync(path, text)
    const future = new Date(Date.now() + 86_400_000)
    utimesSync(path, future, future)
    expect(await withLock(path, () => 'mine', patience)).toBe('mine')
  })

  it.each([
    ['of another machine', { host: 'elsewhere' }],
    ['of another container', { space: 'pid:[1]' }],
  ])('R17: waits its own time for a holder %s, though no such process is to be seen here', async (_case, change) => {
    const path = lock()
    await withLock(path, () => writeFileSync(`${path}.left`, readFileSync(path)))
    const owner = JSON.parse(readFileSync(`${path}.left`, 'utf8')) as object
    writeFileSync(path, JSON.stringify({ ...owner, ...change, pid: 999_999_999 }))
    const times = { waitMs: 0, unknownHolderMs: 0, foreignHolderMs: 400 }
    const startedAtMs = Date.now()
    expect(await withLock(path, () => 'mine', { patience: times })).toBe('mine')
    expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(390)
  })

  it('takes over at once what was left before this machine was started', async () => {
    const path = lock()
    await withLock(path, () => writeFileSync(`${path}.left`, readFileSync(path)))
    const owner = JSON.parse(readFileSync(`${path}.left`, 'utf8')) as object
    writeFileSync(path, JSON.stringify({ ...owner, boot: 'before', pid: process.pid }))
    expect(
      await withLock(path, () => 'mine', { patience: { waitMs: 0, unknownHolderMs: 9e9, foreignHolderMs: 9e9 } }),
    ).toBe('mine')
  })

  it('R18: never follows a link in its place', async () => {
    const path = lock()
    writeFileSync(`${path}.target`, 'theirs')
    symlinkSync(`${path}.target`, path)
    expect(await withLock(path, () => 'mine', patience)).toBe('mine')
    expect(readFileSync(`${path}.target`, 'utf8')).toBe('theirs')
  })

  it('tells the work when the lock was taken from it', async () => {
    const path = lock()
    await withLock(path, (held) => {
      held.assertHeld()
      writeFileSync(path, '{"nonce":"theirs"}')
      expect(() => held.assertHeld()).toThrow(AuthError)
    })
    expect(readFileSync(path, 'utf8')).toContain('theirs')
  })
})

describe('auth.json on disk', () => {
  it('F21: keeps all of 40 changes that come at once', async () => {
    const store = authFileOnDisk(folder())
    const names = Array.from({ length: 40 }, (_, index) => `account-${index}`)
    const add = (name: string) =>
      store.update((file) => ({ ...file, accounts: [...file.accounts, account({ id: name, name })] }))
    await Promise.all(names.map(add))
    expect(
      store
        .read()
        ?.accounts.map(({ name }) => name)
        .sort(),
    ).toEqual([...names].sort())
  })

  it('leaves a damaged file alone', async () => {
    const home = folder()
    writeFileSync(join(home, 'auth.json'), '{"version": 2, "rt-LEAK')
    const error = await failure(() => authFileOnDisk(home).update((file) => file))
    expect(error).toMatchObject({ code: 'auth-file-invalid' })
    expect(error?.message).not.toContain('LEAK')
    expect(readFileSync(join(home, 'auth.json'), 'utf8')).toBe('{"version": 2, "rt-LEAK')
    expect(readdirSync(home)).toEqual(['auth.json'])
  })

  it('reads without writing anything', () => {
    const home = join(folder(), 'absent')
    expect(authFileOnDisk(home).read()).toBeUndefined()
    expect(existsSync(home)).toBe(false)
  })

  it('begins with a file that has its own id', async () => {
    const file = await authFileOnDisk(folder()).update((empty) => empty)
    expect(file).toEqual({ ...newAuthFile(file.fileId), fileId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string })
  })
})

describe('config.json', () => {
  it('remembers accepted terms beside what the user wrote, privately', async () => {
    const home = folder()
    writeFileSync(join(home, 'config.json'), '{"browser":"x","providers":{"claude":{"title":"T"}}}', { mode: 0o644 })
    await settingsOnDisk(home).acceptTerms('claude', 'max')
    expect(settingsOnDisk(home).read()).toMatchObject({
      browser: 'x',
      providers: { claude: { title: 'T', modes: { max: { acceptedTerms: true } } } },
    })
    expect(mode(join(home, 'config.json'))).toBe('600')
  })

  it('switches a provider off for all its modes, whatever they are called', async () => {
    const home = folder()
    const acme = { title: 'T', modes: { 'a.b': { clientId: 'x', enabled: true } } }
    writeFileSync(join(home, 'config.json'), JSON.stringify({ browser: 'x', providers: { acme, other: {} } }))
    await settingsOnDisk(home).setEnabled('acme', false)
    expect({ ...settingsOnDisk(home).read() }).toEqual({
      browser: 'x',
      providers: { acme: { title: 'T', enabled: false, modes: { 'a.b': { clientId: 'x' } } }, other: {} },
    })
    await settingsOnDisk(home).setEnabled('constructor', false)
    expect(settingsOnDisk(home).read()).toMatchObject({ providers: { constructor: { enabled: false } } })
  })

  it.each(['{"clientSecret": "LEAK', '[]', '5'])('refuses %j without quoting it', async (text) => {
    const home = folder()
    writeFileSync(join(home, 'config.json'), text)
    const error = await failure(() => settingsOnDisk(home).acceptTerms('claude', 'max'))
    expect(error).toMatchObject({ code: 'auth-file-invalid' })
    expect(error?.message).not.toContain('LEAK')
    expect(readFileSync(join(home, 'config.json'), 'utf8')).toBe(text)
  })
})
