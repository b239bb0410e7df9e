import { readdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/model/secret.ts'
import { operationsOf, whyNoFaults, withFault, type Fault, type Operation } from '../real/faults/faults.ts'
import { filesIn, type Ended } from './program.ts'
import { fastVault, homeWith, sealedBy, tokenOf, typed } from './storage-world.ts'

/** Programs at once: they mostly wait for the disk. */
const POOL = 4
const LIMIT = { timeout: 300_000 }
const TWO_DAYS_MS = 172_800_000

const WRITES = ['mkdir', 'create', 'open-write', 'chmod', 'write', 'overwrite', 'rename', 'link', 'unlink']
/** A full disk stays full, though what is there can be renamed and removed. */
const NEEDS_ROOM = ['mkdir', 'create', 'write']

const SWEEPS: readonly { readonly operations: readonly string[]; readonly fault: Omit<Fault, 'at'> }[] = [
  { operations: WRITES.filter((name) => name !== 'open-write'), fault: { kind: 'kill-before' } },
  { operations: WRITES, fault: { kind: 'EIO' } },
  { operations: NEEDS_ROOM, fault: { kind: 'ENOSPC', also: NEEDS_ROOM } },
]

type Kind = keyof typeof sealedBy

interface Case {
  readonly from: Kind
  readonly to: Kind
  readonly line: string
}

interface Point {
  readonly fault: Fault
  readonly operation: Operation
}

/** How a lock is made does not differ from command to command: the sweep of a renewal has each step of it. */
const isOfLock = ({ name, path }: Operation) => path.includes('.lock') && !['link', 'unlink'].includes(name)

function pointsOf(operations: readonly Operation[]): Point[] {
  return SWEEPS.flatMap(({ operations: names, fault }) =>
    operations
      .filter((operation) => names.includes(operation.name) && !isOfLock(operation))
      .map((operation) => ({ operation, fault: { ...fault, at: operation.number } })),
  )
}

/** One account in the storage, and the passphrase's part of the vault file opens fast. */
async function newHome(from: Kind): Promise<string> {
  const home = await homeWith(from, ['work'], from === 'passphrase' ? fastVault : sealedBy.plaintext)
  await fastVault(home).writeKey('other', new Secret('k-2'))
  return home
}

/** With the fault; then what every command sees; then once more without it. @returns what is wrong. */
async function tryOut({ fault, operation }: Point, { from, to, line }: Case): Promise<string | undefined> {
  const home = await newHome(from)
  const faulty = await typed(line, home, withFault(home, fault))
  const between = await typed('token work', home)
  makeLeftoversOld(home)
  const next = await typed(line, home)
  const after = await typed('token work', home)
  const ofAll = [sealedBy.plaintext(home).names(), sealedBy.passphrase(home).names()]
  const [names, others] = to === 'plaintext' ? ofAll : ofAll.reverse()
  // Nothing of a lock is secret, and who takes it next clears it away.
  const files = Object.keys(filesIn(home)).filter((name) => !/^(?:uses\.log|journal)$|\.lock(?:\.|$)/.test(name))
  rmSync(home, { recursive: true })
  const isKill = fault.kind.includes('kill')
  const isWhole = ({ exitCode, stdout }: Ended) => exitCode === 0 && stdout === `${tokenOf('work')}\n`
  const claims: readonly (readonly [string, boolean])[] = [
    ['is killed when it should be', (faulty.signal === 'SIGKILL') === isKill],
    ['fails as a storage does, or not at all', isKill || [0, 7, 8].includes(faulty.exitCode ?? -1)],
    ['says what it could not do', isKill || faulty.exitCode === 0 || faulty.stderr.startsWith('aiauth: error: ')],
    ['leaves the token where the normal command finds it', isWhole(between)],
    ['is finished by the next run', next.exitCode === 0],
    ['has the token then', isWhole(after)],
    ['holds each secret once', isHeldOnce(names, others)],
    ['leaves nothing behind', files.join() === 'auth.json,vault.json'],
  ]
  const failed = claims.filter(([, holds]) => !holds).map(([words]) => words)
  if (failed.length === 0) return undefined
  const what = `${fault.at} ${fault.kind}, ${operation.name} ${operation.path}: not: ${failed.join('; ')}`
  return [what, ...[faulty, between, next, after].map(({ exitCode, stderr }) => `  ${exitCode ?? ''} ${stderr}`)].join(
    '\n',
  )
}

/** The account and the key of backups in the new storage; a key that no backup knows stays where it was. */
const isHeldOnce = (names: readonly string[] = [], others: readonly string[] = []) =>
  names.filter((name) => name !== 'key/other').length === 2 &&
  names.includes('key/backup') &&
  others.every((name) => name === 'key/other')

/** What nobody has touched for days may be swept; what is new may be somebody's who is at work. */
function makeLeftoversOld(home: string): void {
  const then = new Date(Date.now() - TWO_DAYS_MS)
  for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' }))
    if (/\.(?:tmp|stale)$/.test(name)) utimesSync(join(home, name), then, then)
}

async function sweep(one: Case): Promise<{ bad: string; count: number }> {
  const home = await newHome(one.from)
  await typed(one.line, home, withFault(home))
  const points = pointsOf(operationsOf(home))
  const [queue, bad] = [[...points], [] as string[]]
  const work = async () => {
    for (let point = queue.shift(); point !== undefined; point = queue.shift()) {
      const fault = await tryOut(point, one)
      if (fault !== undefined) bad.push(fault)
    }
  }
  await Promise.all(Array.from({ length: POOL }, work))
  console.log(`crash sweep of "${one.line}" (${one.from}): ${points.length} points, ${bad.length} bad`)
  return { bad: bad.join('\n'), count: points.length }
}

describe.skipIf(whyNoFaults() !== undefined)('aiauth storage, cut off at any operation', () => {
  it.each<Case & { least: number }>([
    { from: 'plaintext', to: 'passphrase', line: 'storage set passphrase', least: 80 },
    { from: 'passphrase', to: 'plaintext', line: 'storage set plaintext', least: 80 },
    { from: 'plaintext', to: 'plaintext', line: 'storage rotate', least: 10 },
  ])('K12: loses no secret in "$line" ($from)', LIMIT, async ({ least, ...one }) => {
    const { bad, count } = await sweep(one)
    expect(bad).toBe('')
    expect(count).toBeGreaterThan(least)
  })
})
