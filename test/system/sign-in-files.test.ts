import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { signInFilesOnDisk } from '../../src/system/sign-in-files-on-disk.ts'
import { writeUrlFile } from '../../src/system/url-file.ts'
import { temporaryHome } from '../e2e/program.ts'

const ID = '11111111-1111-4111-8111-111111111111'
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
const URL = 'https://claude.example/authorize?state=S'

describe('signInFilesOnDisk', () => {
  it('writes 0600 in a 0700 folder and reads back', () => {
    const home = temporaryHome()
    const files = signInFilesOnDisk(home)
    files.write(ID, 'text')
    expect(files.read(ID)).toEqual({ text: 'text', isUsed: false })
    expect([modeOf(join(home, 'sessions')), modeOf(join(home, 'sessions', `${ID}.json`))]).toEqual(['700', '600'])
    expect(files.list()).toEqual([ID])
  })

  it('L41: lets one of many claim it, and tells that it was', () => {
    const home = temporaryHome()
    signInFilesOnDisk(home).write(ID, 'text')
    expect(Array.from({ length: 5 }, () => signInFilesOnDisk(home).claim(ID))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ])
    expect(signInFilesOnDisk(home).read(ID)).toEqual({ text: 'text', isUsed: true })
  })

  it.each(['../auth', `../sessions/${ID}`, `${ID}.json`, '', '.', ID.toUpperCase().replace('1', 'A'), `${ID}\0`])(
    'L41: neither reads, claims nor removes anything for the id %j',
    (id) => {
      const home = temporaryHome()
      const files = signInFilesOnDisk(home)
      files.write(ID, 'text')
      writeFileSync(join(home, 'auth.json'), '{}')
      files.write(id, 'planted')
      expect([files.read(id), files.claim(id)]).toEqual([undefined, false])
      files.remove(id)
      expect(readdirSync(home).sort()).toEqual(['auth.json', 'sessions'])
      expect(readdirSync(join(home, 'sessions'))).toEqual([`${ID}.json`])
    },
  )

  it('follows no link, opens no folder, and lists no other names', () => {
    const home = temporaryHome()
    const folder = join(home, 'sessions')
    mkdirSync(folder)
    writeFileSync(join(home, 'elsewhere'), 'secret')
    symlinkSync(join(home, 'elsewhere'), join(folder, `${ID}.json`))
    mkdirSync(join(folder, `${ID.replaceAll('1', '2')}.json`))
    writeFileSync(join(folder, 'notes.txt'), '')
    const files = signInFilesOnDisk(home)
    expect(files.read(ID)?.text).toBe('')
    expect(files.read(ID.replaceAll('1', '2'))?.text).toBe('')
    expect(files.list()).toHaveLength(2)
    files.remove(ID)
    expect(readFileSync(join(home, 'elsewhere'), 'utf8')).toBe('secret')
  })

  it('has nothing where there is no folder', () => {
    const files = signInFilesOnDisk(join(temporaryHome(), 'none'))
    expect([files.list(), files.read(ID), files.claim(ID)]).toEqual([[], undefined, false])
  })

  it.each<[string, (path: string) => void]>([
    ['a file', (path) => writeFileSync(path, '')],
    ['a link to itself', (path) => symlinkSync(path, path)],
  ])('F20: has nothing where %s stands in the folder’s place, and says so when it is to write', (_case, make) => {
    const home = temporaryHome()
    make(join(home, 'sessions'))
    const files = signInFilesOnDisk(home)
    files.removeTorn(Date.now())
    expect([files.list(), files.read(ID)]).toEqual([[], undefined])
    expect(() => files.write(ID, 'text')).toThrow('cannot be written (')
  })
})

describe('writeUrlFile', () => {
  it('writes the address alone on a line, 0600, and takes it away again', () => {
    const path = join(temporaryHome(), 'url')
    const remove = writeUrlFile(path, URL)
    expect([readFileSync(path, 'utf8'), modeOf(path)]).toEqual([`${URL}\n`, '600'])
    remove()
    expect(existsSync(path)).toBe(false)
  })

  it.each([
    ['an empty file, as mktemp makes it', ''],
    ['the address of an earlier run', 'https://claude.example/authorize?state=R\n'],
  ])('replaces %s', (_case, before) => {
    const path = join(temporaryHome(), 'url')
    writeFileSync(path, before, { mode: 0o644 })
    writeUrlFile(path, URL)
    expect([readFileSync(path, 'utf8'), modeOf(path)]).toEqual([`${URL}\n`, '600'])
  })

  it('X14: leaves alone what holds anything else, and says so', () => {
    const path = join(temporaryHome(), '.bashrc')
    writeFileSync(path, 'export A=1\n')
    expect(() => writeUrlFile(path, URL)).toThrow('exists and holds something else')
    expect(readFileSync(path, 'utf8')).toBe('export A=1\n')
  })

  it('X14: replaces no link and no folder', () => {
    const home = temporaryHome()
    writeFileSync(join(home, 'target'), '')
    symlinkSync(join(home, 'target'), join(home, 'link'))
    mkdirSync(join(home, 'folder'))
    for (const name of ['link', 'folder']) expect(() => writeUrlFile(join(home, name), URL)).toThrow('exists')
    expect(readFileSync(join(home, 'target'), 'utf8')).toBe('')
  })

  it('does not take away what another program has put there meanwhile', () => {
    const path = join(temporaryHome(), 'url')
    const remove = writeUrlFile(path, URL)
    writeFileSync(path, 'mine now')
    remove()
    expect(readFileSync(path, 'utf8')).toBe('mine now')
  })

  it('tells of a folder that is not there', () => {
    expect(() => writeUrlFile(join(temporaryHome(), 'none', 'url'), URL)).toThrow('url cannot be written (ENOENT)')
  })
})
