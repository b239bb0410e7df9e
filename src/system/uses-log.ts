import type { Use } from '../model/history.ts'
import { isRecord, json, text } from '../model/untrusted.ts'
import { usesLogIn } from './note-use.ts'
import { removeQuietly } from './private-files.ts'
import { readPrivateFile } from './read-private-file.ts'

/** The uses that stand in the log; lines that cannot be read are left out. */
export function readUses(home: string): Use[] {
  return (readPrivateFile(usesLogIn(home)) ?? '').split('\n').flatMap((line) => {
    const use = json(line)
    if (!isRecord(use)) return []
    const { pid } = use
    const [accountId, at, program] = [text(use['accountId']), text(use['at']), text(use['program'])]
    const isSound = accountId !== undefined && program !== undefined && typeof pid === 'number'
    if (!isSound || at === undefined || Number.isNaN(Date.parse(at))) return []
    const fingerprint = text(use['fingerprint'])
    return [{ accountId, at, program, pid, ...(fingerprint !== undefined && { fingerprint }) }]
  })
}

/** Clears the log once its uses stand in `auth.json`. */
export function clearUses(home: string): void {
  removeQuietly(usesLogIn(home))
}
