import { createHash } from 'node:crypto'
import type { Backup, Custody, MigratedAccount } from '../model/backup.ts'
import { timeText } from '../model/time.ts'
import { json, record, text } from '../model/untrusted.ts'

/** Format of a manifest; a later one is not guessed at. */
const MANIFEST_VERSION = 1

const CUSTODIES: readonly unknown[] = ['in-place', 'linked', 'take-over', 'copy'] satisfies Custody[]
const PARTS: readonly unknown[] = ['tokens', 'api-key'] satisfies MigratedAccount['part'][]
const KINDS: readonly unknown[] = ['migration', 'rollback'] satisfies Backup['kind'][]

/** What tells one text from another: its length in UTF-8 and its SHA-256 in hexadecimal digits. */
export interface Digest {
  readonly bytes: number
  readonly sha256: string
}

/** What stands beside a copy. */
export interface Manifest extends Omit<Backup, 'path' | 'checksum'> {
  /** What the copy's file holds, so that it can be verified without a key. */
  readonly stored: Digest
  /** What it is about to hold, sealed: while one takes the other's place, either is right. */
  readonly next?: Digest | undefined
}

export function digest(content: string): Digest {
  const bytes = Buffer.from(content, 'utf8')
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify({ version: MANIFEST_VERSION, ...manifest }, undefined, 2)}\n`
}

/** A manifest with some facts changed, and everything else that stood in it. */
export function rewriteManifest(content: string, changes: Partial<Manifest>): string {
  return `${JSON.stringify({ ...record(json(content)), ...changes }, undefined, 2)}\n`
}

/**
 * The manifest of this backup, `undefined` when any field of it is not as it must be. The
 * source is a path and stays as it is written there: clean it where it is shown.
 */
export function readManifest(content: string, id: string): Manifest | undefined {
  const source = record(json(content))
  const { kind, custody, bytes, sha256, sequence, isSealed } = source
  const [path, storage, createdAt] = [source['source'], text(source['storage']), timeText(source['createdAt'])]
  const [accounts, stored, next] = [readAccounts(source['accounts']), readDigest(source['stored']), source['next']]
  const plain = readDigest({ bytes, sha256 })
  const isOurs = source['version'] === MANIFEST_VERSION && source['id'] === id
  const isOfAKind = KINDS.includes(kind) && CUSTODIES.includes(custody) && typeof isSealed === 'boolean'
  const isOfAFile = typeof path === 'string' && path !== '' && !path.includes('\0')
  if (!isOurs || !isOfAKind || !isOfAFile || !isCount(sequence) || sequence === 0) return undefined
  if (!plain || !stored || !accounts || storage === undefined || createdAt === undefined) return undefined
  if (next !== undefined && !readDigest(next)) return undefined
  return {
    id,
    kind: kind as Backup['kind'],
    source: path,
    custody: custody as Custody,
    accounts,
    storage,
    createdAt,
    sequence,
    ...plain,
    isSealed,
    stored,
    next: readDigest(next),
  }
}

/** Whether this is what the copy's file must hold, and then whether it is sealed. */
export function sealingOf(manifest: Manifest, content: string): 'plain' | 'sealed' | undefined {
  const found = digest(content)
  const isThis = (wanted: Digest | undefined) => wanted?.bytes === found.bytes && wanted.sha256 === found.sha256
  if (isThis(manifest.next)) return 'sealed'
  if (!isThis(manifest.stored)) return undefined
  return manifest.isSealed ? 'sealed' : 'plain'
}

function readDigest(value: unknown): Digest | undefined {
  const { bytes, sha256 } = record(value)
  const isSound = isCount(bytes) && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)
  return isSound ? { bytes, sha256 } : undefined
}

function readAccounts(value: unknown): MigratedAccount[] | undefined {
  const accounts = Array.isArray(value) ? value.map(readAccount) : [undefined]
  return accounts.every((account) => account !== undefined) ? accounts : undefined
}

function readAccount(value: unknown): MigratedAccount | undefined {
  const { part, isNew, ...source } = record(value)
  const [id, name] = [text(source['id']), text(source['name'])]
  if (id === undefined || name === undefined || !PARTS.includes(part) || typeof isNew !== 'boolean') return undefined
  return { id, name, part: part as MigratedAccount['part'], isNew }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
