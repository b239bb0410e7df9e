import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { afterAll } from 'vitest'

const APT_LINE = 'apt-get install -y --no-install-recommends gcc libc6-dev'

/** One of the things that a process did, in order; see `shim.c`. */
export interface Operation {
  readonly number: number
  readonly name: string
  /** `0` when it succeeded. */
  readonly errno: number
  readonly bytes: number
  /** Below the home; random parts of a name are left out. */
  readonly path: string
}

export interface Fault {
  readonly at: number
  readonly kind:
    | 'kill-before'
    | 'kill-after'
    | 'stop-before'
    | 'short-write'
    | 'short-write-then-kill'
    | 'EIO'
    | 'ENOSPC'
    | 'EACCES'
    | 'EROFS'
  /** Names of operations that fail in the same way from then on. */
  readonly also?: readonly string[]
}

/**
 * Why no faults can be injected here (printed too), `undefined` when they can.
 *
 * @throws Error when CI is set on Linux: a suite that is skipped there would prove nothing.
 */
export function whyNoFaults(): string | undefined {
  if (process.platform !== 'linux') return 'preloading is a thing of Linux'
  if ((process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'cc')))) return undefined
  const reason = `no C compiler here: ${APT_LINE}`
  if ((process.env['CI'] ?? '') !== '') throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return reason
}

let folder: string | undefined
afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true })
  folder = undefined
})

/**
 * The variables that make a program keep a log of what it does below its home, and fail as told.
 *
 * @throws Error when the shim cannot be compiled.
 */
export function withFault(home: string, fault?: Fault): Record<string, string> {
  return {
    LD_PRELOAD: join((folder ??= compiled()), 'shim.so'),
    AIAUTH_FAULT_PREFIX: home,
    AIAUTH_FAULT_LOG: logOf(home),
    ...(fault && { AIAUTH_FAULT_AT: String(fault.at), AIAUTH_FAULT_KIND: fault.kind }),
    ...(fault?.also && { AIAUTH_FAULT_ALSO: ` ${fault.also.join(' ')} ` }),
  }
}

function compiled(): string {
  const target = mkdtempSync(join(tmpdir(), 'aiauth-faults-'))
  const [source, shim] = [join(import.meta.dirname, 'shim.c'), join(target, 'shim.so')]
  const { status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', shim, source, '-ldl'], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the shim cannot be compiled (${APT_LINE}): ${stderr}`)
  return target
}

const logOf = (home: string) => join((folder ??= compiled()), `${basename(home)}.log`)

/** What the program with this home has done, in order; reading it starts a new log. */
export function operationsOf(home: string): Operation[] {
  const lines = readFileSync(logOf(home), 'utf8').trim().split('\n')
  rmSync(logOf(home))
  return lines.map((line) => {
    const [, number, name = '', errno, bytes, path = ''] = /^(\d+) (\S+) (\d+) (-?\d+) (.*)$/.exec(line) ?? []
    return { number: Number(number), name, errno: Number(errno), bytes: Number(bytes), path: withoutRandom(path) }
  })
}

function withoutRandom(path: string): string {
  return path.replace(/\.[0-9a-f]{16}\.tmp/g, '.tmp').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>')
}
