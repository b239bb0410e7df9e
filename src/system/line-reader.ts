import { createInterface, type Interface, type ReadLineOptions } from 'node:readline'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Secret } from '../model/secret.ts'

/** Lines of one paste come within a few milliseconds of each other; nobody types so fast. */
const PASTE_PAUSE_MS = 80

export interface LineReader {
  /** One line; `undefined` where there is none any more. @throws the signal's reason. */
  next(signal: AbortSignal): Promise<string | undefined>
  /** The next line, and every other one that follows before there is a pause. */
  together(signal: AbortSignal): Promise<string | undefined>
  /** The same from a terminal that shows nothing of it; what was typed before, and seen, does not count. */
  hidden(signal: AbortSignal): Promise<Secret | undefined>
}

type Mode = Omit<ReadLineOptions, 'input'>

/** In the terminal's own line mode, so that Ctrl-C stays a signal. */
const SHOWN: Mode = { terminal: false }

/** Key by key: Node edits the line, and draws it nowhere. */
const hiddenMode = (): Mode => ({
  output: new Writable({ write: (_chunk, _encoding, done) => done() }),
  terminal: true,
  historySize: 0,
})

/** Lines from stdin. One reader at a time: two would both get every key, and a passphrase pass for an answer. */
export function lineReader(stdin: NodeJS.ReadStream): LineReader {
  let lines: string[] = []
  let wake: (() => void) | undefined
  let reader: Interface | undefined
  let hasEnded = false
  const start = (mode: Mode) => {
    if (reader !== undefined || hasEnded) return
    const own = createInterface({ input: stdin, ...mode })
    own.on('line', (line) => {
      lines.push(line)
      wake?.()
    })
    own.on('close', () => {
      if (reader !== own) return
      hasEnded = true
      wake?.()
    })
    // In the hidden mode these are keys, and the second leaves the input paused.
    own.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
    own.on('SIGCONT', () => own.resume())
    reader = own
  }
  const stop = () => {
    const own = reader
    reader = undefined
    own?.close()
    lines = []
  }
  const next = async (signal: AbortSignal, mode: Mode) => {
    start(mode)
    while (lines.length === 0 && !hasEnded && !signal.aborted) {
      await new Promise<void>((resolve) => {
        wake = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    if (lines.length === 0) signal.throwIfAborted()
    return lines.shift()
  }
  const together = async (signal: AbortSignal, mode: Mode) => {
    const first = await next(signal, mode)
    if (first === undefined) return undefined
    for (let seen = -1; lines.length > seen;) {
      seen = lines.length
      await sleep(PASTE_PAUSE_MS)
    }
    return [first, ...lines.splice(0)].join('\n')
  }
  return {
    next: (signal) => next(signal, SHOWN),
    together: (signal) => together(signal, SHOWN),
    async hidden(signal) {
      stop()
      // A shell may have changed the modes while this was stopped; setting what is set does nothing.
      const hideAgain = () => {
        if (stdin.isRaw) stdin.setRawMode(false).setRawMode(true)
      }
      process.on('SIGCONT', hideAgain)
      try {
        const text = await together(signal, hiddenMode())
        // The last line of a paste may have come without Enter.
        const rest = reader?.line ?? ''
        return text === undefined ? undefined : new Secret(rest === '' ? text : `${text}\n${rest}`)
      } finally {
        process.off('SIGCONT', hideAgain)
        stop()
      }
    },
  }
}
