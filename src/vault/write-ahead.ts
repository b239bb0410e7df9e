import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Intent, JournalRecord } from '../model/journal.ts'
import { Secret } from '../model/secret.ts'
import { isRecord, json, text, type UntrustedRecord } from '../model/untrusted.ts'

/** Format of a record; a later one is left alone. */
const RECORD_VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32

/** What is kept free behind an intent. A token response takes 1 to 8 kB; what is larger is written anew. */
const ROOM_BYTES = 32_768

/** A record as its file holds it: the intent on the first line, then the answer or the room for it. */
export interface RecordText {
  readonly intentLine: string
  readonly answerRoom: string
}

/** The room is as long before the answer as with it, unless the answer is larger than it. */
export function formatRecord({ intent, answer }: JournalRecord): RecordText {
  return {
    intentLine: `${JSON.stringify({ version: RECORD_VERSION, ...intent })}\n`,
    answerRoom: `${(answer ?? '').padEnd(ROOM_BYTES)}\n`,
  }
}

/**
 * A record out of its file, `undefined` when it is not one of this account. An answer that a
 * power cut left half-written does not open, which `openAnswer` tells.
 */
export function parseRecord(content: string, accountId: string): JournalRecord | undefined {
  const [first = '', second = ''] = content.split('\n')
  const source = json(first)
  if (!isRecord(source) || source['version'] !== RECORD_VERSION || source['accountId'] !== accountId) return undefined
  const intent = readIntent(source, accountId)
  const answer = second.trim()
  return intent === undefined ? undefined : { intent, answer: answer === '' ? undefined : answer }
}

function readIntent(source: UntrustedRecord, accountId: string): Intent | undefined {
  const { generation, pid } = source
  const [spends, at, program] = [text(source['spends']), text(source['at']), text(source['program'])]
  const outdated = text(source['outdated'])
  const isSound = Number.isSafeInteger(generation) && Number.isSafeInteger(pid) && !Number.isNaN(Date.parse(at ?? ''))
  if (!isSound || spends === undefined || at === undefined || program === undefined) return undefined
  const sent = { accountId, generation: Number(generation), spends, at, program, pid: Number(pid) }
  return outdated === undefined ? sent : { ...sent, outdated }
}

/**
 * Seals a provider's answer under a key that HKDF (RFC 5869) makes of the refresh token that
 * it replaces: who can open the vault can finish the renewal, and nobody else.
 */
export function sealAnswer(intent: Intent, answer: Secret, replaced: Secret): string {
  const iv = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keyFrom(replaced, intent), iv, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(contextOf(intent)))
  const box = Buffer.concat([iv, cipher.update(answer.reveal(), 'utf8'), cipher.final(), cipher.getAuthTag()])
  return box.toString('base64')
}

/** The answer of a record, `undefined` when none arrived, or it does not open with this token. */
export function openAnswer({ intent, answer }: JournalRecord, replaced: Secret): Secret | undefined {
  if (answer === undefined) return undefined
  const box = Buffer.from(answer, 'base64')
  try {
    const iv = box.subarray(0, NONCE_BYTES)
    const decipher = createDecipheriv('aes-256-gcm', keyFrom(replaced, intent), iv, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(contextOf(intent))).setAuthTag(box.subarray(-TAG_BYTES))
    const sealed = box.subarray(NONCE_BYTES, -TAG_BYTES)
    return new Secret(Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8'))
  } catch {
    return undefined
  }
}

function keyFrom(replaced: Secret, intent: Intent): Buffer {
  return Buffer.from(hkdfSync('sha256', replaced.reveal(), intent.accountId, 'aiauth journal 1', KEY_BYTES))
}

const contextOf = ({ accountId, generation, spends, at }: Intent) =>
  `aiauth journal 1 ${accountId} ${generation} ${spends} ${at}`
