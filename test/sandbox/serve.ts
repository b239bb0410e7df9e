import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSandbox } from './start.ts'

/** The sandbox for work by hand: prints how to use it and goes on until Ctrl-C, two hours at most. */

const LONGEST_MS = 2 * 3_600_000

const sandbox = await startSandbox()
const home = mkdtempSync(join(tmpdir(), 'aiauth-sandbox-'))
writeFileSync(join(home, 'config.json'), `${JSON.stringify(sandbox.settings, null, 2)}\n`, { mode: 0o600 })

const stop = new AbortController()
const timer = setTimeout(() => stop.abort(), LONGEST_MS)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())

const line = `AIAUTH_HOME='${home}' AIAUTH_STORAGE=plaintext node bin/aiauth.js`
process.stdout.write(`the sandbox is open: nothing here is a real account

  claude   ${sandbox.claude.origin}
  openai   ${sandbox.openai.origin}
  chatgpt  ${sandbox.chatgpt.origin}

sign in, in your browser or without one:

  ${line} login claude
  BROWSER='node test/sandbox/browser.js' ${line} login openai

Ctrl-C ends it
`)

if (!stop.signal.aborted) await once(stop.signal, 'abort')
clearTimeout(timer)
rmSync(home, { recursive: true, force: true })
await sandbox.close()
