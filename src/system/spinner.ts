import type { Ora } from 'ora'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Terminal } from '../model/ports.ts'

/** Work that ends sooner needs no spinner, whose package alone takes 50 ms to load. */
const QUICK_MS = 150

/** A line on stderr that turns while somebody waits, and gives way to all else that stands there. */
export interface Spinner extends Pick<Terminal, 'during'> {
  readonly isDrawn: boolean
  /** Off the screen, as long as a question is open: it would draw over it. */
  giveWay(): void
  comeBack(): void
  /** Writes lines where it is drawn, and draws it below them. */
  around(write: () => void): void
}

export function createSpinner(isWanted: boolean): Spinner {
  let spinner: Ora | undefined
  let isAway = false
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
    get isDrawn() {
      return spinner?.isSpinning === true
    },
    giveWay() {
      isAway = true
      spinner?.stop()
    },
    comeBack() {
      isAway = false
      spinner?.start()
    },
    around(write) {
      const isDrawn = spinner?.isSpinning === true
      if (isDrawn) spinner?.clear()
      write()
      if (isDrawn) spinner?.render()
    },
    async during(words, work) {
      let shown = words
      const working = work((further) => {
        shown = further
        if (spinner !== undefined) spinner.text = further
      })
      if (!isWanted || (await endsWithin(QUICK_MS, working))) return working
      const { default: ora } = await import('ora')
      spinner = ora({ text: shown, stream: process.stderr, discardStdin: false })
      process.once('SIGTSTP', stopWithCursor)
      if (!isAway) spinner.start()
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
