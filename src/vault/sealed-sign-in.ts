import { randomBytes } from 'node:crypto'
import type { StorageKind } from '../model/account.ts'
import { Secret } from '../model/secret.ts'
import type { BegunSignIn } from '../model/sign-in-files.ts'
import { timeText } from '../model/time.ts'
import { json, record, text, texts } from '../model/untrusted.ts'
import { isBase64, isSealed, KEY_BYTES, open, seal } from './sealed-box.ts'

/** Format of the file; a later one is not read. */
const VERSION = 1

/** What can be told of a file without its key; the key proves it. */
export interface SignInHeader {
  readonly storage: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

/** 256 random bits, base64: each sign-in has a key of its own, and ends with it. */
export function newSignInKey(): Secret {
  return new Secret(randomBytes(KEY_BYTES).toString('base64'))
}

/** A begun sign-in as its file holds it: verifier, state and all else sealed, bound to its id and its time. */
export function sealSignIn(begun: BegunSignIn, key: Secret): string {
  const { id, storage, createdAtMs, expiresAtMs, ...content } = begun
  const clear = { ...content, state: begun.state.reveal(), codeVerifier: begun.codeVerifier.reveal() }
  const context = contextOf(id, { storage, createdAtMs, expiresAtMs })
  const sealed = seal(Buffer.from(key.reveal(), 'base64'), Buffer.from(JSON.stringify(clear)), context)
  const [createdAt, expiresAt] = [createdAtMs, expiresAtMs].map((ms) => new Date(ms).toISOString())
  return `${JSON.stringify({ version: VERSION, storage, createdAt, expiresAt, sealed })}\n`
}

/** `undefined` for what is no such file. */
export function signInHeader(stored: string): SignInHeader | undefined {
  const source = record(json(stored))
  const storage = text(source['storage'])
  const [createdAtMs, expiresAtMs] = [source['createdAt'], source['expiresAt']].map((time) =>
    Date.parse(timeText(time) ?? ''),
  )
  if (source['version'] !== VERSION || storage === undefined || !createdAtMs || !expiresAtMs) return undefined
  return { storage, createdAtMs, expiresAtMs }
}

/** The sign-in out of its file, `undefined` when the file was changed or is another's. */
export function openSignIn(stored: string, id: string, storage: StorageKind, key: Secret): BegunSignIn | undefined {
  const { sealed } = record(json(stored))
  const header = signInHeader(stored)
  if (header === undefined || !isSealed(sealed) || !isBase64(key.reveal(), KEY_BYTES)) return undefined
  const opened = open(Buffer.from(key.reveal(), 'base64'), sealed, contextOf(id, header))
  const source = record(opened === undefined ? undefined : json(opened.toString('utf8')))
  const word = (name: string) => text(source[name]) ?? ''
  const again = record(source['again'])
  const begun = {
    id,
    ...header,
    storage,
    name: word('name'),
    again:
      source['again'] === undefined
        ? undefined
        : { id: text(again['id']) ?? '', mayDiffer: again['mayDiffer'] === true },
    provider: word('provider'),
    mode: word('mode'),
    clientId: word('clientId'),
    // Longer than a line that is shown may be, and proven by the seal.
    tokenEndpoint: String(source['tokenEndpoint']),
    redirectUri: String(source['redirectUri']),
    scopes: texts(source['scopes']),
    proxy: typeof source['proxy'] === 'string' ? source['proxy'] : undefined,
    state: new Secret(word('state')),
    codeVerifier: new Secret(word('codeVerifier')),
    nonce: text(source['nonce']),
  }
  return opened === undefined ? undefined : begun
}

const contextOf = (id: string, { storage, createdAtMs, expiresAtMs }: SignInHeader) =>
  `aiauth sign-in 1 ${id} ${storage} ${createdAtMs} ${expiresAtMs}`
