import { existsSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { TRACE_FILES, type Traces } from '../model/surroundings.ts'

/** What this machine shows of itself; nothing here takes longer than a file that is not there. */
export function tracesOf(variables: Traces['variables']): Traces {
  const files = TRACE_FILES.filter((path) => existsSync(path))
  return { variables, platform: process.platform, files, kernel: kernel(), userName: userName() }
}

function kernel(): string {
  try {
    return readFileSync('/proc/version', 'utf8')
  } catch {
    return ''
  }
}

/** Throws where the user id has no name, as in many containers. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return ''
  }
}
