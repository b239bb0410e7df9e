import type { AuthError, AuthErrorCode } from '../model/errors.ts'
import { eachLine } from './each-line.ts'
import { keychainDirect } from './keychain-direct.ts'
import { keychainError } from './keychain-error.ts'
import { writeFully } from './write-fully.ts'

/** One line of JSON on the child's stdin. */
export interface KeychainRequest {
  readonly id: number
  readonly verb: 'getPassword' | 'setPassword' | 'deletePassword'
  readonly account: string
  readonly value?: string
}

/** One line of JSON on its stdout: the value, if there is one, or what went wrong. */
export interface KeychainAnswer {
  readonly id: number
  readonly value?: string
  readonly error?: { readonly code: AuthErrorCode; readonly message: string; readonly hint: string | undefined }
}

/** How long a call may outlive the parent, in ms: a write is done by then, and a dialog nobody's any more. */
const ORPHAN_LIMIT_MS = 5000

let work = Promise.resolve()

eachLine(process.stdin, (line) => {
  work = work.then(() => serve(JSON.parse(line) as KeychainRequest))
})

// Then nothing is left to wait for, and the process ends unless a call still waits.
process.stdin.on('end', () => {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), ORPHAN_LIMIT_MS).unref()
})

async function serve({ id, verb, account, value = '' }: KeychainRequest): Promise<void> {
  const answer = await keychainDirect[verb](account, value).then(
    (found): KeychainAnswer => ({ id, ...(typeof found === 'string' && { value: found }) }),
    (error: unknown): KeychainAnswer => ({ id, error: told(keychainError(error)) }),
  )
  writeFully(1, `${JSON.stringify(answer)}\n`)
}

function told({ code, message, hint }: AuthError) {
  return { code, message, hint }
}
