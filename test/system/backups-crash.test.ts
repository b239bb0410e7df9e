import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backup } from '../../src/model/backup.ts'
import { Secret } from '../../src/model/secret.ts'
import { backupsOnDisk } from '../../src/system/backups-on-disk.ts'
import { FACTS, KEY, TEXT } from '../real/backup-facts.ts'
import { bundled } from '../real/bundled.ts'
import { operationsOf, whyNoFaults, withFault, type Fault, type Operation } from '../real/faults/faults.ts'

/** Programs at once: they mostly wait for the disk. */
const POOL = 4
const LIMIT = { timeout: 120_000 }

const WRITES = ['mkdir', 'create', 'open-write', 'chmod', 'write', 'rename', 'link', 'unlink']
const CHANGES = WRITES.filter((name) => name !== 'open-write')

/** Every operation with every kind of fault, less those that are equal (see the sweep of renewals). */
const SWEEPS: readonly { readonly operations: readonly string[]; readonly fault: Omit<Fault, 'at'> }[] = [
  { operations: CHANGES, fault: { kind: 'kill-before' } },
  { operations: ['write'], fault: { kind: 'short-write-then-kill' } },
  { operations: ['write'], fault: { kind: 'short-write' } },
  { operations: [...WRITES, 'open-read', 'sync', 'close'], fault: { kind: 'EIO' } },
  { operations: ['mkdir', 'create', 'write'], fault: { kind: 'ENOSPC', also: ['mkdir', 'create', 'write'] } },
  { operations: WRITES, fault: { kind: 'EROFS', also: WRITES } },
]

interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

/** What is so after a run with a fault, and which of it should not be. */
interface Trial extends Ended {
  readonly home: string
  readonly fault: Fault
  readonly before: readonly string[]
}

type Claims = readonly (readonly [words: string, holds: boolean])[]

const [OLDER, NEWER] = ['auth_backup_20200101_000000', 'auth_backup_20200101_000000-2']
const STEPS = ['write', 'sync', 'rename', 'link', 'unlink', 'open-read']
const OLDER_FILES = [`${OLDER}.json`, `${OLDER}.manifest`]
const folders: string[] = []
const newHome = () => {
  folders.push(mkdtempSync(join(tmpdir(), 'aiauth-crash-')))
  return folders.at(-1) ?? ''
}
afterAll(() => folders.forEach((each) => rmSync(each, { recursive: true, force: true })))

const backupsThen = (home: string) => backupsOnDisk(home, () => Date.parse('2020-01-01T00:00:00Z'))
const backupsOf = (home: string) => backupsOnDisk(home)
const filesOf = (home: string) => namesIn(home).filter((name) => !name.endsWith('.manifest'))
const namesIn = (home: string) => readdirSync(join(home, 'backup')).sort()
const inClear = (home: string) =>
  namesIn(home).filter((name) => readFileSync(join(home, 'backup', name), 'utf8').includes('RT-LEAK'))
const isPrivate = (home: string) =>
  namesIn(home).every((name) => (statSync(join(home, 'backup', name)).mode & 0o777) === 0o600)
const holds = (home: string, backup: Backup | undefined) =>
  backup?.checksum === 'ok' && backupsOf(home).read(backup, new Secret(KEY)).reveal() === TEXT
const isKill = ({ fault }: Trial) => fault.kind.includes('kill')

/** A home with one older backup, sealed, and whatever else. */
function homeWith(more: (home: string) => void): string {
  const home = newHome()
  const old = backupsThen(home)
  old.seal(old.create(new Secret(TEXT), FACTS), new Secret(KEY))
  more(home)
  return home
}

const ofEveryTrial = (trial: Trial): Claims => [
  ['is killed when it should be', (trial.signal === 'SIGKILL') === isKill(trial)],
  ['is no bug', [null, 0, 7, 8].includes(trial.exitCode)],
  ['says what to do', isKill(trial) || trial.exitCode === 0 || /^.+\n.+\n$/.test(trial.stderr)],
  ['shows nothing', !trial.stderr.includes('LEAK')],
  [
    'keeps the other backup',
    holds(
      trial.home,
      backupsOf(trial.home)
        .list()
        .find(({ id }) => id === OLDER),
    ),
  ],
  ['is private at any moment', isPrivate(trial.home)],
]

function afterCreate(trial: Trial): Claims {
  const { home, before, exitCode, fault } = trial
  const [found, names] = [
    backupsOf(home)
      .list()
      .filter(({ id }) => id !== OLDER),
    namesIn(home),
  ]
  const isClean = names.join() === before.join()
  const mayLeave = isKill(trial) || fault.kind === 'EROFS'
  const whole = found.filter((each) => each.checksum === 'ok')
  const plain = inClear(home).filter((name) => !name.endsWith('.tmp'))
  const again = backupsOf(home).create(new Secret(TEXT), FACTS)
  const isSwept = namesIn(home).every((name) => !name.endsWith('.tmp'))
  for (const each of backupsOf(home).list()) if (each.id !== OLDER) backupsOf(home).remove(each)
  return [
    ['made one when it says so', exitCode !== 0 || (whole.length === 1 && holdsText(whole[0], again))],
    ['leaves nothing when it fails', exitCode === 0 || mayLeave || isClean],
    ['leaves a whole copy or none', found.every((each) => each.checksum === 'ok' || each.bytes === 0)],
    ['leaves nothing in clear that is not told of', plain.join() === whole.map(({ id }) => `${id}.json`).join()],
    ['works the next time', again.checksum === 'ok'],
    ['sweeps the next time', isSwept],
    ['can be removed', namesIn(home).join() === before.join()],
  ]
}

/** Of the same text, by the checksum that was verified. */
const holdsText = (a: Backup | undefined, b: Backup) => a?.sha256 === b.sha256

function afterSeal({ home, before, exitCode }: Trial): Claims {
  const [newest] = backupsOf(home).list()
  const [isHeld, clear] = [holds(home, newest), inClear(home)]
  const sealed = newest?.checksum === 'ok' ? backupsOf(home).seal(newest, new Secret(KEY)) : undefined
  return [
    ['keeps one of the two copies whole', isHeld],
    ['tells whether it is sealed', newest?.isSealed === !clear.includes(`${newest?.id ?? ''}.json`)],
    ['leaves nothing in clear when it says so', exitCode !== 0 || (newest?.isSealed === true && clear.length === 0)],
    ['is finished the next time', sealed?.isSealed === true && holds(home, sealed)],
    ['then leaves nothing in clear', inClear(home).length === 0],
    ['then leaves nothing behind', namesIn(home).join() === before.join()],
    [
      'then has nothing under way',
      !readFileSync(join(home, 'backup', `${newest?.id ?? ''}.manifest`), 'utf8').includes('next'),
    ],
  ]
}

function afterRemove({ home, exitCode }: Trial): Claims {
  const left = backupsOf(home)
    .list()
    .filter(({ id }) => id !== OLDER)
  const isListed = left.some(({ id }) => id === NEWER)
  const [names, isGone] = [namesIn(home), namesIn(home).join() === OLDER_FILES.join()]
  for (const each of left) backupsOf(home).remove(each)
  return [
    ['is gone when it says so', exitCode !== 0 || isGone],
    ['is listed as long as anything of it is there', isGone || isListed],
    ['takes the text first', names.includes(`${NEWER}.manifest`) || isGone],
    ['is finished the next time', namesIn(home).join() === OLDER_FILES.join()],
  ]
}

describe.skipIf(whyNoFaults() !== undefined)('a backup at every operation of the system', () => {
  let program: string
  beforeAll(async () => {
    program = await bundled('test/real/keeps-a-backup.ts')
  })

  async function run(home: string, what: string, fault?: Fault, more = {}): Promise<Ended> {
    const env = { PATH: process.env['PATH'], ...withFault(home, fault), ...more }
    const child = spawn(process.execPath, [program, home, what, NEWER], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    return { exitCode, signal, stderr }
  }

  async function recorded(home: string, what: string, fault?: Fault): Promise<Operation[]> {
    await run(home, what, fault)
    return operationsOf(home)
  }

  /** Runs it with every fault in a copy of this home, and tells what is not as it should be. */
  async function sweep(what: string, template: string, claimsOf: (trial: Trial) => Claims) {
    const copy = () => {
      const home = newHome()
      cpSync(template, home, { recursive: true })
      return home
    }
    const operations = await recorded(copy(), what)
    const points = SWEEPS.flatMap(({ operations: names, fault }) =>
      operations
        .filter(({ name }) => names.includes(name))
        .map((each) => ({ each, fault: { ...fault, at: each.number } })),
    )
    const [queue, bad] = [[...points], [] as string[]]
    const work = async () => {
      for (let point = queue.shift(); point !== undefined; point = queue.shift()) {
        const home = copy()
        const before = namesIn(home)
        const { fault, each } = point
        const trial = { home, fault, before, ...(await run(home, what, fault)) }
        const failed = [...ofEveryTrial(trial), ...claimsOf(trial)].filter(([, isSo]) => !isSo).map(([words]) => words)
        if (failed.length > 0)
          bad.push(`${fault.at} ${fault.kind}, ${each.name} ${each.path}: not: ${failed.join('; ')} ${trial.stderr}`)
        rmSync(home, { recursive: true })
      }
    }
    await Promise.all(Array.from({ length: POOL }, work))
    console.log(`crash sweep of ${what}: ${points.length} points, ${bad.length} bad`)
    return { bad: bad.join('\n'), count: points.length }
  }

  const withOlder = () => homeWith(() => undefined)
  const withPlain = () => homeWith((home) => backupsThen(home).create(new Secret(TEXT), FACTS))

  it('M1, M23: is made whole or not at all', LIMIT, async () => {
    const { bad, count } = await sweep('create', withOlder(), afterCreate)
    expect(bad).toBe('')
    expect(count).toBeGreaterThan(40)
  })

  it('M1, M23: is whole while it is sealed, and no text in clear survives it', LIMIT, async () => {
    const { bad, count } = await sweep('seal', withPlain(), afterSeal)
    expect(bad).toBe('')
    expect(count).toBeGreaterThan(60)
  })

  it('M1: is whole while the sealing of a killed run is finished', LIMIT, async () => {
    const home = withPlain()
    const operations = await recorded(withPlain(), 'seal')
    const renames = operations.filter(({ name }) => name === 'rename')
    await run(home, 'seal', { at: renames[1]?.number ?? 0, kind: 'kill-after' })
    expect(backupsOf(home).list()[0]).toMatchObject({ isSealed: true, checksum: 'ok' })
    const { bad, count } = await sweep('seal', home, afterSeal)
    expect(bad).toBe('')
    expect(count).toBeGreaterThan(20)
  })

  it('M2: is on the disk before anything depends on it, and read back at the end', async () => {
    const stepsOf = async (what: string, home: string) => {
      const steps = (await recorded(home, what))
        .filter(({ name, path }) => STEPS.includes(name) && `${name} ${path}` !== 'open-read backup')
        .map(({ name, path }) => `${name} ${path}`.replaceAll('backup/', '').replace(/auth_backup_[\d_-]+/g, '<id>'))
      return steps.slice(steps.findIndex((step) => !step.startsWith('open-read')))
    }
    const readBack = ['open-read <id>.json', 'open-read <id>.manifest']
    const durably = (name: string) => [`write ${name}`, `sync ${name}`]
    const replaced = (name: string) => [`rename .${name}.tmp -> ${name}`, 'sync backup']
    expect(await stepsOf('create', withOlder())).toEqual([
      ...durably('.auth_backup.tmp'),
      ...durably('.auth_backup.tmp'),
      'link .auth_backup.tmp -> <id>.manifest',
      'unlink .auth_backup.tmp',
      'link .auth_backup.tmp -> <id>.json',
      'unlink .auth_backup.tmp',
      'sync backup',
      ...readBack,
    ])
    const manifest = [...durably('.<id>.manifest.tmp'), ...replaced('<id>.manifest')]
    expect(await stepsOf('seal', withPlain())).toEqual([
      ...manifest,
      ...durably('.<id>.json.tmp'),
      'open-read .<id>.json.tmp',
      ...replaced('<id>.json'),
      ...readBack,
      ...manifest,
      ...readBack,
    ])
    expect(await stepsOf('remove', withPlain())).toEqual(['unlink <id>.json', 'unlink <id>.manifest', 'sync backup'])
  })

  it.each(['create', 'seal'])('M2: is found out when the disk keeps something else (%s)', async (what) => {
    const home = what === 'create' ? withOlder() : withPlain()
    const before = filesOf(home)
    const patch = join(newHome(), 'patch.cjs')
    // The last byte of a box or of a text, but none of a manifest.
    writeFileSync(
      patch,
      `const fs = require('node:fs'), write = fs.writeSync
       fs.writeSync = (file, bytes, ...rest) => {
         if (/RT-LEAK|"sealed":/.test(bytes)) bytes[bytes.lastIndexOf('"') - 30] ^= 1
         return write(file, bytes, ...rest)
       }`,
    )
    const { exitCode, stderr } = await run(home, what, undefined, { NODE_OPTIONS: `--require ${patch}` })
    expect([exitCode, stderr]).toEqual([7, expect.stringContaining('does not read back as it was written') as string])
    expect(inClear(home)).toEqual(what === 'create' ? [] : [`${NEWER}.json`])
    expect(filesOf(home)).toEqual(before)
    expect(
      backupsOf(home)
        .list()
        .every((each) => holds(home, each)),
    ).toBe(true)
  })

  it('M1: is removed in the end, and listed until it is', LIMIT, async () => {
    const { bad, count } = await sweep('remove', withPlain(), afterRemove)
    expect(bad).toBe('')
    expect(count).toBeGreaterThan(5)
  })
})
