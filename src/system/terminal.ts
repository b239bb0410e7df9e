import type { Style, Terminal } from '../model/ports.ts'
import type { Colour } from './colour.ts'
import { isTerminal } from './is-terminal.ts'
import type { LineReader } from './line-reader.ts'
import { readWhole } from './read-whole.ts'
import { createSpinner } from './spinner.ts'
import { writeFully } from './write-fully.ts'

export interface TerminalOptions {
  readonly quiet: boolean
  readonly noInput: boolean
  /** Colours and the spinner are wanted, as far as there is a terminal for them. */
  readonly colour: Colour
  readonly styles: { readonly plain: Style; readonly coloured: Style }
}

const [STDIN, STDOUT, STDERR] = [0, 1, 2] as const

/** The terminal of this process: stdout for results, stderr for words, stdin for answers. */
export function createTerminal({ quiet, noInput, colour, styles }: TerminalOptions): Terminal {
  const isShown = { [STDIN]: isTerminal(STDIN), [STDOUT]: isTerminal(STDOUT), [STDERR]: isTerminal(STDERR) }
  const styleFor = (descriptor: typeof STDOUT | typeof STDERR) =>
    colour.allowed && (isShown[descriptor] || colour.forced) ? styles.coloured : styles.plain
  const spinner = createSpinner(colour.allowed && isShown[STDERR] && !quiet)
  let started: LineReader | undefined
  const reader = async () => (started ??= (await import('./line-reader.ts')).lineReader(process.stdin))
  let openQuestion: string | undefined
  let isBehindCtrlC = false
  // The terminal shows `^C` where the cursor is; a question and a spinner leave that line anyway.
  process.on('SIGINT', () => {
    isBehindCtrlC = isShown[STDIN] && openQuestion === undefined && !spinner.isDrawn
  })
  const write = (descriptor: typeof STDOUT | typeof STDERR, text: string) => {
    writeFully(descriptor, isBehindCtrlC && isShown[descriptor] ? `\n${text}` : text)
    if (isShown[descriptor]) isBehindCtrlC = false
  }
  /** A spinner would draw over the question, and nobody would know what is waited for. */
  const unspun = async <T>(question: string, answer: (reader: LineReader) => Promise<T>) => {
    const from = await reader()
    openQuestion = question
    spinner.giveWay()
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
      spinner.comeBack()
    }
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
      const text = openQuestion === undefined ? `${line}\n` : `\n${line}\n${openQuestion}`
      spinner.around(() => write(STDERR, text))
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
    during: (words, work) => spinner.during(words, work),
  }
}
