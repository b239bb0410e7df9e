import type { Ora } from 'ora'
import { setTimeout as sleep } from 'node:timers/promises'
import { AuthError } from '../model/errors.ts'
import type { Style, Terminal } from '../model/ports.ts'
import { Secret } from '../model/secret.ts'
import type { Colour } from './colour.ts'
import { isTerminal } from './is-terminal.ts'
import type { LineReader } from './line-reader.ts'
import { writeFully } from './write-fully.ts'

export interface TerminalOptions {
  readonly quiet: boolean
  readonly noInput: boolean
  /** Colours and the spinner are wanted, as far as there is a terminal for them. */
  readonly colour: Colour
  readonly styles: { readonly plain: Style; readonly coloured: Style }
}

const [STDIN, STDOUT, STDERR] = [0, 1, 2] as const

/** Work that ends sooner needs no spinner, whose package alone takes 50 ms to load. */
const QUICK_MS = 150

/** The terminal of this process: stdout for results, stderr for words, stdin for answers. */
export function createTerminal({ quiet, noInput, colour, styles }: TerminalOptions): Terminal {
  const isShown = { [STDIN]: isTerminal(STDIN), [STDOUT]: isTerminal(STDOUT), [STDERR]: isTerminal(STDERR) }
  const styleFor = (descriptor: typeof STDOUT | typeof STDERR) =>
    colour.allowed && (isShown[descriptor] || colour.forced) ? styles.coloured : styles.plain
  const isSpinning = colour.allowed && isShown[STDERR] && !quiet
  let started: LineReader | undefined
  const reader = async () => (started ??= (await import('./line-reader.ts')).lineReader(process.stdin))
  let openQuestion: string | undefined
  let spinner: Ora | undefined
  let isBehindCtrlC = false
  // The terminal shows `^C` where the cursor is; a question and a spinner leave that line anyway.
  process.on('SIGINT', () => {
    isBehindCtrlC = isShown[STDIN] && openQuestion === undefined && spinner?.isSpinning !== true
  })
  const write = (descriptor: typeof STDOUT | typeof STDERR, text: string) => {
    writeFully(descriptor, isBehindCtrlC && isShown[descriptor] ? `\n${text}` : text)
    if (isShown[descriptor]) isBehindCtrlC = false
  }
  /** A spinner would draw over the question, and nobody would know what is waited for. */
  const unspun = async <T>(question: string, answer: (reader: LineReader) => Promise<T>) => {
    const from = await reader()
    openQuestion = question
    spinner?.stop()
    const showAgain = () => writeFully(STDERR, question)
    let given: T | undefined
    try {
      // Begun before the question is seen, so that no key that answers it is shown by mistake.
      const answering = answer(from)
      writeFully(STDERR, question)
      // After Ctrl-Z and `fg` the line is the shell's.
      process.on('SIGCONT', showAgain)
      return (given = await answering)
    } finally {
      process.off('SIGCONT', showAgain)
      openQuestion = undefined
      // Nobody has pressed Enter, so the cursor stands behind the question.
      if (given === undefined && question !== '') writeFully(STDERR, '\n')
      spinner?.start()
    }
  }
  /** Ctrl-Z, which leaves the terminal to the shell: with its cursor, and from the start of a line. */
  const stopWithCursor = () => {
    const wasSpinning = spinner?.isSpinning === true
    spinner?.stop()
    process.kill(process.pid, 'SIGTSTP')
    setImmediate(() => {
      if (spinner === undefined) return
      process.once('SIGTSTP', stopWithCursor)
      if (wasSpinning) spinner.start()
    })
  }
  return {
    interactive: isShown[STDIN] && isShown[STDERR] && !noInput,
    outStyle: styleFor(STDOUT),
    errStyle: styleFor(STDERR),
    outColumns: isShown[STDOUT] ? process.stdout.columns : undefined,
    errColumns: isShown[STDERR] ? process.stderr.columns : undefined,
    out: (text) => write(STDOUT, text),
    say(line, { always = false } = {}) {
      if (quiet && !always) return
      const isDrawn = spinner?.isSpinning === true
      if (isDrawn) spinner?.clear()
      write(STDERR, openQuestion === undefined ? `${line}\n` : `\n${line}\n${openQuestion}`)
      if (isDrawn) spinner?.render()
    },
    ask: (question, signal) => unspun(question, (from) => from.next(signal)),
    paste: (question, signal) => unspun(question, (from) => from.together(signal)),
    askSecret: (question, signal) =>
      unspun(question, async (from) => {
        const secret = await from.hidden(signal)
        // Enter was not shown either.
        if (secret !== undefined) writeFully(STDERR, '\n')
        return secret
      }),
    readSecret: async (signal) => (isShown[STDIN] ? undefined : readWhole(process.stdin, signal)),
    async during(words, work) {
      let shown = words
      const working = work((further) => {
        shown = further
        if (spinner !== undefined) spinner.text = further
      })
      if (!isSpinning || (await endsWithin(QUICK_MS, working))) return working
      const { default: ora } = await import('ora')
      spinner = ora({ text: shown, stream: process.stderr, discardStdin: false })
      process.once('SIGTSTP', stopWithCursor)
      if (openQuestion === undefined) spinner.start()
      try {
        return await working
      } finally {
        process.off('SIGTSTP', stopWithCursor)
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
