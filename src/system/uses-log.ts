import { AuthError } from '../model/errors.ts'
import type { Use } from '../model/history.ts'
import { timeText } from '../model/time.ts'
import { isRecord, json, text } from '../model/untrusted.ts'
import { usesLogIn } from './note-use.ts'
import { removeQuietly } from './private-files.ts'
import { readPrivateFile } from './read-private-file.ts'

/** The uses that stand in the log; lines that cannot be read are left out. */
export function readUses(home: string): Use[] {
  return readable(home)
    .split('\n')
    .flatMap((line) => {
      const use = json(line)
      if (!isRecord(use)) return []
      const { pid } = use
      const [accountId, at, program] = [text(use['accountId']), timeText(use['at']), text(use['program'])]
      const isSound = accountId !== undefined && program !== undefined && typeof pid === 'number'
      if (!isSound || at === undefined) return []
      const fingerprint = text(use['fingerprint'])
      return [{ accountId, at, program, pid, ...(fingerprint !== undefined && { fingerprint }) }]
    })
}

/** Clears the log once its uses stand in `auth.json`. */
export function clearUses(home: string): void {
  removeQuietly(usesLogIn(home))
}

/** A log that cannot be read must not keep `auth.json` from being written. */
function readable(home: string): string {
  try {
    return readPrivateFile(usesLogIn(home)) ?? ''
  } catch (error) {
    if (error instanceof AuthError) return ''
    throw error
  }
}
