// One sign-in to Claude for the benchmarks, its server being whatever config.json names.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const BIN = join(process.cwd(), 'bin', 'aiauth.js')

/** Signs in as a browser would and returns the time from the callback to the page that says it is stored. */
export function login(env, name = 'claude') {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, 'login', 'claude', '--no-browser', '--name', name], { env })
    let words = ''
    let isCalled = false
    let took = 0
    child.stderr.on('data', (chunk) => {
      words += chunk
      const url = /^http:\S+$/m.exec(words)?.[0]
      if (url === undefined || isCalled) return
      isCalled = true
      const asked = new URL(url).searchParams
      // The person needs a moment; so does the warming that goes on meanwhile.
      setTimeout(async () => {
        const startedAt = performance.now()
        await fetch(`${asked.get('redirect_uri')}?code=C&state=${asked.get('state')}`).then((page) => page.text())
        took = performance.now() - startedAt
      }, 400)
    })
    child.on('close', (code) => (code === 0 ? resolve(took) : reject(new Error(words))))
  })
}
