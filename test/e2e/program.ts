import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export const ROOT = join(import.meta.dirname, '..', '..')
export const BIN = join(ROOT, 'bin', 'aiauth.js')

export interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves with the first match on stderr; rejects when the program ends without one. */
  sees(pattern: RegExp): Promise<RegExpExecArray>
}

export interface RunOptions {
  readonly home: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly input?: string
  readonly cwd?: string
}

/** A home folder of its own, gone when the test is over. */
export function temporaryHome(config?: object): string {
  const home = mkdtempSync(join(tmpdir(), 'aiauth-e2e-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  if (config !== undefined) writeFileSync(join(home, 'config.json'), JSON.stringify(config), { mode: 0o600 })
  chmodSync(home, 0o700)
  return home
}

/** The built program as a process, in an environment that holds nothing of ours or the user's. */
export function start(argv: readonly string[], { home, env = {}, input, cwd }: RunOptions): Running {
  const child = spawn(process.execPath, [BIN, ...argv], {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: home, AIAUTH_HOME: home, AIAUTH_STORAGE: 'plaintext', ...env },
  })
  let stdout = ''
  let stderr = ''
  const watchers = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    for (const look of watchers) look()
  })
  child.stdin.on('error', () => undefined).end(input ?? '')
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }))
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    process: child,
    ended,
    sees: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(stderr)
          if (match !== null) resolve(match)
        }
        watchers.add(look)
        look()
        void ended.then(() => reject(new Error(`ended without ${String(pattern)}: ${stderr}`)))
      }),
  }
}

export function run(argv: readonly string[], options: RunOptions): Promise<Ended> {
  return start(argv, options).ended
}

/** Every file below a home with its mode, for "nothing left behind" and "0600 in 0700". */
export function filesIn(home: string): Record<string, string> {
  const names = readdirSync(home, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(names.map((name) => [name, (statSync(join(home, name)).mode & 0o777).toString(8)]))
}
