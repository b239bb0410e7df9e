import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import type { ForeignFile } from '../../src/model/foreign-files.ts'
import { Secret } from '../../src/model/secret.ts'
import { foreignFilesOnDisk } from '../../src/system/foreign-files-on-disk.ts'

const files = foreignFilesOnDisk()
const never = new AbortController().signal
const OLD = '{"tokens":{"refresh_token":"RT-1"}}'
const NEW = new Secret('{"tokens":{"refresh_token":"RT-2"}}')

const folders: string[] = []
const folder = () => {
  folders.push(mkdtempSync(join(tmpdir(), 'aiauth-foreign-')))
  return folders.at(-1) ?? ''
}
afterAll(() => folders.forEach((each) => rmSync(each, { recursive: true, force: true })))

function fileWith(text: string | Buffer): string {
  const path = join(folder(), 'auth.json')
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

async function readOf(path: string): Promise<ForeignFile> {
  const file = await files.read(path, never)
  if (file === undefined) throw new Error('there is no file')
  return file
}

async function failure(work: () => unknown): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    return error
  }
}

const startOf = (path: string) => (existsSync(path) ? readFileSync(path).toString('latin1', 0, 100) : undefined)
const isRoot = process.getuid?.() === 0
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
const tookMs = async (work: Promise<unknown>) => {
  const startedAtMs = performance.now()
  await work
  return performance.now() - startedAtMs
}

describe('foreignFilesOnDisk().read', () => {
  it('gives the text as it stands, a byte-order mark included, and what describes it', async () => {
    const path = fileWith(`\uFEFF${OLD}`)
    const file = await readOf(path)
    expect(file).toMatchObject({ path, realPath: path, bytes: 38, mode: 0o600, isWritable: true })
    expect([file.text.reveal(), file.sha256.length]).toEqual([`\uFEFF${OLD}`, 64])
  })

  it('says undefined of a file that does not exist, and of a folder that does not', async () => {
    const home = folder()
    expect(await files.read(join(home, 'auth.json'), never)).toBeUndefined()
    expect(await files.read(join(home, 'none', 'auth.json'), never)).toBeUndefined()
  })

  it.each(['', OLD.slice(0, 12)])('M14: waits for the rest of a file that is %j for 300 ms', async (half) => {
    const path = fileWith(half)
    const reading = files.read(path, never)
    await sleep(300)
    writeFileSync(path, OLD)
    expect((await reading)?.text.reveal()).toBe(OLD)
  })

  it('M14: gives a file that stays half-written as it is, after a second', async () => {
    const reading = files.read(fileWith(OLD.slice(0, 12)), never)
    expect(await tookMs(reading)).toBeGreaterThan(900)
    expect((await reading)?.text.reveal()).toBe(OLD.slice(0, 12))
  })

  it('ends the wait with the reason when it is interrupted', async () => {
    const reason = new AuthError('cancelled', 'cancelled')
    expect(await failure(() => files.read(fileWith(''), AbortSignal.abort(reason)))).toBe(reason)
  })

  it.each([
    ['a directory', (path: string) => mkdirSync(path), 'it is no ordinary file'],
    ['a FIFO', (path: string) => execFileSync('mkfifo', [path]), 'it is no ordinary file'],
    ['not UTF-8', (path: string) => writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d])), 'it is not UTF-8 text'],
    ['a link that leads nowhere', (path: string) => symlinkSync('none', path), 'ENOENT'],
  ])('F11, F20: refuses what is %s, without waiting', async (_case, make, why) => {
    const path = join(folder(), 'auth.json')
    make(path)
    const reading = failure(() => files.read(path, never))
    expect(await tookMs(reading)).toBeLessThan(500)
    expect(await reading).toMatchObject({ code: 'auth-file-invalid', message: expect.stringContaining(why) as string })
  })

  it.runIf(isRoot)('F13: refuses a file of another user', async () => {
    const path = fileWith(OLD)
    execFileSync('chown', ['nobody', path])
    const reading = await failure(() => files.read(path, never))
    expect(reading).toMatchObject({ code: 'auth-file-invalid', message: expect.stringContaining(path) as string })
  })
})

describe('foreignFilesOnDisk().replace', () => {
  it('replaces the file as a whole, 0600, and leaves nothing beside it', async () => {
    const path = fileWith(OLD)
    chmodSync(path, 0o644)
    const inode = statSync(path).ino
    expect(files.replace(await readOf(path), NEW)).toBe(true)
    expect([readFileSync(path, 'utf8'), mode(path)]).toEqual([NEW.reveal(), '600'])
    expect([statSync(path).ino === inode, readdirSync(join(path, '..'))]).toEqual([false, ['auth.json']])
  })

  it('F10: replaces the target of a link in its own folder, and keeps the link', async () => {
    const home = folder()
    mkdirSync(join(home, 'dotfiles'))
    writeFileSync(join(home, 'dotfiles', 'codex.json'), OLD, { mode: 0o600 })
    symlinkSync(join('dotfiles', 'codex.json'), join(home, 'auth.json'))
    const file = await readOf(join(home, 'auth.json'))
    expect(file.realPath).toBe(join(home, 'dotfiles', 'codex.json'))
    expect(files.replace(file, NEW)).toBe(true)
    expect(lstatSync(join(home, 'auth.json')).isSymbolicLink()).toBe(true)
    expect(readFileSync(file.realPath, 'utf8')).toBe(NEW.reveal())
  })

  it('does not change the mode of the folder, nor make one', async () => {
    const path = fileWith(OLD)
    chmodSync(join(path, '..'), 0o755)
    const file = await readOf(path)
    files.replace(file, NEW)
    expect(mode(join(path, '..'))).toBe('755')
    rmSync(join(path, '..'), { recursive: true })
    expect(files.replace(file, NEW)).toBe(false)
    expect(existsSync(join(path, '..'))).toBe(false)
  })

  it.each([
    ['changed', (path: string) => writeFileSync(path, '{"tokens":{"refresh_token":"RT-9"}}')],
    ['gone', (path: string) => rmSync(path)],
  ])('G6: leaves a file alone that was %s meanwhile, and says false', async (_case, change) => {
    const path = fileWith(OLD)
    const file = await readOf(path)
    change(path)
    const before = startOf(path)
    expect(files.replace(file, NEW)).toBe(false)
    expect(startOf(path)).toBe(before)
    expect(readdirSync(join(path, '..')).filter((name) => name !== 'auth.json')).toEqual([])
  })

  it.each([
    ['not UTF-8', (path: string) => writeFileSync(path, Buffer.from([0xff]))],
    ['too large', (path: string) => truncateSync(path, 17 * 1024 * 1024)],
  ])('G3, G4: leaves a file alone that is %s by now, and does not keep silent about it', async (_case, change) => {
    const path = fileWith(OLD)
    const file = await readOf(path)
    change(path)
    const before = startOf(path)
    expect(await failure(() => files.replace(file, NEW))).toMatchObject({ code: 'auth-file-invalid' })
    expect([startOf(path), readdirSync(join(path, '..'))]).toEqual([before, ['auth.json']])
  })

  it('G4: refuses a file that is write-protected, and says how to change that', async () => {
    const path = fileWith(OLD)
    chmodSync(path, 0o400)
    const file = await readOf(path)
    expect(file.isWritable).toBe(false)
    const error = await failure(() => files.replace(file, NEW))
    expect(error).toMatchObject({ code: 'storage-unavailable', hint: `chmod u+w ${path}` })
    expect([readFileSync(path, 'utf8'), mode(path)]).toEqual([OLD, '400'])
  })
})

describe('foreignFilesOnDisk().whenIdle', () => {
  const LOCKS = [
    ['.oauth_refresh.lock', (home: string) => join(home, '.oauth_refresh.lock')],
    ['that of the folder', (home: string) => `${home}.lock`],
  ] as const
  const claudeHome = () => {
    const home = join(folder(), '.claude')
    mkdirSync(home)
    return { home, link: { tool: 'claude-code', path: join(home, '.credentials.json') } as const }
  }

  it.each(LOCKS)('G7: waits while Claude Code holds its lock: %s', async (_case, lockOf) => {
    const { home, link } = claudeHome()
    mkdirSync(lockOf(home))
    const waiting = tookMs(files.whenIdle(link, never))
    await sleep(300)
    rmdirSync(lockOf(home))
    expect(Math.floor((await waiting) / 250)).toBe(1)
  })

  it.each(LOCKS)('G7: does not wait for a lock that was left behind a minute ago: %s', async (_case, lockOf) => {
    const { home, link } = claudeHome()
    mkdirSync(lockOf(home))
    const then = new Date(Date.now() - 61_000)
    utimesSync(lockOf(home), then, then)
    expect(await tookMs(files.whenIdle(link, never))).toBeLessThan(200)
  })

  it('G7: waits on for one that was left behind and is taken again', async () => {
    const { home, link } = claudeHome()
    const lock = join(home, '.oauth_refresh.lock')
    mkdirSync(lock)
    const then = new Date(Date.now() - 59_800)
    utimesSync(lock, then, then)
    const waiting = tookMs(files.whenIdle(link, never))
    await sleep(100)
    utimesSync(lock, new Date(), new Date())
    await sleep(400)
    rmdirSync(lock)
    expect(await waiting).toBeGreaterThan(450)
  })

  it('does not wait for Codex, nor where there is no folder at all', async () => {
    const home = folder()
    mkdirSync(join(home, 'auth.json.lock'))
    const codex = { tool: 'codex', path: join(home, 'auth.json') } as const
    const gone = { tool: 'claude-code', path: join(home, 'none', '.credentials.json') } as const
    expect(await tookMs(files.whenIdle(codex, never))).toBeLessThan(100)
    expect(await tookMs(files.whenIdle(gone, never))).toBeLessThan(100)
  })

  it('ends the wait with the reason when it is interrupted', async () => {
    const { home, link } = claudeHome()
    mkdirSync(join(home, '.oauth_refresh.lock'))
    const reason = new AuthError('cancelled', 'cancelled')
    expect(await failure(() => files.whenIdle(link, AbortSignal.abort(reason)))).toBe(reason)
  })
})
