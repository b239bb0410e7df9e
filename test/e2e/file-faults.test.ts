import { spawn } from 'node:child_process'
import { chownSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { account } from '../fakes/account.ts'
import { authFileOnDisk } from '../../src/system/auth-file-on-disk.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'
import { run, temporaryHome } from './program.ts'
import { worldWith } from './renewal-world.ts'

let server: OneUseServer
beforeAll(async () => {
  server = await startOneUseServer()
})
afterAll(() => server.close())

/** Runs `aiauth token` in a Node whose `fs` behaves as the code in `patch` says. */
function tokenWithPatchedFs(home: string, patch: string) {
  const preload = join(home, 'patch.cjs')
  writeFileSync(
    preload,
    `const fs = require('node:fs')\nconst fail = (code) => { throw Object.assign(new Error(code), { code }) }\n${patch}`,
  )
  return run(['token'], { home, env: { NODE_OPTIONS: `--require ${preload}` } })
}

describe('a file system with ways of its own', () => {
  it.each(['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP'])(
    'F17: renews where a folder cannot be synced (%s)',
    async (code) => {
      const world = await worldWith(server)
      const patch = `const sync = fs.fsyncSync
        fs.fsyncSync = (descriptor) => fs.fstatSync(descriptor).isDirectory() ? fail('${code}') : sync(descriptor)`
      const { exitCode, stdout, stderr } = await tokenWithPatchedFs(world.home, patch)
      expect([exitCode, stderr]).toEqual([0, ''])
      expect(world.family.accepts(stdout.trim())).toBe(true)
    },
  )

  it.each(['EXDEV', 'ESTALE'])('F18: writes nothing in place where a rename fails (%s), and says so', async (code) => {
    const world = await worldWith(server)
    const before = readFileSync(join(world.home, 'vault.json'), 'utf8')
    const { exitCode, stdout, stderr } = await tokenWithPatchedFs(world.home, `fs.renameSync = () => fail('${code}')`)
    expect([exitCode, stdout]).toEqual([7, ''])
    expect(stderr).toContain(`cannot be written (${code})`)
    expect(world.family.grants).toBe(0)
    expect(readFileSync(join(world.home, 'vault.json'), 'utf8')).toBe(before)
    expect((await run(['token'], { home: world.home })).exitCode).toBe(0)
  })

  it('F24: gives temporary files names that nobody can plant, and opens none that is there', async () => {
    const world = await worldWith(server)
    const patch = `const open = fs.openSync
      fs.openSync = (path, flags, mode) => {
        if (typeof flags === 'number' && flags & fs.constants.O_CREAT && !String(path).endsWith('uses.log'))
          fs.appendFileSync('${world.home}/opened.txt', JSON.stringify([path, flags, mode]) + '\\n')
        return open(path, flags, mode)
      }`
    expect((await tokenWithPatchedFs(world.home, patch)).exitCode).toBe(0)
    const lines = readFileSync(join(world.home, 'opened.txt'), 'utf8').trim().split('\n')
    const opened = lines.map((line) => JSON.parse(line) as [string, number, number])
    const temporary = opened.filter(([path]) => path.endsWith('.tmp'))
    expect(temporary.length).toBeGreaterThanOrEqual(3)
    for (const [path] of temporary)
      expect(path).toMatch(/\/\.[\w-]+\.json(?:\.lock)?\.[0-9a-f]{16}\.tmp$|\.lock\.[0-9a-f]{16}\.tmp$/)
    const { O_EXCL, O_NOFOLLOW } = await import('node:constants')
    for (const [, flags, mode] of opened)
      expect([flags & O_EXCL, flags & O_NOFOLLOW, mode]).toEqual([O_EXCL, O_NOFOLLOW, 0o600])
  })
})

describe('auth.json under a reader', () => {
  it('F22: is whole and there at each of thousands of reads while it is written', async () => {
    const home = temporaryHome()
    const store = authFileOnDisk(home)
    await store.update((file) => ({ ...file, accounts: [account()] }))
    const code = `const fs = require('node:fs'); let reads = 0; process.stdin.resume().on('end', () => { console.log(reads); process.exit() })
      const look = () => { for (let i = 0; i < 50; i++) { JSON.parse(fs.readFileSync(process.argv[1], 'utf8')); reads++ } setImmediate(look) }; look()`
    const reader = spawn(process.execPath, ['-e', code, join(home, 'auth.json')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let out = ''
    reader.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    const ended = new Promise<number | null>((resolve) => reader.on('close', resolve))
    for (let round = 0; round < 300; round++) {
      await store.update((file) => ({ ...file, accounts: [account({ notes: 'n'.repeat((round * 37) % 5000) })] }))
    }
    await new Promise((resolve) => setTimeout(resolve, 300))
    reader.stdin.end()
    expect(await ended).toBe(0)
    expect(Number(out)).toBeGreaterThan(1000)
  })
})

describe('an auth.json that came from elsewhere', () => {
  it.each([
    ['UTF-16', (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['Latin-1', (text: string) => Buffer.from(text.replace('"notes": null', '"notes": "b\u00e4r"'), 'latin1')],
  ])('F25: exits 8 for one in %s and leaves it alone', async (_case, encode) => {
    const world = await worldWith(server)
    const path = join(world.home, 'auth.json')
    const bytes = encode(readFileSync(path, 'utf8'))
    writeFileSync(path, bytes)
    for (const argv of [['status'], ['token'], ['refresh', '--all']]) {
      expect((await run(argv, { home: world.home })).exitCode).toBe(8)
    }
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  it('F25: keeps a lone surrogate in a note through a renewal', async () => {
    const world = await worldWith(server)
    const path = join(world.home, 'auth.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"notes": null', String.raw`"notes": "\ud800 x"`))
    expect((await run(['token'], { home: world.home })).exitCode).toBe(0)
    expect((JSON.parse(readFileSync(path, 'utf8')) as { accounts: { notes: string }[] }).accounts[0]?.notes).toBe(
      '\ud800 x',
    )
  })

  it('F5: takes the last of two fields of one name, and refuses two accounts of one name', async () => {
    const world = await worldWith(server, 3600)
    const path = join(world.home, 'auth.json')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('"name": "work"', '"name": "first",\n      "name": "work"'))
    expect((await run(['token', 'work'], { home: world.home })).exitCode).toBe(0)
    const file = JSON.parse(text) as { accounts: object[] }
    const twice = [...file.accounts, { ...file.accounts[0], id: 'other', name: 'WORK' }]
    writeFileSync(path, JSON.stringify({ ...file, accounts: twice }))
    const { exitCode, stderr } = await run(['status'], { home: world.home })
    expect([exitCode, stderr]).toEqual([8, expect.stringContaining('accounts[1].name stands there twice') as string])
  })

  it.runIf(process.getuid?.() === 0)('F13: leaves nothing of its own in a folder of another user', async () => {
    const home = temporaryHome()
    const theirs = join(home, 'theirs')
    mkdirSync(theirs)
    chownSync(theirs, 1234, 1234)
    for (const folder of [theirs, join(theirs, 'deeper')]) {
      const env = { AIAUTH_HOME: folder }
      const { exitCode, stderr } = await run(['login', 'claude', '--accept-terms'], { home, env })
      expect([exitCode, stderr]).toEqual([7, expect.stringContaining('belongs to another user') as string])
    }
    expect(readdirSync(theirs)).toEqual([])
    expect(statSync(theirs).uid).toBe(1234)
  })
})
