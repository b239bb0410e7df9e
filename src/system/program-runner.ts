import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { AuthError } from '../model/errors.ts'
import type { ProgramCall } from '../model/programs.ts'
import { cleanLine } from '../model/untrusted.ts'
import { errorCode } from './read-private-file.ts'

/** Sent to us alone, by whoever sees only us. */
const FOR_THE_PROGRAM: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']
/** Sent by a terminal to the whole process group: the program has had them already. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH']
/** Ends that we can repeat. The others leave a core file, and our memory has held a token, or Node does not die of them. */
const REPEATABLE: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGKILL', 'SIGTERM']

/** For so long after `ps` has told the program's state no SIGCHLD is believed: `ps` is a child too. */
const ECHO_MS = 50

/**
 * Runs a program as `Programs.run` says.
 *
 * We stay as its parent on every Node, since `process.execve` came with 22.15 only, leaves
 * SIGPIPE ignored, and crashes where the program cannot be run. It costs the memory of an
 * idle Node, and that signals have to be passed on and a stop to be followed.
 *
 * @throws AuthError `command-not-found`, `command-not-executable`, `cancelled`.
 */
export async function runProgram(call: ProgramCall, interruption: AbortSignal): Promise<number> {
  interruption.throwIfAborted()
  let child: ChildProcess | undefined
  takeSignals(FOR_THE_PROGRAM, (signal) => child?.kill(signal))
  const isAlone = !hasTerminal()
  takeSignals(FROM_TERMINAL, (signal) => isAlone && child?.kill(signal))
  try {
    const started = (child = spawn(call.command, call.words, { env: call.variables, stdio: 'inherit' }))
    return await new Promise<number>((resolve, reject) => {
      started.once('error', reject)
      started.once('exit', (code, signal) => resolve(signal === null ? (code ?? 0) : endBy(signal)))
      if (started.pid !== undefined && process.platform !== 'win32') followStops(started, started.pid)
    })
  } catch (error) {
    throw notStarted(call.command, errorCode(error))
  }
}

/** Ours in the place of every other listener: a signal for the program neither cancels us nor sets our exit code. */
function takeSignals(names: readonly NodeJS.Signals[], listener: (signal: NodeJS.Signals) => void): void {
  for (const name of names) {
    const others = process.rawListeners(name)
    process.on(name, listener)
    for (const other of others) process.off(name, other as NodeJS.SignalsListener)
  }
}

/** A terminal can reach us even where stdin, stdout and stderr are pipes. */
function hasTerminal(): boolean {
  if (process.platform === 'win32') return true
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

/**
 * Stops when the program has stopped itself alone, so that the shell gets its terminal back.
 * Claude Code sends SIGSTOP to itself on Ctrl-Z; Node has no `WUNTRACED` to wait with.
 */
function followStops(child: ChildProcess, pid: number): void {
  let isResting = false
  const look = () => {
    if (isResting) return
    const state = stateInProc(pid)
    if ((state ?? stateByPs(pid)).startsWith('T')) process.kill(process.pid, 'SIGSTOP')
    if (state !== undefined) return
    isResting = true
    setTimeout(() => (isResting = false), ECHO_MS)
  }
  process.on('SIGCHLD', look)
  process.on('SIGCONT', () => isStopped(pid) && child.kill('SIGCONT'))
  // It may have stopped before anybody listened.
  look()
}

function isStopped(pid: number): boolean {
  return (stateInProc(pid) ?? stateByPs(pid)).startsWith('T')
}

/** One letter behind the name, which may hold blanks and brackets; `undefined` where there is no `/proc`. */
function stateInProc(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)
  } catch {
    return undefined
  }
}

/** The same for macOS; nothing where there is no `ps` either, or no such process any more. */
export function stateByPs(pid: number): string {
  const { status, stdout } = spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' })
  return status === 0 ? stdout : ''
}

function endBy(signal: NodeJS.Signals): number {
  if (REPEATABLE.includes(signal) && process.platform !== 'win32') {
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  }
  return 128 + constants.signals[signal]
}

function notStarted(command: string, fault: string): AuthError {
  const name = cleanLine(command)
  // Node's own fault is that of an empty name.
  if (['ENOENT', 'ENOTDIR', 'ERR_INVALID_ARG_VALUE'].includes(fault)) {
    const hint = process.platform === 'win32' ? `aiauth exec -- cmd /c ${name}` : `command -v ${name}`
    return new AuthError('command-not-found', `the command ${name} cannot be found`, { hint })
  }
  return new AuthError('command-not-executable', `the command ${name} cannot be run (${fault})`, {
    hint: 'its file must be a program, and you must be allowed to run it',
  })
}
