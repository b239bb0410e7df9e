import type { Ora } from 'ora'
import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { AuthError } from '../model/errors.ts'
import type { Style, Terminal } from '../model/ports.ts'
import { Secret } from '../model/secret.ts'
import type { Colour } from './colour.ts'
import { writeFully } from './write-fully.ts'

export interface TerminalOptions {
  readonly quiet: boolean
  readonly noInput: boolean
  /** Colours and the spinner are wanted, as far as there is a terminal for them. */
  readonly colour: Colour
  readonly styles: { readonly plain: Style; readonly coloured: Style }
}

const [STDOUT, STDERR] = [1, 2] as const

/** Work that ends sooner needs no spinner, whose package alone takes 50 ms to load. */
const QUICK_MS = 150

/** Lines of one paste come within a few milliseconds of each other; nobody types so fast. */
const PASTE_PAUSE_MS = 80

/** The terminal of this process: stdout for results, stderr for words, stdin for answers. */
export function createTerminal({ quiet, noInput, colour, styles }: TerminalOptions): Terminal {
  const { stdin, stdout, stderr } = process
  const styleFor = (isTerminal: boolean) =>
    colour.allowed && (isTerminal || colour.forced) ? styles.coloured : styles.plain
  const isSpinning = colour.allowed && stderr.isTTY && !quiet
  const reader = lineReader(stdin)
  let openQuestion: string | undefined
  let spinner: Ora | undefined
  /** A spinner would draw over the question, and nobody would know what is waited for. */
  const unspun = async <T>(question: string, answer: () => Promise<T>) => {
    openQuestion = question
    spinner?.stop()
    writeFully(STDERR, question)
    let given: T | undefined
    try {
      return (given = await answer())
    } finally {
      openQuestion = undefined
      // Nobody has pressed Enter, so the cursor stands behind the question.
      if (given === undefined && question !== '') writeFully(STDERR, '\n')
      spinner?.start()
    }
  }
  return {
    interactive: stdin.isTTY && stderr.isTTY && !noInput,
    outStyle: styleFor(stdout.isTTY),
    errStyle: styleFor(stderr.isTTY),
    outColumns: stdout.isTTY ? stdout.columns : undefined,
    errColumns: stderr.isTTY ? stderr.columns : undefined,
    out: (text) => writeFully(STDOUT, text),
    say(line, { always = false } = {}) {
      if (quiet && !always) return
      writeFully(STDERR, openQuestion === undefined ? `${line}\n` : `\n${line}\n${openQuestion}`)
    },
    ask: (question, signal) => unspun(question, () => reader.next(signal)),
    paste: (question, signal) => unspun(question, () => reader.together(signal)),
    askSecret: (question, signal) =>
      unspun(question, async () => {
        reader.release()
        const secret = await readHidden(stdin, signal)
        // Enter was not shown either.
        if (secret !== undefined) writeFully(STDERR, '\n')
        return secret
      }),
    readSecret: async (signal) => (stdin.isTTY ? undefined : readWhole(stdin, signal)),
    async during(words, work) {
      let shown = words
      const working = work((further) => {
        shown = further
        if (spinner !== undefined) spinner.text = further
      })
      if (!isSpinning || (await endsWithin(QUICK_MS, working))) return working
      const { default: ora } = await import('ora')
      spinner = ora({ text: shown, stream: stderr, discardStdin: false })
      if (openQuestion === undefined) spinner.start()
      try {
        return await working
      } finally {
        spinner.stop()
        spinner = undefined
      }
    },
  }
}

async function endsWithin(limitMs: number, working: Promise<unknown>): Promise<boolean> {
  const ended = working.then(
    () => true,
    () => true,
  )
  return Promise.race([ended, sleep(limitMs, false, { ref: false })])
}

/** Lines from stdin in the terminal's own line mode, so that Ctrl-C stays a signal. */
function lineReader(stdin: NodeJS.ReadStream) {
  const lines: string[] = []
  let wake: (() => void) | undefined
  let reader: Interface | undefined
  let hasEnded = false
  const start = () => {
    if (reader !== undefined) return
    const started = createInterface({ input: stdin, terminal: false })
    started.on('line', (line) => {
      lines.push(line)
      wake?.()
    })
    started.on('close', () => {
      if (started !== reader) return
      hasEnded = true
      wake?.()
    })
    reader = started
  }
  return {
    /** @throws the signal's reason. */
    async next(signal: AbortSignal): Promise<string | undefined> {
      start()
      while (lines.length === 0 && !hasEnded && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
      }
      if (lines.length === 0) signal.throwIfAborted()
      return lines.shift()
    },
    /** The next line, and every other one that follows before there is a pause. */
    async together(signal: AbortSignal): Promise<string | undefined> {
      const first = await this.next(signal)
      if (first === undefined) return undefined
      for (let seen = -1; lines.length > seen;) {
        seen = lines.length
        await sleep(PASTE_PAUSE_MS)
      }
      return [first, ...lines.splice(0)].join('\n')
    },
    /** Leaves stdin to another reader: two at once would both take what is typed, a passphrase as an answer. */
    release() {
      const released = reader
      reader = undefined
      released?.close()
      lines.splice(0)
    },
  }
}

/** One line that is not shown; Ctrl-C is passed on as the signal that it stands for. */
async function readHidden(stdin: NodeJS.ReadStream, signal: AbortSignal): Promise<Secret | undefined> {
  signal.throwIfAborted()
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 })
  reader.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    return await new Promise<Secret | undefined>((resolve, reject) => {
      reader.on('line', (line) => resolve(new Secret(line)))
      reader.on('close', () => resolve(undefined))
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  } finally {
    reader.close()
  }
}

const STDIN_LIMIT_BYTES = 65_536

/** All of stdin; whoever waits for a program that never ends it can leave with Ctrl-C. */
async function readWhole(stdin: NodeJS.ReadStream, signal: AbortSignal): Promise<Secret> {
  const chunks: Buffer[] = []
  let bytes = 0
  const stop = () => stdin.destroy(signal.reason as Error)
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    for await (const chunk of stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > STDIN_LIMIT_BYTES) throw tooMuch()
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof AuthError ? error : new AuthError('usage', 'stdin cannot be read', { cause: error })
  } finally {
    signal.removeEventListener('abort', stop)
  }
  return new Secret(Buffer.concat(chunks).toString('utf8'))
}

function tooMuch(): AuthError {
  return new AuthError('usage', 'there is more on stdin than a secret can be', {
    hint: 'pipe in nothing but the secret',
  })
}
