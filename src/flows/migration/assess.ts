import { AuthError } from '../../model/errors.ts'
import { LATEST_MS } from '../../model/time.ts'
import type { Ports } from '../../model/ports.ts'
import { cleanLine, json, record } from '../../model/untrusted.ts'
import type { CodexAuth } from '../../native-tools/codex.ts'
import { fingerprint } from '../../vault/fingerprint.ts'
import { time } from '../account-facts.ts'
import { storageKind } from '../../model/storage-kind.ts'
import { carriedFrom, type Carried } from './carry.ts'
import type { FindSourcePorts, Source } from './find-source.ts'

/** One point of the checklist before a migration. */
export interface CheckPoint {
  readonly point: string
  readonly level: 'ok' | 'note' | 'problem'
  readonly message: string
}

/** A field of the source as it may be shown. */
export interface AuditLine {
  readonly field: string
  readonly value: string
}

export type AssessPorts = FindSourcePorts & Pick<Ports, 'vaults' | 'migrations' | 'clock' | 'identifiers'>

const MIB_BYTES = 1024 * 1024
/** A backup, a new file and a vault are written; the rest is for the system. */
const ROOM_BYTES = MIB_BYTES

/** The checklist for a source that was found. Nothing is written, not even to try whether it could be. */
export async function assess(ports: AssessPorts, source: Source, storage: string): Promise<readonly CheckPoint[]> {
  const { file, isOurs } = source
  const mode = file.mode.toString(8).padStart(4, '0')
  const isOpen = (file.mode & 0o077) !== 0
  return [
    point('source', 'ok', `${file.path}, ${file.bytes} bytes, changed ${time(Math.min(file.modifiedAtMs, LATEST_MS))}`),
    point('format', 'ok', formatWords(source)),
    point('mode', isOpen ? 'note' : 'ok', isOpen ? `${mode}: others can read it; our copy will be 0600` : mode),
    ...(file.realPath === file.path
      ? []
      : [point('link', 'note', `a symbolic link to ${file.realPath}; it stays one`)]),
    ...(file.isWritable ? [] : [writeProtected(isOurs)]),
    ...runningWords(ports, source),
    roomPoint(ports),
    await storagePoint(ports, storage),
  ]
}

function point(name: string, level: CheckPoint['level'], message: string): CheckPoint {
  return { point: name, level, message }
}

function formatWords({ tool, auth, isOurs }: Source): string {
  if (tool === 'claude-code') return "Claude Code's .credentials.json"
  const whose = isOurs ? 'our own auth.json of the old, unversioned format (version 1)' : "Codex's auth.json"
  return `${whose}, ${auth.mode === undefined ? 'without auth_mode' : `auth_mode ${cleanLine(auth.mode)}`}; Codex uses ${USED[auth.uses]}`
}

const USED: Readonly<Record<CodexAuth['uses'], string>> = {
  chatgpt: 'the sign-in',
  'api-key': 'the API key',
  'personal-access-token': 'the personal access token',
  bedrock: 'Amazon Bedrock',
  'agent-identity': "an agent's identity",
  nothing: 'nothing of it',
}

function writeProtected(isOurs: boolean): CheckPoint {
  const what = isOurs ? 'it is replaced only after a yes' : 'renewals could not be told to the program that wrote it'
  return point('write-protected', 'note', what)
}

function runningWords({ migrations }: AssessPorts, { tool, isOurs }: Source): CheckPoint[] {
  const [pid] = tool === 'codex' && !isOurs ? migrations.running('codex') : []
  return pid === undefined ? [] : [point('running', 'note', `codex is running (process ${pid})`)]
}

function roomPoint({ migrations }: AssessPorts): CheckPoint {
  const free = migrations.freeBytes()
  if (free === undefined) return point('room', 'note', 'the system does not tell how much is free')
  const isEnough = free >= ROOM_BYTES
  return point('room', isEnough ? 'ok' : 'problem', `${Math.floor(free / MIB_BYTES)} MiB are free`)
}

/** Asked for what cannot be there: it answers if it is reachable, and holds nothing new afterwards. */
async function storagePoint(ports: AssessPorts, storage: string): Promise<CheckPoint> {
  try {
    await ports.vaults.vault(storageKind(storage)).read(ports.identifiers.uuid())
    return point('storage', 'ok', `${storage} answers`)
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    return point('storage', 'problem', error.message)
  }
}

/** What stands in the source: facts in clear, of each secret only that it is there. */
export function audit(source: Source): readonly AuditLine[] {
  const content = record(json(source.auth.source.reveal()))
  const fields = Object.keys(content).map((field) => ({ field: cleanLine(field), value: shape(content[field]) }))
  return [...fields, ...carriedFrom(source).flatMap(signInLines)]
}

/** By its kind only: any text of an unknown file may be a secret. */
function shape(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'number')
    return typeof value === 'number' ? 'a number' : String(value)
  if (typeof value === 'string') return `a text of ${value.length} characters`
  return Array.isArray(value)
    ? `a list of ${value.length}`
    : `a record: ${Object.keys(record(value)).map(cleanLine).join(', ')}`
}

function signInLines({ part, tokens, identity }: Carried): AuditLine[] {
  const { accessToken, refreshToken, expiresAtMs } = tokens
  const known: readonly (readonly [string, string | undefined])[] = [
    ['email', identity.email],
    ['account id', identity.accountId],
    ['plan', identity.tier],
    ['organizations', identity.organizations.map(({ name, id }) => name ?? id).join(', ') || undefined],
    ['token', `[secret] ${fingerprint(accessToken)}`],
    ['ends', expiresAtMs === undefined ? 'not told' : time(expiresAtMs)],
    ['renewable', refreshToken === undefined ? 'no' : 'yes'],
  ]
  return known.flatMap(([field, value]) => (value === undefined ? [] : [{ field: `${part}: ${field}`, value }]))
}
