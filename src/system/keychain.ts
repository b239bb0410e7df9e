import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { AuthError } from '../model/errors.ts'
import { childEnvironment } from './child-environment.ts'
import { eachLine } from './each-line.ts'
import type { KeychainAnswer, KeychainRequest } from './keychain-child.ts'
import { patiently, type KeychainPatience } from './keychain-patience.ts'
import type { KeychainVerbs } from './keychain-vault.ts'

export interface KeychainOptions extends KeychainPatience {
  /** The built `keychain-child.cjs`. */
  readonly childPath: string
  readonly signal: AbortSignal
}

export interface Keychain extends KeychainVerbs {
  /** Lets the child end. A call that is not done yet gets 5 s more, unseen. */
  close(): void
}

type Question = Omit<KeychainRequest, 'id'>

interface Child {
  ask(question: Question): Promise<string | undefined>
  /** Kills it in the middle of whatever it does; all that it was asked fails with this error. */
  kill(error: AuthError): void
  close(): void
}

interface Waiting {
  readonly resolve: (value: string | undefined) => void
  readonly reject: (error: AuthError) => void
}

/**
 * The keychain by way of a child program, since a child can be killed in the middle of a call
 * and a native call in this process cannot. It is started at the first call and kept, and
 * started anew when it has ended.
 *
 * @throws AuthError from every verb: `storage-unavailable`, `storage-locked`, `storage-timed-out`, `cancelled`.
 */
export function openKeychain(options: KeychainOptions): Keychain {
  // One listener for all calls: Node warns of a leak when a signal gets more than ten.
  const { childPath, signal, ...patience } = options
  let running: Child | undefined
  signal.addEventListener('abort', () => running?.kill(cancelled()))
  async function ask(question: Question): Promise<string | undefined> {
    if (signal.aborted) throw cancelled()
    const child = (running ??= startChild(childPath, () => {
      running = undefined
    }))
    return patiently(child.ask(question), patience, (error) => child.kill(error))
  }
  return {
    getPassword: (account) => ask({ verb: 'getPassword', account }),
    async setPassword(account, value) {
      await ask({ verb: 'setPassword', account, value })
    },
    async deletePassword(account) {
      await ask({ verb: 'deletePassword', account })
    },
    close: () => running?.close(),
  }
}

/**
 * A group of its own keeps Ctrl-C at the terminal from it: the parent decides when it dies.
 * It never keeps the parent alive; the time limit of a call does.
 */
function startChild(path: string, onEnd: () => void): Child {
  const waiting = new Map<number, Waiting>()
  const child = spawn(process.execPath, [path], {
    detached: process.platform !== 'win32',
    env: childEnvironment(),
    stdio: ['pipe', 'pipe', 'ignore'],
    windowsHide: true,
  })
  child.unref()
  for (const pipe of [child.stdin, child.stdout]) if (pipe instanceof Socket) pipe.unref()
  let nextId = 0
  let end = (error: AuthError) => {
    end = () => undefined
    onEnd()
    child.kill('SIGKILL')
    for (const { reject } of waiting.values()) reject(error)
  }
  child.on('error', (cause) => end(ended(cause.message)))
  child.on('close', (code, signal) => end(ended(signal ?? `exit code ${String(code)}`)))
  // Writing to a child that has just died fails; `close` tells of it.
  child.stdin.on('error', () => undefined)
  eachLine(child.stdout, (line) => {
    const answer = readAnswer(line)
    if (answer === undefined) {
      end(ended('its answer cannot be read'))
      return
    }
    const { id, value, error } = answer
    const question = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) question?.resolve(value)
    else question?.reject(new AuthError(error.code, error.message, { hint: error.hint }))
  })
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        const id = nextId++
        waiting.set(id, { resolve, reject })
        child.stdin.write(`${JSON.stringify({ id, ...question })}\n`)
      }),
    kill: (error) => end(error),
    close: () => child.stdin.end(),
  }
}

/** No error of the parser gets out: its message quotes what it could not read. */
function readAnswer(line: string): KeychainAnswer | undefined {
  try {
    return JSON.parse(line) as KeychainAnswer
  } catch {
    return undefined
  }
}

const cancelled = () => new AuthError('cancelled', 'cancelled')

function ended(how: string): AuthError {
  return new AuthError('storage-unavailable', `the keychain program ended by itself (${how})`, { hint: 'try again' })
}
