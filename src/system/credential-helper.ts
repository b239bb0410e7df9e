import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { AuthError } from '../model/errors.ts'
import { json, record } from '../model/untrusted.ts'
import { childEnvironment } from './child-environment.ts'
import { patiently, type KeychainPatience } from './keychain-patience.ts'
import type { KeychainVerbs } from './keychain-vault.ts'
import { errorCode } from './read-private-file.ts'

export interface HelperOptions extends KeychainPatience {
  /** `PATH`, and nothing else is searched. */
  readonly path: string | undefined
}

type Verb = 'get' | 'store' | 'erase'

interface Answer {
  readonly code: number | null
  readonly output: string
}

/** Helpers keep their items by a server's address; no such host can ever exist (RFC 6761 §6.4). */
const ADDRESS = 'https://aiauth.invalid/'
const USER = 'aiauth'

/** What every helper prints, and then exits with 1, when it holds nothing at an address. */
const NOTHING = 'credentials not found in native keychain'

/** An answer is a record of three short lines. */
const OUTPUT_LIMIT_BYTES = 65_536

/**
 * A program that speaks the protocol of docker's credential helpers, with the keychain's verbs:
 * `docker-credential-<program> get|store|erase`, what is asked on stdin, the answer on stdout.
 *
 * It is found on `PATH` in absolute folders only, started without a shell, and killed with all
 * its children when it takes too long. What it prints is not trusted: a secret may stand in it, so none of it
 * is ever shown.
 *
 * @throws AuthError from every verb: `storage-unavailable`, `storage-timed-out`, `cancelled`.
 */
export function credentialHelper(program: string, options: HelperOptions): KeychainVerbs {
  const name = `docker-credential-${program}`
  const call = async (verb: Verb, input: string): Promise<string | undefined> => {
    if (options.signal?.aborted === true) throw new AuthError('cancelled', 'cancelled')
    const { code, output } = await answerOf(name, verb, input, options)
    if (code === 0) return output
    if (output.trim() === NOTHING) return undefined
    throw failed(name, code === null ? 'it was killed' : `exit code ${code}`)
  }
  return {
    async getPassword(account) {
      const output = await call('get', ADDRESS + account)
      if (output === undefined) return undefined
      const { Secret: secret } = record(json(output))
      if (typeof secret !== 'string' || secret === '') throw failed(name, 'its answer cannot be read')
      return secret
    },
    async setPassword(account, value) {
      const item = { ServerURL: ADDRESS + account, Username: USER, Secret: value }
      if ((await call('store', JSON.stringify(item))) === undefined) throw failed(name, 'it stored nothing')
    },
    async deletePassword(account) {
      await call('erase', ADDRESS + account)
    },
  }
}

async function answerOf(name: string, verb: Verb, input: string, options: HelperOptions): Promise<Answer> {
  const child = start(find(name, options.path), verb)
  try {
    return await patiently(talk(name, child, input), options, () => end(child))
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'storage-timed-out') throw error
    throw new AuthError('storage-timed-out', `${name} did not answer in time`, {
      hint: 'look for its dialog, or unlock what it keeps secrets in, then try again',
      cause: error,
    })
  }
}

/** A group of its own, so that its children end with it, and Ctrl-C is ours to act on. */
function start(path: string, verb: Verb): ChildProcessByStdio<Writable, Readable, null> {
  return spawn(path, [verb], {
    detached: process.platform !== 'win32',
    env: childEnvironment(),
    stdio: ['pipe', 'pipe', 'ignore'],
    windowsHide: true,
  })
}

function talk(name: string, child: ChildProcessByStdio<Writable, Readable, null>, input: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.length <= OUTPUT_LIMIT_BYTES) return
      end(child)
      reject(failed(name, 'its answer is too long'))
    })
    child.once('error', (error) => reject(failed(name, `it cannot be started: ${errorCode(error)}`)))
    child.once('close', (code) => resolve({ code, output }))
    // It may end without reading; its exit code tells then.
    child.stdin.on('error', () => undefined).end(input)
  })
}

function end(child: ChildProcessByStdio<Writable, Readable, null>): void {
  child.stdout.destroy()
  try {
    if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL')
    else child.kill('SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** @throws AuthError `storage-unavailable`. */
function find(name: string, path = ''): string {
  const file = process.platform === 'win32' ? `${name}.exe` : name
  const found = path
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, file))
    .find(isProgram)
  if (found !== undefined) return found
  throw new AuthError('storage-unavailable', `there is no program ${name} on your PATH`, {
    hint: 'install it, or choose another storage',
  })
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function failed(name: string, how: string): AuthError {
  return new AuthError('storage-unavailable', `${name} failed: ${how}`, { hint: `try it by hand: ${name} list` })
}
