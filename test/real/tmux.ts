import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const LIMIT_MS = 20_000
/** Written when the program has ended: what stands before it has been recorded too. */
const END = '\u001e'

/** A program on a real terminal, and every byte that it has sent there. */
export interface TerminalSession {
  /** Resolves with the first match in what was sent so far. */
  sees(pattern: RegExp): Promise<RegExpExecArray>
  /** As a terminal pastes: line breaks arrive as the Enter key, and nothing follows the last character. */
  paste(text: string): void
  /** A key by tmux's name of it, such as `Enter` or `C-c`. */
  key(name: string): void
  resize(columns: number, rows: number): void
  /** The bytes, as they came. */
  raw(): string
  /** The process id of the program. */
  pid(): number
  /** Closes the terminal, and tells the program so as the kernel would. */
  hangUp(): void
  /** The exit code of the program. */
  ended(): Promise<number>
  /** What `stty -a` tells of the terminal once the program has ended. */
  modes(): string
  close(): void
}

/**
 * Why there can be no tmux here (printed too), `undefined` when there can.
 *
 * @throws Error when CI is set on Linux: a suite that is skipped there would prove nothing.
 */
export function whyNoTmux(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  if (folders.some((folder) => existsSync(join(folder, 'tmux')))) return undefined
  const reason = 'no tmux here: apt-get install -y --no-install-recommends tmux'
  if (process.platform === 'linux' && (process.env['CI'] ?? '') !== '') throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return reason
}

/** Starts a program in a tmux server of its own, with this environment and no other. */
export function startInTerminal(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  { columns = 100, rows = 40 } = {},
): TerminalSession {
  const folder = mkdtempSync(join(tmpdir(), 'aiauth-tmux-'))
  const [recorded, exitCode, go, modes, pid] = ['raw', 'exit', 'go', 'modes', 'pid'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string, string]
  closeSync(openSync(recorded, 'w'))
  const tmux = (...words: string[]) => {
    const { status, stderr } = spawnSync('tmux', ['-S', join(folder, 'socket'), '-f', '/dev/null', ...words], {
      env: { PATH: process.env['PATH'], TERM: 'xterm-256color' },
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`tmux ${words[0] ?? ''}: ${stderr}`)
  }
  const variables = Object.entries({ TERM: 'xterm-256color', ...env }).map(([name, value]) => `${name}=${value}`)
  const inside = `echo $$ > ${quoted(pid)}; exec ${['env', '-i', ...variables, ...argv].map(quoted).join(' ')}`
  const script = [
    // The end is told also where the terminal is gone by then.
    "trap '' HUP",
    // The recording must have begun before the program does.
    `while [ ! -e ${quoted(go)} ]; do sleep 0.02; done`,
    `sh -c ${quoted(inside)}; code=$?`,
    `stty -a > ${quoted(modes)}`,
    `echo $code > ${quoted(exitCode)}`,
    `printf '\\036'`,
    // Until the terminal is gone.
    'cat > /dev/null',
  ].join('; ')
  tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), script)
  tmux('pipe-pane', '-o', `cat >> ${quoted(recorded)}`)
  writeFileSync(go, '')
  const readPid = () => Number(readFileSync(pid, 'utf8'))
  let isOpen = true
  const recording = () => readFileSync(recorded, 'utf8')
  const raw = () => recording().replace(END, '')
  return {
    sees: (pattern) =>
      within(
        () => pattern.exec(raw()) ?? undefined,
        () => `${String(pattern)} was not seen in ${JSON.stringify(raw())}`,
      ),
    paste(text) {
      tmux('set-buffer', '--', text)
      tmux('paste-buffer', '-d')
    },
    key(name) {
      tmux('send-keys', name)
    },
    resize(width, height) {
      tmux('resize-window', '-x', String(width), '-y', String(height))
    },
    raw,
    pid: readPid,
    hangUp() {
      tmux('kill-server')
      isOpen = false
      signalIfThere(readPid(), 'SIGHUP')
    },
    modes: () => readFileSync(modes, 'utf8'),
    ended: async () => {
      const isRecorded = () => !isOpen || recording().includes(END)
      const code = () =>
        existsSync(exitCode) && isRecorded() ? readFileSync(exitCode, 'utf8').trim() || undefined : undefined
      return Number(await within(code, () => `it has not ended: ${JSON.stringify(raw())}`))
    },
    close() {
      if (isOpen) tmux('kill-server')
      if (existsSync(pid) && !existsSync(exitCode)) signalIfThere(readPid(), 'SIGKILL')
      removeFolder(folder)
    },
  }
}

/** The shell around it survives its terminal, so it would too. */
function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended in this very moment.
  }
}

/** The shell around the program may be writing its last words there. Node's own retries do not look for new files. */
function removeFolder(folder: string): void {
  for (let tries = 1; ; tries++) {
    try {
      rmSync(folder, { recursive: true, force: true })
      return
    } catch (error) {
      if (tries === 100) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`

async function within<T>(look: () => T | undefined, failure: () => string): Promise<T> {
  const end = Date.now() + LIMIT_MS
  while (Date.now() < end) {
    const found = look()
    if (found !== undefined) return found
    await sleep(25)
  }
  throw new Error(failure())
}
