import { closeSync, existsSync, readdirSync, readlinkSync, writeSync } from 'node:fs'

/** How long a native call may take to notice that its socket is gone; measured: 1 s at most. */
const RETURN_LIMIT_MS = 3000
/** Exit codes that mean a signal: where the code itself cannot be had, the signal can. */
const SIGNALS: Readonly<Record<number, NodeJS.Signals>> = { 129: 'SIGHUP', 130: 'SIGINT', 143: 'SIGTERM' }
/** What Node does in the same threads: files and look-ups of names. */
const THREAD_WORK = /^(?:FSReq|GetAddrInfo|GetNameInfo)/

let pendingCalls = 0
let socketsBefore: ReadonlySet<string> | undefined

/** Runs a call into native code that may wait for a person, in such a way that `endNow` can still end the program. */
export async function nativeCall<T>(call: () => Promise<T>): Promise<T> {
  if (execve() === undefined) socketsBefore ??= new Set(openSockets())
  pendingCalls++
  try {
    return await call()
  } finally {
    pendingCalls--
  }
}

/**
 * Ends the program with this exit code, even while a native call waits for an unlock dialog.
 *
 * `process.exit` joins Node's thread pool, so it blocks until that call returns: it may be
 * never. Measured on Linux with an open gnome-keyring dialog, from this call to the end:
 *
 * | Node       | way                                       | code | ms        |
 * | ---------- | ----------------------------------------- | ---- | --------- |
 * | 20 to 26   | `process.exit`, `process.reallyExit`      | none | never     |
 * | 22, 24, 26 | `process.execve` of `/bin/sh -c 'exit 7'` | 7    | under 15  |
 * | 22, 24, 26 | `process.execve` of Node itself           | 7    | 20        |
 * | 20         | D-Bus socket shut down, then `exit`       | none | never     |
 * | 20 to 26   | D-Bus socket closed, then `exit`          | 7    | 0 to 1000 |
 * | 20 to 26   | SIGKILL to itself                         | 137  | under 15  |
 *
 * Shutting down fails since the bus forks to start the prompter, and the fork keeps the
 * other end open; libdbus looks at its descriptor every second, though, and a closed one
 * ends the call. Node is there also where no shell is. `execve` came with Node 22.15, and
 * not to Windows, where reading a credential never asks anybody.
 *
 * Returns only where there is no `execve` and something is pending: the caller must have
 * nothing left to do.
 */
export function endNow(exitCode: number): void {
  if (losesTerminal(exitCode)) endBySignal('SIGHUP')
  if (!isBlocked()) process.exit(exitCode)
  process.exitCode = exitCode
  const replace = execve()
  if (replace !== undefined) {
    process.emit('exit', exitCode)
    replace(process.execPath, [process.execPath, '-e', `process.exit(${exitCode})`], {})
  }
  const startedAtMs = performance.now()
  setInterval(() => {
    if (!isBlocked()) process.exit(exitCode)
    if (performance.now() - startedAtMs > RETURN_LIMIT_MS) endBySignal(SIGNALS[exitCode] ?? 'SIGKILL')
    closeNewSockets()
  }, 10)
}

const isBlocked = () => pendingCalls > 0 || process.getActiveResourcesInfo().some((kind) => THREAD_WORK.test(kind))

type Execve = (file: string, argv: readonly string[], environment: NodeJS.ProcessEnv) => void

/** `undefined` also when Node's own file is gone (upgraded meanwhile): a failed `execve` aborts, or hangs in Node 26. */
function execve(): Execve | undefined {
  if (process.platform === 'win32' || !existsSync(process.execPath)) return undefined
  return (process as { execve?: Execve }).execve
}

/** Descriptors of sockets, as text; none where there is no `/proc`. */
function openSockets(): string[] {
  try {
    return readdirSync('/proc/self/fd').filter(isSocket)
  } catch {
    return []
  }
}

function isSocket(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:')
  } catch {
    return false
  }
}

/** Each time anew, for the call may have been on its way to the bus only. */
function closeNewSockets(): void {
  if (socketsBefore === undefined) return
  for (const socket of openSockets()) {
    try {
      if (!socketsBefore.has(socket)) closeSync(Number(socket))
    } catch {
      // The call has returned in this very moment and closed it itself.
    }
  }
}

/**
 * Whether the terminal was closed, or is being closed. Node puts its modes back when it exits,
 * and Node 20 aborts where that fails: with status 134, and a core dump that holds whatever
 * was typed. Later versions let it fail (nodejs/node#58200).
 */
function losesTerminal(exitCode: number): boolean {
  if (process.platform === 'win32') return false
  const isHangup = SIGNALS[exitCode] === 'SIGHUP'
  if (isHangup && (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY)) return true
  return [0, 1, 2].some((descriptor) => {
    try {
      // Nothing is written, and a terminal that was hung up refuses even that.
      writeSync(descriptor, '')
      return false
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EIO'
    }
  })
}

function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
