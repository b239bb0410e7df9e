import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import type { Use } from '../../src/model/history.ts'
import { authFileOnDisk } from '../../src/system/auth-file-on-disk.ts'
import { noteUse, usesLogIn } from '../../src/system/note-use.ts'
import { readUses } from '../../src/system/uses-log.ts'
import { account } from '../fakes/account.ts'
import { bundled } from '../real/bundled.ts'

const USE: Use = { accountId: account().id, at: '2026-11-21T10:00:00.000Z', program: 'codex', pid: 7 }

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'aiauth-uses-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return home
}
const write = (home: string, ...lines: (string | object)[]) => {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  writeFileSync(usesLogIn(home), text, { mode: 0o600 })
}

describe('the log of uses', () => {
  it('F12: gives back what was noted, from a file that only its owner can read', () => {
    const home = newHome()
    const mask = process.umask(0)
    onTestFinished(() => void process.umask(mask))
    noteUse(home, USE)
    noteUse(home, { ...USE, program: 'a "quoted"\nname', fingerprint: 'f' })
    expect(readUses(home)).toEqual([USE, { ...USE, program: 'a "quoted" name', fingerprint: 'f' }])
    expect(statSync(usesLogIn(home)).mode & 0o777).toBe(0o600)
  })

  it('is empty where there is none', () => expect(readUses(newHome())).toEqual([]))

  it('stops growing at 256 KiB, by no more than one line', () => {
    const home = newHome()
    writeFileSync(usesLogIn(home), `${'x'.repeat(262_142)}\n`, { mode: 0o600 })
    noteUse(home, USE)
    const { size } = statSync(usesLogIn(home))
    noteUse(home, USE)
    expect(statSync(usesLogIn(home)).size).toBe(size)
    expect(readUses(home)).toEqual([USE])
  })

  it('F6, X2: leaves out lines that are no uses, and cleans the others', () => {
    const home = newHome()
    write(
      home,
      USE,
      '{"accountId":"cut o',
      '',
      'null',
      '[]',
      {},
      { ...USE, pid: 'x' },
      { ...USE, program: '' },
      { ...USE, accountId: { a: 1 } },
      '{"__proto__":{"polluted":1}}',
      { ...USE, program: 'a\u001b[2Jb', fingerprint: 'c\u001b[2Jd' },
    )
    expect(readUses(home)).toEqual([USE, { ...USE, program: 'ab', fingerprint: 'cd' }])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it.each(['2026', '1', 'soon', 'Sat, 21 Nov 2026 10:00:00 GMT', '+275760-09-13T00:00:00Z', '-000001-01-01T00:00:00Z'])(
    'F7: makes no auth.json that cannot be read again out of the time %j',
    async (at) => {
      const home = newHome()
      const file = authFileOnDisk(home)
      await file.update(() => ({ ...newAuthFile('f'), accounts: [account()] }))
      write(home, { ...USE, at })
      await file.update((current) => current)
      expect(file.read()?.accounts[0]).toMatchObject({ lastUsedAt: null, history: [] })
    },
  )

  it('stands in auth.json at its next change, and is cleared then', async () => {
    const home = newHome()
    const file = authFileOnDisk(home)
    await file.update(() => ({ ...newAuthFile('f'), accounts: [account()] }))
    noteUse(home, USE)
    noteUse(home, { ...USE, at: '2026-11-21T10:00:05.000Z', pid: 8 })
    expect(file.read()?.accounts[0]?.history).toEqual([])
    await file.update((current) => current)
    expect(file.read()?.accounts[0]).toMatchObject({
      lastUsedAt: '2026-11-21T10:00:05.000Z',
      history: [{ event: 'handed-out', program: 'codex', pid: 8, count: 2 }],
    })
    expect(existsSync(usesLogIn(home))).toBe(false)
  })

  it('is kept when auth.json was not written after all', async () => {
    const home = newHome()
    noteUse(home, USE)
    const failing = authFileOnDisk(home).update(() => {
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(readUses(home)).toEqual([USE])
  })

  const IN_ITS_PLACE: [string, (path: string) => void][] = [
    ['a folder', (path) => mkdirSync(path)],
    ['a link to nowhere', (path) => symlinkSync('/nonexistent/x', path)],
    ['a link to another file', (path) => symlinkSync(join(path, '..', 'other'), path)],
    ['a pipe that nobody reads', (path) => void spawnSync('mkfifo', [path])],
    ['text that is not UTF-8', (path) => writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00, 0x0a]))],
  ]
  it.each(IN_ITS_PLACE)(
    'F20, F25: keeps neither a token nor auth.json waiting for %s in its place',
    async (_case, put) => {
      const home = newHome()
      writeFileSync(join(home, 'other'), 'as it was')
      put(usesLogIn(home))
      noteUse(home, USE)
      const file = authFileOnDisk(home)
      await file.update(() => ({ ...newAuthFile('f'), accounts: [account()] }))
      expect(file.read()?.accounts.length).toBe(1)
      expect(readFileSync(join(home, 'other'), 'utf8')).toBe('as it was')
    },
  )

  it.each([
    ['is not there', (home: string) => join(home, 'gone')],
    ['is a file', (home: string) => (writeFileSync(join(home, 'file'), ''), join(home, 'file'))],
  ])('R19: notes nothing, and fails for nobody, in a home that %s', (_case, place) => {
    const home = place(newHome())
    noteUse(home, USE)
    expect(existsSync(usesLogIn(home))).toBe(false)
  })
})

describe('the log of uses, written by many processes', () => {
  let program = ''
  beforeAll(async () => {
    program = await bundled('test/real/notes-uses.ts')
  })

  it('F21: keeps each of 400 uses by 8 processes at the same time, every line whole', async () => {
    const home = newHome()
    const names = Array.from({ length: 8 }, (_, index) => `program-${index}`)
    const ended = names.map(async (name) => {
      const child = spawn(process.execPath, [program, home, '50', name], { stdio: 'inherit' })
      const [code] = (await once(child, 'exit')) as [number]
      return code
    })
    expect(await Promise.all(ended)).toEqual(names.map(() => 0))
    const uses = readUses(home)
    expect(uses.length).toBe(400)
    for (const name of names) {
      const own = uses.filter((use) => use.program === name)
      expect(own.map(({ fingerprint }) => fingerprint)).toEqual(Array.from({ length: 50 }, (_, index) => `f${index}`))
    }
  })
})
