import { execFileSync } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { presetFile } from '../../src/system/preset.ts'
import { findPreset, readPreset } from '../../src/system/read-preset.ts'

let root = ''
const before = process.cwd()
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'aiauth-preset-')))
  mkdirSync(join(root, 'a', 'b', 'c'), { recursive: true })
  process.chdir(join(root, 'a', 'b', 'c'))
})
afterEach(() => {
  process.chdir(before)
  rmSync(root, { recursive: true, force: true })
})
const write = (folder: string, content: string | Buffer) => {
  const path = join(root, folder, '.aiauth')
  writeFileSync(path, content)
  return path
}

describe('the nearest .aiauth', () => {
  it('is the one in the folder, else the first above it', () => {
    const outer = write('a', 'outer')
    expect(presetFile()).toBe(outer)
    const inner = write('a/b/c', 'inner')
    expect(presetFile()).toBe(inner)
  })

  it('is none where no folder has one', () => expect(presetFile()).toBeUndefined())

  it('is no folder of that name', () => {
    const outer = write('a', 'outer')
    mkdirSync(join(root, 'a', 'b', '.aiauth'))
    expect(presetFile()).toBe(outer)
  })

  it.runIf(process.getuid?.() === 0)('F13: is none that belongs to another user', () => {
    const outer = write('a', 'outer')
    chownSync(write('a/b', 'planted'), 65_534, 65_534)
    expect(presetFile()).toBe(outer)
  })

  it('is none where the working directory is gone', () => {
    rmSync(join(root, 'a', 'b', 'c'), { recursive: true })
    expect(presetFile()).toBeUndefined()
  })

  it('gives way to AIAUTH_ACCOUNT, even when it is odd', () => {
    const path = write('a/b', '!')
    expect(findPreset({ AIAUTH_ACCOUNT: 'work' })).toEqual({ name: 'work' })
    expect(() => findPreset({ AIAUTH_ACCOUNT: '' })).toThrow(AuthError)
    writeFileSync(path, 'home')
    expect(findPreset({})).toEqual({ name: 'home', path })
  })
})

describe('readPreset', () => {
  it.each([
    ['work', 'work'],
    ['work\n', 'work'],
    ['\uFEFFwork\r\n', 'work'],
    ['# the seat of the team\n\n  team-2  # paid by them\n# end', 'team-2'],
    ['ada@example.com', 'ada@example.com'],
  ])('takes the one name of %j', (content, name) => {
    const path = write('a', content)
    expect(readPreset(path)).toEqual({ name, path })
  })

  it.each([
    ['nothing', ''],
    ['comments alone', '# work'],
    ['two names', 'work\nhome'],
    ['two words', 'work home'],
    ['a command', '$(touch S3CRET)'],
    ['a flag', '--S3CRET'],
    ['a path', '../S3CRET'],
    ['a variable', 'AIAUTH_HOME=/tmp/S3CRET'],
    ['an escape sequence', '\u001b]52;c;S3CRET\u0007'],
    ['a key', '-----BEGIN S3CRET KEY-----'],
    ['NUL bytes', Buffer.alloc(100)],
    ['other bytes', Buffer.from([0xff, 0xfe, 0x77])],
    ['5 kB', '#'.repeat(5000)],
  ])('X2: refuses %s in one line, and repeats none of it', (_case, content) => {
    const path = write('a', content)
    let refusal: unknown
    try {
      readPreset(path)
    } catch (error) {
      refusal = error
    }
    expect(refusal).toMatchObject({ code: 'usage', hint: 'name the account, or set AIAUTH_ACCOUNT' })
    const { message } = refusal as AuthError
    expect(message.startsWith(`${path} `)).toBe(true)

    expect(message).not.toMatch(/S3CRET|[\x00-\x1f]/)
  })

  it('F11: follows no link', () => {
    const secret = join(root, 'secret')
    writeFileSync(secret, 'work')
    symlinkSync(secret, join(root, 'a', '.aiauth'))
    expect(() => readPreset(presetFile() ?? '')).toThrow('is no file that can be read')
  })

  it('F20: does not wait for a pipe', () => {
    const path = join(root, 'a', '.aiauth')
    execFileSync('mkfifo', [path])
    expect(presetFile()).toBe(path)
    expect(() => readPreset(path)).toThrow(AuthError)
  })
})
