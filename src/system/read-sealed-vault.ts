import { join } from 'node:path'
import type { TokenBundle } from '../model/tokens.ts'
import { readBundle } from '../vault/bundle.ts'
import { openItem, openSlot, parseSealedFile, type SealedFile } from '../vault/sealed-file.ts'
import { readPrivateFile } from './read-private-file.ts'

/** The vault file of a home folder, `undefined` when there is none. */
export function readSealedFile(home: string): SealedFile | undefined {
  const text = readPrivateFile(join(home, 'vault.json'))
  return text === undefined ? undefined : parseSealedFile(text)
}

/** A bundle out of a vault file whose key stands in it, for the launcher's short way. */
export function readPlaintextVault(home: string, accountId: string): TokenBundle | undefined {
  const file = readSealedFile(home)
  const text = file === undefined ? undefined : openItem(file, openSlot(file, undefined), accountId)
  return text === undefined ? undefined : readBundle(text, accountId)
}
