import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSandbox } from '../sandbox/start.ts'

/**
 * The main job, shown on a sandbox of both providers: sign in, status, token, sign out. In a
 * home of its own, with the person's browser and keychain where there is a desktop, and by
 * walking the pages itself where there is none. Leaves nothing behind.
 */

const ROOT = process.cwd()
const BIN = join(ROOT, 'bin', 'aiauth.js')
const WALKER = `"${process.execPath}" "${join(ROOT, 'test', 'sandbox', 'browser.js')}"`
/** `storage-*`: there is no keychain here, or none that answers. */
const NO_STORAGE = 7

const { env } = process
const hasScreen =
  ['darwin', 'win32'].includes(process.platform) || (env['DISPLAY'] ?? env['WAYLAND_DISPLAY'] ?? '') !== ''
const isRemote = (env['SSH_CONNECTION'] ?? env['CI'] ?? '') !== ''
const hasPerson = process.stdin.isTTY && process.stderr.isTTY
const hasDesktop = hasScreen && hasPerson && !isRemote

const say = (line: string) => process.stderr.write(`${line}\n`)

async function main(): Promise<number> {
  // Ports of its own: on the registered ones another tool of the person may be waiting.
  const sandbox = await startSandbox({ codexPorts: [21_455, 21_457] })
  const home = mkdtempSync(join(tmpdir(), 'aiauth-demo-'))
  writeFileSync(join(home, 'config.json'), JSON.stringify(sandbox.settings), { mode: 0o600 })
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  const aiauth = commandIn(home, stop.signal)
  say('This is a sandbox: a real authorization server on this machine, dressed as Claude and as OpenAI.')
  say(
    hasDesktop
      ? 'Your browser will open: choose a person there and allow the sign-in.'
      : 'No desktop here, so the demo walks the pages itself.',
  )
  try {
    return await show(aiauth)
  } finally {
    await aiauth(['logout', '--all', '--local-only', '--quiet'], { isShown: false })
    rmSync(home, { recursive: true, force: true })
    await sandbox.close()
  }
}

type Command = (argv: readonly string[], options?: { isShown: boolean }) => Promise<number>

async function show(aiauth: Command): Promise<number> {
  for (const provider of ['claude', 'openai']) {
    let exitCode = await aiauth(['login', provider])
    if (exitCode === NO_STORAGE && provider === 'claude') {
      say('No keychain here, so the demo keeps its (worthless) tokens in a plain file.')
      exitCode = await aiauth(['login', provider, '--storage', 'plaintext'])
    }
    if (exitCode !== 0) return exitCode
  }
  const rest = [['status'], ['token', 'claude'], ['token', 'openai', '--json'], ['logout', '--all'], ['status']]
  for (const argv of rest) {
    const exitCode = await aiauth(argv)
    if (exitCode !== 0) return exitCode
  }
  say('\nThat was all of it, and nothing is left behind. For the real thing: aiauth login claude')
  return 0
}

function commandIn(home: string, signal: AbortSignal): Command {
  const browser = hasDesktop ? {} : { BROWSER: WALKER }
  return (argv, { isShown } = { isShown: true }) => {
    if (signal.aborted && isShown) return Promise.resolve(130)
    if (isShown) say(`\n$ aiauth ${argv.join(' ')}`)
    const child = spawn(process.execPath, [BIN, ...argv], {
      stdio: isShown ? 'inherit' : 'ignore',
      env: { ...env, ...browser, AIAUTH_HOME: home, AIAUTH_ACCOUNT: '', AIAUTH_STORAGE: '' },
    })
    return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)))
  }
}

process.exitCode = await main()
