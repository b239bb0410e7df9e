import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as soon, setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { accessToken, codexFile } from '../fakes/linked.ts'
import { operationsOf, whyNoFaults, type Operation } from '../real/faults/faults.ts'
import {
  contentOf,
  copyOf,
  environmentOf,
  homeBefore,
  homeMigrated,
  IN_PLACE,
  legacyPath,
  LINKED,
  runIn,
  stateOf,
  whereItLives,
  type MigrationHome,
} from './migration-world.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'
import { filesIn, ROOT, run, start, type Ended } from './program.ts'

const NO_FAULTS = whyNoFaults() !== undefined
const LIMIT = { timeout: 120_000 }
const MIGRATE = ['migrate-auth', '--json']
const BACK = ['migrate-auth', '--rollback', '--json']
const HOUR_MS = 3_600_000

let server: OneUseServer
beforeAll(async () => {
  server = await startOneUseServer()
})
afterAll(() => server.close())

const outcomeOf = ({ exitCode, stdout }: Ended) =>
  `${String(exitCode)} ${stdout === '' ? '' : ((JSON.parse(stdout) as { outcome?: string }).outcome ?? 'an error')}`

interface Listed {
  readonly id: string
  readonly checksum: string
  readonly kind: string
}

async function backupsIn(world: MigrationHome): Promise<readonly Listed[]> {
  const { stdout } = await runIn(world, ['migrate-auth', '--list-backups', '--json'])
  return (JSON.parse(stdout) as { backups: Listed[] }).backups
}

describe.skipIf(NO_FAULTS)('aiauth migrate-auth, before a power cut', () => {
  const STEPS = ['write', 'sync', 'rename', 'link', 'unlink', 'open-read']
  const isOfInterest = ({ name, path, errno }: Operation) =>
    STEPS.includes(name) &&
    errno === 0 &&
    !/\.lock|^config/.test(path) &&
    (name !== 'open-read' || path.includes('auth_b'))

  it('M2: has the copy on the disk and reads it back before anything new is written, and drops the record last', async () => {
    const world = await homeBefore(IN_PLACE, server)
    await runIn(world, MIGRATE, 'none')
    const steps = operationsOf(world.home)
      .filter(isOfInterest)
      .map(({ name, path }) => `${name} ${path.replace(/auth_backup_[\d_-]+/g, '<copy>')}`)
    const replaced = (folder: string, name: string) => [
      `write ${folder}.${name}.tmp`,
      `sync ${folder}.${name}.tmp`,
      `rename ${folder}.${name}.tmp -> ${folder}${name}`,
      `sync ${folder === '' ? '.' : folder.slice(0, -1)}`,
    ]
    expect(steps).toEqual([
      'sync .',
      ...replaced('journal/', 'migration.json'),
      'sync .',
      'write backup/.auth_backup.tmp',
      'sync backup/.auth_backup.tmp',
      'write backup/.auth_backup.tmp',
      'sync backup/.auth_backup.tmp',
      'link backup/.auth_backup.tmp -> backup/<copy>.manifest',
      'unlink backup/.auth_backup.tmp',
      'link backup/.auth_backup.tmp -> backup/<copy>.json',
      'unlink backup/.auth_backup.tmp',
      'sync backup',
      'open-read backup/<copy>.json',
      'open-read backup/<copy>.manifest',
      ...replaced('', 'vault.json'),
      'write auth.json.new',
      'sync auth.json.new',
      'rename auth.json.new -> auth.json',
      'sync .',
      ...replaced('', 'migration-report.json'),
      'unlink journal/migration.json',
    ])
  })

  it('M3: uses the tokens again that a killed run has put into the vault', async () => {
    const template = await homeBefore(IN_PLACE, server)
    const trace = copyOf(template)
    await runIn(trace, MIGRATE, 'none')
    const swap = operationsOf(trace.home).find(({ path }) => path === 'auth.json.new -> auth.json')
    await runIn(template, MIGRATE, { at: swap?.number ?? 0, kind: 'kill-before' })
    const itemsOf = () =>
      Object.keys((JSON.parse(contentOf(join(template.home, 'vault.json')) ?? '') as { items: object }).items)
    const [orphan] = itemsOf()
    expect(contentOf(legacyPath(template))).toContain('refresh_token')
    expect(outcomeOf(await runIn(template, MIGRATE))).toBe('0 migrated')
    expect(itemsOf()).toEqual([orphan])
    expect(contentOf(join(template.home, 'auth.json'))).toContain(`"id": "${orphan ?? ''}"`)
  })
})

describe('the backup of a migration', () => {
  it('M4, M5, M6: takes a free name and is private, whatever stands there and whatever the umask', async () => {
    const world = await homeBefore(IN_PLACE, server)
    const folder = join(world.home, 'backup')
    mkdirSync(folder)
    const elsewhere = join(world.home, 'elsewhere')
    for (let second = 0; second < 20; second++) {
      const id = `auth_backup_${new Date(Date.now() + second * 1000).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_')}`
      if (second % 3 === 0) writeFileSync(join(folder, `${id}.json`), 'taken')
      else if (second % 3 === 1) symlinkSync(elsewhere, join(folder, `${id}.json`))
      else mkdirSync(join(folder, `${id}.manifest`))
    }
    const umask = process.umask(0)
    const ended = runIn(world, MIGRATE)
    process.umask(umask)
    expect(outcomeOf(await ended)).toBe('0 migrated')
    const { backup } = JSON.parse((await ended).stdout) as { backup: { id: string; path: string } }
    expect(backup.id).toMatch(/^auth_backup_\d{8}_\d{6}-2$/)
    expect(readFileSync(backup.path, 'utf8')).toContain('refresh_token')
    expect(existsSync(elsewhere)).toBe(false)
    const files = [backup.path, backup.path.replace(/json$/, 'manifest')]
    expect(files.map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600])
  })

  it('M25: is counted, so that a clock that goes back by 4 h changes no order', async () => {
    const world = await homeBefore(IN_PLACE, server)
    await runIn(world, MIGRATE)
    const file = join(world.home, 'codex', 'jump')
    writeFileSync(file, '')
    const env = {
      NODE_OPTIONS: `--require=${join(ROOT, 'test', 'real', 'faults', 'clock-jump.cjs')}`,
      AIAUTH_CLOCK_FILE: file,
      AIAUTH_CLOCK_JUMP_MS: String(-4 * HOUR_MS),
    }
    const later = (argv: readonly string[]) => run(argv, { home: world.home, env: { ...environmentOf(world), ...env } })
    expect(outcomeOf(await later(BACK))).toBe('0 rolled-back')
    const [newest, first] = await backupsIn(world)
    expect([newest?.kind, first?.kind]).toEqual(['rollback', 'migration'])
    expect((newest?.id ?? '') < (first?.id ?? '')).toBe(true)
    expect(outcomeOf(await later(BACK))).toBe('0 nothing-to-do')
    expect(outcomeOf(await later(['migrate-auth', '--rollback', newest?.id ?? '', '--json']))).toBe('0 migrated')
  })
})

describe('several at once', LIMIT, () => {
  it.each([2, 10])('M22: of %i migrations one does it, and the others find nothing to do', async (count) => {
    const world = await homeBefore(IN_PLACE, server)
    const ends = await Promise.all(Array.from({ length: count }, () => runIn(world, MIGRATE)))
    expect(ends.map(outcomeOf).sort()).toEqual(['0 migrated', ...Array<string>(count - 1).fill('0 nothing-to-do')])
    expect((await backupsIn(world)).length).toBe(1)
    expect((await stateOf(world)).vault).toEqual({
      openai: expect.stringContaining(world.family.refreshToken) as string,
    })
  })

  it('M22: a migration and a rollback come one after the other', async () => {
    const world = await homeMigrated(IN_PLACE, server)
    const ends = await Promise.all([BACK, MIGRATE, BACK, MIGRATE].map((argv) => runIn(world, argv)))
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
    const state = await stateOf(world)
    expect(whereItLives(world, state)).toHaveLength(1)
    expect(state.files.filter((name) => /tmp|new|lock|journal\//.test(name))).toEqual([])
  })

  it('F22, M22: no reader ever sees half a file or none, and no asker a wrong token', async () => {
    const world = await homeBefore(IN_PLACE, server)
    const path = join(world.home, 'auth.json')
    let isOver = false
    const turns = async () => {
      for (let turn = 0; turn < 8; turn++) {
        expect(outcomeOf(await runIn(world, turn % 2 === 0 ? MIGRATE : BACK))).toMatch(/^0 (?:migrated|rolled-back)$/)
      }
      isOver = true
    }
    const kinds: Record<string, number> = {}
    const reads = async () => {
      for (let count = 0; count < 10_000 || !isOver; count++) {
        const { version, tokens } = JSON.parse(readFileSync(path, 'utf8')) as { version?: number; tokens?: object }
        const kind = version === 2 ? 'new' : tokens === undefined ? 'something else' : 'old'
        kinds[kind] = (kinds[kind] ?? 0) + 1
        if (count % 20 === 0) await soon()
        if (count > 10_000) await sleep(1)
      }
    }
    const asked: Record<string, number> = {}
    const asks = async () => {
      while (!isOver) {
        const { exitCode, stdout, stderr } = await runIn(world, ['token', 'openai'])
        const what = exitCode === 0 ? (stdout.startsWith('ey') ? 'a token' : stdout) : `${String(exitCode)} ${stderr}`
        asked[what] = (asked[what] ?? 0) + 1
      }
    }
    await Promise.all([turns(), reads(), asks()])
    expect(Object.keys(kinds).sort()).toEqual(['new', 'old'])
    const isFine = (what: string) =>
      what === 'a token' || /a file of the old, unversioned format|^3 .*signed out meanwhile/.test(what)
    expect(Object.keys(asked).filter((what) => !isFine(what))).toEqual([])
  })
})

describe('a program that writes the old file all the time', LIMIT, () => {
  it.each([IN_PLACE, LINKED])('M13: leads to one of its versions or to nothing ($name)', async (scene) => {
    const template = await homeBefore(scene, server)
    for (const pauseMs of [0, 5, 20]) {
      const world = copyOf(template)
      const path = legacyPath(world)
      const versions = [1, 2, 3, 4].map((number) =>
        codexFile({ access: accessToken(number, 300_000_000), refresh: `RT-${number}` }),
      )
      writeFileSync(path, versions[0] ?? '')
      const script = `const fs = require('node:fs'), [path, pause, ...versions] = process.argv.slice(1)
        for (let n = 0; ; n++) {
          fs.writeFileSync(path + '.codex', versions[n % versions.length])
          fs.renameSync(path + '.codex', path)
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(pause))
        }`
      const writer = spawn(process.execPath, ['-e', script, path, String(pauseMs), ...versions], { stdio: 'ignore' })
      onTestFinished(() => void writer.kill('SIGKILL'))
      await sleep(100)
      const ended = await runIn(world, MIGRATE)
      writer.kill('SIGKILL')
      expect([0, 9, 10]).toContain(ended.exitCode)
      // It has written on since, or was the last to write.
      const text = contentOf(path) ?? ''
      const { vault } = await stateOf(world)
      const held = Object.values(vault).map((tokens) => tokens.split(' ')[1])
      expect(versions.includes(text) || (scene.isInPlace && text.includes('"version": 2'))).toBe(true)
      expect(['RT-1', 'RT-2', 'RT-3', 'RT-4', undefined]).toContain(held[0])
      if (ended.exitCode === 0) expect(held).toHaveLength(1)
      else expect(held).toEqual([])
      expect(outcomeOf(await runIn(world, MIGRATE))).toMatch(/^0 (?:migrated|nothing-to-do)$/)
    }
  })
})

describe('Ctrl-C', LIMIT, () => {
  it.each([MIGRATE, BACK])('M1, L37: at any moment leaves all done or nothing (%s %s)', async (...argv) => {
    const template = await (argv.includes('--rollback') ? homeMigrated : homeBefore)(IN_PLACE, server)
    const before = contentOf(join(template.home, 'auth.json'))
    const codes = new Set<number | null>()
    const startedAtMs = performance.now()
    await runIn(copyOf(template), argv)
    const wholeMs = performance.now() - startedAtMs
    for (let part = 0.3; part < 1.2; part += 0.04) {
      const world = copyOf(template)
      const running = start(argv, { home: world.home, env: environmentOf(world) })
      await sleep(part * wholeMs)
      running.process.kill('SIGINT')
      const { exitCode, signal } = await running.ended
      codes.add(exitCode)
      // Before Node has begun to listen, the system ends it.
      expect([0, 130, null]).toContain(exitCode)
      expect(signal === null || signal === 'SIGINT').toBe(true)
      const state = await stateOf(world)
      const isOld = contentOf(join(world.home, 'auth.json')) === before
      if (exitCode === 0) expect(isOld).toBe(false)
      expect(whereItLives(world, state)).toHaveLength(1)
      expect(state.files.filter((name) => /tmp|new|lock|journal\//.test(name))).toEqual([])
    }
    expect(codes.has(0) || codes.has(130)).toBe(true)
  })
})

describe.skipIf(!mayMount())('a disk with a few free pages', LIMIT, () => {
  it('M23: keeps the old file, and is done once there is room', async () => {
    const template = await homeBefore(IN_PLACE, server)
    const outcomes = new Set<number | null>()
    for (let pages = 0; pages <= 14; pages += 2) {
      const world = copyOf(template)
      const { home } = world
      const old = readFileSync(join(home, 'auth.json'), 'utf8')
      const config = readFileSync(join(home, 'config.json'), 'utf8')
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', home])
      const unmount = () => spawnSync('umount', ['-l', home])
      try {
        mkdirSync(join(home, 'codex'))
        writeFileSync(join(home, 'auth.json'), old, { mode: 0o600 })
        writeFileSync(join(home, 'config.json'), config, { mode: 0o600 })
        const filler = join(home, 'codex', 'filler')
        spawnSync('sh', ['-c', `cat /dev/zero > ${filler} 2>/dev/null; truncate -s -${pages * 4096} ${filler}`])
        const ended = await runIn(world, MIGRATE)
        outcomes.add(ended.exitCode)
        expect([0, 7, 10]).toContain(ended.exitCode)
        if (ended.exitCode !== 0) expect(readFileSync(join(home, 'auth.json'), 'utf8')).toBe(old)
        const left = Object.keys(filesIn(home)).filter((name) => /tmp|new|lock/.test(name))
        expect(left).toEqual([])
        rmSync(filler)
        expect(outcomeOf(await runIn(world, MIGRATE))).toMatch(/^0 (?:migrated|nothing-to-do)$/)
        expect(whereItLives(world, await stateOf(world))).toEqual(['the vault'])
      } finally {
        unmount()
      }
    }
    expect([...outcomes].sort()).toEqual(expect.arrayContaining([0, 7]))
  })
})

/** Elsewhere the sweep's faults stand for a full disk. */
function mayMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0
}
