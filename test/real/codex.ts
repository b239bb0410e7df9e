import { spawn } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

const ROOT = join(import.meta.dirname, '..', '..')
const NPM_LINE = 'npm install --prefix .codex-judge --save-exact @openai/codex@0.169.0'
/** Nothing of it takes a second here; whatever hangs is over by then. */
const LIMIT_MS = 20_000

/** What the real Codex said, and whether it was content. */
export interface CodexEnded {
  readonly exitCode: number | null
  readonly said: string
}

/**
 * Why the real Codex cannot be asked here (printed too), `undefined` when it can. It is looked for
 * in `AIAUTH_TEST_CODEX`, then where `.ci/run` installs it, then in the `PATH`.
 *
 * @throws Error when CI is set on Linux: a suite that is skipped there would prove nothing.
 */
export function whyNoCodex(): string | undefined {
  if (program() !== undefined) return undefined
  const reason = `no codex here: ${NPM_LINE}`
  if ((process.env['CI'] ?? '') !== '' && process.platform === 'linux') throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return reason
}

/**
 * Runs Codex with a home and environment of its own. It reaches this machine and nothing else,
 * and all that it started ends with it.
 */
export async function codex(
  argv: readonly string[],
  { home, env, input = '' }: { home: string; env?: NodeJS.ProcessEnv; input?: string },
): Promise<CodexEnded> {
  const child = spawn(program() ?? 'codex', argv, {
    cwd: home,
    detached: true,
    env: { PATH: process.env['PATH'], HOME: home, HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1', ...env },
  })
  const end = () => {
    endGroup(child.pid)
  }
  const limit = setTimeout(end, LIMIT_MS)
  child.stdin.on('error', () => undefined).end(input)
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [exitCode, out, err] = await Promise.all([exited, text(child.stdout), text(child.stderr)])
  clearTimeout(limit)
  end()
  return { exitCode, said: `${out}${err}`.replace(/^WARNING: .*\n/gm, '') }
}

function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL')
  } catch {
    // Nobody of it is left.
  }
}

let found: string | undefined
function program(): string | undefined {
  const folders = [join(ROOT, '.codex-judge', 'node_modules', '.bin'), ...(process.env['PATH'] ?? '').split(delimiter)]
  const asked = process.env['AIAUTH_TEST_CODEX'] ?? ''
  const places = asked === '' ? folders.map((folder) => join(folder, 'codex')) : [asked]
  return (found ??= places.filter((place) => existsSync(place)).map(native)[0])
}

/** The package starts Node first, which then starts this one: 200 ms instead of 12. */
function native(place: string): string {
  const path = realpathSync(place)
  if (!path.endsWith('.js')) return path
  const scope = join(dirname(path), '..', '..')
  for (const name of readdirSync(scope).filter((each) => each.startsWith('codex-'))) {
    const vendor = join(scope, name, 'vendor')
    const [target] = readdirSync(vendor).map((each) => join(vendor, each, 'bin', 'codex'))
    if (target !== undefined) return target
  }
  return path
}
