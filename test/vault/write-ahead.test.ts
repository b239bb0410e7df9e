import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Intent } from '../../src/model/journal.ts'
import { Secret } from '../../src/model/secret.ts'
import { formatRecord, openAnswer, parseRecord, sealAnswer } from '../../src/vault/write-ahead.ts'

const REPLACED = new Secret('RT-1')
const INTENT: Intent = {
  accountId: '6f1c1e6e-0000-4000-8000-000000000001',
  generation: 2,
  spends: '0123456789ab',
  at: '2026-11-21T10:00:00.000Z',
  program: 'codex',
  pid: 4711,
}
/** Of such a length that its sealed form has no padding: each of its characters counts. */
const ANSWER = '{"access_token":"AT-LEAK","refresh_token":"RT-LEAKS"}'

/** The file of a record, as bytes. */
function fileOf(answer: string | undefined, intent = INTENT): Buffer {
  const sealed = answer === undefined ? undefined : sealAnswer(intent, new Secret(answer), REPLACED)
  const { intentLine, answerRoom } = formatRecord({ intent, answer: sealed })
  return Buffer.from(intentLine + answerRoom)
}

/** What a recovery gets out of a file. */
function answerIn(file: Buffer, replaced = REPLACED): string | undefined {
  const record = parseRecord(file.toString('utf8'), INTENT.accountId)
  return record === undefined ? undefined : openAnswer(record, replaced)?.reveal()
}

/** Where the first line ends, and where the answer does, without the room behind it. */
const FILE = fileOf(ANSWER)
const LINE_BYTES = FILE.indexOf('\n') + 1
const ANSWER_END = FILE.indexOf(' ', LINE_BYTES)

describe('a write-ahead record', () => {
  it('gives back any answer, and the intent as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), (answer) => {
        const file = fileOf(answer)
        expect(answerIn(file)).toBe(answer)
        expect(parseRecord(file.toString(), INTENT.accountId)?.intent).toEqual(INTENT)
      }),
    )
  })

  it('gives back an answer that is larger than the room', () => {
    expect(answerIn(fileOf('a'.repeat(200_000)))).toBe('a'.repeat(200_000))
  })

  it('takes no more room with the answer than before it', () => {
    expect(fileOf(ANSWER).length).toBe(fileOf(undefined).length)
  })

  it('shows no token, and opens with the replaced one only', () => {
    expect(FILE.toString()).not.toMatch(/LEAK|RT-1/)
    expect(FILE.toString()).not.toContain(Buffer.from('AT-LEAK').toString('base64').slice(0, 8))
    expect(answerIn(FILE, new Secret('RT-2'))).toBeUndefined()
  })

  it('seals the same answer differently each time', () => {
    expect(fileOf(ANSWER)).not.toEqual(fileOf(ANSWER))
  })

  it('R7: tells that an answer is missing', () => {
    const record = parseRecord(fileOf(undefined).toString(), INTENT.accountId)
    expect(record).toEqual({ intent: INTENT, answer: undefined })
    expect(record && openAnswer(record, REPLACED)).toBeUndefined()
  })

  it('K7: is whole or no answer, wherever its file is cut off', () => {
    for (let bytes = 0; bytes <= ANSWER_END + 1; bytes++) {
      const expected = bytes >= ANSWER_END ? ANSWER : undefined
      expect(answerIn(FILE.subarray(0, bytes)), `${bytes} bytes`).toBe(expected)
    }
  })

  it('K7: is whole or no answer, however much of it a power cut has left in its room', () => {
    const empty = fileOf(undefined)
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }), (isOnDisk) => {
        // Pieces of 8 bytes, in any order: what a disk promises for the bytes of one write is nothing.
        const torn = Buffer.from(FILE)
        for (const [piece, isWritten] of isOnDisk.entries()) {
          const from = LINE_BYTES + piece * 8
          if (!isWritten) empty.copy(torn, from, from, from + 8)
        }
        const isWhole = torn.equals(FILE)
        expect(answerIn(torn)).toBe(isWhole ? ANSWER : undefined)
      }),
    )
  })

  it('K6: is the same answer or none, whatever byte of it is changed', () => {
    fc.assert(
      fc.property(fc.nat(ANSWER_END - 1), fc.integer({ min: 1, max: 255 }), (at, flipped) => {
        const file = Buffer.from(FILE)
        file[at] = (file[at] ?? 0) ^ flipped
        expect([undefined, ANSWER]).toContain(answerIn(file))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['account', { accountId: 'somebody-else' }],
    ['generation', { generation: 3 }],
    ['token', { spends: 'ba9876543210' }],
    ['time', { at: '2026-11-21T10:00:00.001Z' }],
  ])('does not open beside the intent of another %s', (_which, change) => {
    const { answer } = parseRecord(FILE.toString(), INTENT.accountId) ?? {}
    expect(openAnswer({ intent: { ...INTENT, ...change }, answer }, REPLACED)).toBeUndefined()
  })

  it('K6: is none when the file holds anything else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.json(),
          fc.json().map((line) => `${line}\nAAAA`),
        ),
        (text) => {
          expect(parseRecord(text, INTENT.accountId)).toBeUndefined()
        },
      ),
    )
  })

  it.each([
    ['of another account', { accountId: 'somebody-else' }],
    ['of a later version', { version: 2 }],
    ['without a generation', { generation: '2' }],
    ['without a fingerprint', { spends: '' }],
    ['without a time', { at: 'soon' }],
    ['without a process', { pid: 1.5 }],
  ])('K6: is none when it is %s', (_case, change) => {
    const line = JSON.stringify({ version: 1, ...INTENT, ...change })
    expect(parseRecord(`${line}\n`, INTENT.accountId)).toBeUndefined()
  })
})
