import { join } from 'node:path'
import { isRecord, type UntrustedRecord } from '../model/untrusted.ts'
import { readPrivateFile } from './read-private-file.ts'

/** `config.json` where it is in order, `{}` where there is none; `undefined` where somebody must say what is wrong. */
export function quickSettings(home: string): UntrustedRecord | undefined {
  try {
    const value: unknown = JSON.parse(readPrivateFile(join(home, 'config.json')) ?? '{}')
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
