import type { TokenBundle } from '../model/tokens.ts'
import { readBundle } from '../vault/bundle.ts'
import { openSlot } from '../vault/key-slot.ts'
import { compartmentOf, openItem, parseSealedFile, type SealedFile } from '../vault/sealed-file.ts'
import { vaultPathIn } from './home.ts'
import { readPrivateFile } from './read-private-file.ts'

/** The vault file of a home folder; no compartment where there is none. */
export function readSealedFile(home: string): SealedFile {
  const text = readPrivateFile(vaultPathIn(home))
  return text === undefined ? [] : parseSealedFile(text)
}

/** A bundle out of a compartment whose key stands in it, for the launcher's short way. */
export function readPlaintextVault(home: string, accountId: string): TokenBundle | undefined {
  const plain = compartmentOf(readSealedFile(home), 'plaintext')
  const text = plain && openItem(plain, openSlot(plain.fileId, plain.slot, undefined), accountId)
  return text === undefined ? undefined : readBundle(text, accountId)
}
