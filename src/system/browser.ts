import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Browser } from '../model/ports.ts'

export interface BrowserOptions {
  /** What the user's own command sees, less everything of ours. */
  readonly variables: Readonly<Record<string, string | undefined>>
}

type Opening = Awaited<ReturnType<Browser['open']>>

/** A launcher that has not failed after this long has a browser, or is one. */
const SETTLED_AFTER_MS = 2000

/**
 * Opens a browser by the user's command, or by the platform's opener through the package
 * `open`. Neither gets our terminal (a text browser would take the keyboard), our secrets,
 * or a shell; neither keeps the program alive.
 *
 * Whether a browser can open here at all is for `surroundings` to judge: without a display the
 * platform's opener would run a text browser that nobody sees, and call it opened.
 */
export function createBrowser({ variables }: BrowserOptions): Browser {
  return {
    async open(url, command = '') {
      try {
        const [program, ...words] = commandWords(command)
        if (program !== undefined) return await opening(start(program, [...words, url], variables))
        return await opening(await startPlatformOpener(url))
      } catch {
        return 'unavailable'
      }
    },
  }
}

/**
 * A command as words: quotes group, nothing else is special, backslashes least of all (they
 * are Windows paths). A path with blanks that exists as a whole is one word.
 */
export function commandWords(command: string): string[] {
  const whole = command.trim()
  if (existsSync(whole)) return [whole]
  const words = whole.match(/(?:"[^"]*"|'[^']*'|\S)+/g) ?? []
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'))
}

function start(program: string, words: readonly string[], variables: BrowserOptions['variables']): ChildProcess {
  const env = Object.fromEntries(Object.entries(variables).filter(([name]) => !isOurs(name)))
  const child = spawn(program, words, { detached: true, stdio: 'ignore', env })
  child.unref()
  return child
}

async function startPlatformOpener(url: string): Promise<ChildProcess> {
  const { default: open } = await import('open')
  // The package hands on the environment as it is and has no option for another. Nothing
  // reads these later: `main` took its copy at the start.
  for (const name of Object.keys(process.env).filter(isOurs)) Reflect.deleteProperty(process.env, name)
  return open(url)
}

/** Windows does not tell upper from lower case in these names. */
function isOurs(name: string): boolean {
  return name.toUpperCase().startsWith('AIAUTH_')
}

/** How a launch went: its exit code if it ends soon, else that it still runs. */
function opening(child: ChildProcess): Promise<Opening> {
  return new Promise((resolve) => {
    const ended = (code: number | null) => resolve(code === 0 ? 'opened' : 'unavailable')
    setTimeout(() => resolve('opened'), SETTLED_AFTER_MS).unref()
    child.once('error', () => resolve('unavailable')).once('exit', ended)
    // On Windows `open` returns its PowerShell only after it has ended.
    if (child.exitCode !== null) ended(child.exitCode)
  })
}
