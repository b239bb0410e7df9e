import { AuthError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import type { StorageKind } from '../model/storage-kind.ts'
import { isRecord, json, record } from '../model/untrusted.ts'
import { isSlot, kindOfSlot, type KeySlot } from './key-slot.ts'
import { isSealed, open, seal, type Sealed } from './sealed-box.ts'

/** One random key in one slot, and the texts that are sealed under it, by their names. */
export interface Compartment {
  readonly version: 1
  /** A new one with each key. */
  readonly fileId: string
  readonly slot: KeySlot
  /** Of keys that open nothing here any more, or not yet, and that somebody else may still keep. */
  readonly former?: readonly string[]
  readonly items: Readonly<Record<string, Sealed>>
}

/**
 * The vault file: a compartment for each storage that keeps something in it. There are two
 * only while secrets are moved from one to the other, or after that was cut off.
 */
export type SealedFile = readonly Compartment[]

/** A file of one compartment is that compartment, version 1. */
const SEVERAL_VERSION = 2

export function compartmentOf(file: SealedFile, kind: StorageKind): Compartment | undefined {
  return file.find(({ slot }) => kindOfSlot(slot) === kind)
}

export function isEmpty({ items }: Compartment): boolean {
  return Object.keys(items).length === 0
}

/** The file with this compartment in the place of the one of its storage. */
export function withCompartment(file: SealedFile, compartment: Compartment): SealedFile {
  const old = compartmentOf(file, kindOfSlot(compartment.slot))
  if (old === undefined) return [...file, compartment]
  return file.map((each) => (each === old ? compartment : each))
}

/**
 * Seals a text under a name. Name and compartment are authenticated with it, so a box moved to
 * another place does not open; who issued the tokens stands inside.
 */
export function sealItem(compartment: Compartment, key: Buffer, name: string, text: Secret): Compartment {
  const box = seal(key, Buffer.from(text.reveal(), 'utf8'), itemContext(compartment, name))
  return { ...compartment, items: { ...compartment.items, [name]: box } }
}

/**
 * The text sealed under a name, `undefined` when there is none.
 *
 * @throws AuthError `secret-missing` when the box was changed.
 */
export function openItem(compartment: Compartment, key: Buffer, name: string): Secret | undefined {
  const box = Object.hasOwn(compartment.items, name) ? compartment.items[name] : undefined
  if (box === undefined) return undefined
  const text = open(key, box, itemContext(compartment, name))
  if (text === undefined) throw new AuthError('secret-missing', 'the stored tokens were changed from outside')
  return new Secret(text.toString('utf8'))
}

export function withoutItem(compartment: Compartment, name: string): Compartment {
  const items = Object.fromEntries(Object.entries(compartment.items).filter(([id]) => id !== name))
  return { ...compartment, items }
}

/**
 * Everything sealed anew under another key.
 *
 * @throws AuthError `secret-missing` when a box was changed: then nothing of it is given up.
 */
export function resealed(old: Compartment, oldKey: Buffer, fresh: Compartment, freshKey: Buffer): Compartment {
  return Object.keys(old.items).reduce((sealed, name) => {
    const text = openItem(old, oldKey, name)
    return text === undefined ? sealed : sealItem(sealed, freshKey, name, text)
  }, fresh)
}

export function formatSealedFile(file: SealedFile): string {
  const [only, ...more] = file
  const content = more.length === 0 ? only : { version: SEVERAL_VERSION, compartments: file }
  return `${JSON.stringify(content, undefined, 2)}\n`
}

/** @throws AuthError `auth-file-invalid`, never with any of the content. */
export function parseSealedFile(text: string): SealedFile {
  const source = record(json(text))
  if (source['version'] !== SEVERAL_VERSION) return [readCompartment(source)]
  const several = source['compartments']
  if (!Array.isArray(several) || several.length === 0) throw invalid()
  const file = several.map(readCompartment)
  const kinds = new Set(file.map(({ slot }) => kindOfSlot(slot)))
  if (kinds.size < file.length) throw invalid()
  return file
}

function readCompartment(value: unknown): Compartment {
  const source = record(value)
  const { fileId, former } = source
  const slot = record(source['slot'])
  const items = record(source['items'])
  const isOfAForm = source['version'] === 1 && typeof fileId === 'string' && isRecord(source['items'])
  if (!isOfAForm || !isSlot(slot) || !Object.values(items).every(isSealed)) throw invalid()
  const isNamed = Array.isArray(former) && former.every((id) => typeof id === 'string')
  return { version: 1, fileId, slot: slot as unknown as KeySlot, ...(isNamed && { former }), items } as Compartment
}

const itemContext = ({ fileId }: Compartment, name: string) => `aiauth vault 1 item ${fileId} ${name}`

function invalid(): AuthError {
  return new AuthError('auth-file-invalid', 'the vault file is damaged; it was left as it is')
}
