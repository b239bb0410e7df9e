import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { walk } from '../fakes/http-browser.ts'
import { whyNoTmux } from '../real/tmux.ts'
import { late } from '../sandbox/faults.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { BROWSER } from './modes-world.ts'
import { BIN, run, temporaryHome } from './program.ts'
import { homeWith, sealedBy } from './storage-world.ts'
import {
  act,
  ALLOWED,
  atTerminal,
  commandAtTerminal,
  contentsOf,
  expectCursor,
  expectTidy,
  HIDE_CURSOR,
  SHOW_CURSOR,
} from './terminal-world.ts'

const SSH = { AIAUTH_STORAGE: 'plaintext', SSH_CONNECTION: '192.0.2.9 50000 192.0.2.7 22' }
const PASTE = /ended on: $/

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_592, 14_593] })
})
afterAll(() => sandbox.close())

describe.skipIf(whyNoTmux() !== undefined)('aiauth login --device, at a terminal of 40 columns', () => {
  it('ends on Ctrl-C while it polls, with the cursor on a line of its own', async () => {
    const home = temporaryHome(sandbox.settings)
    const size = { columns: 40, rows: 20 }
    const terminal = atTerminal(['login', 'openai', '--device'], {
      home,
      env: { AIAUTH_STORAGE: 'plaintext', NO_COLOR: '' },
      size,
    })
    await terminal.sees(/enter this code there[^]*\u001b\[1m[\dA-F]{8}/)
    await sleep(1000)
    terminal.key('C-c')
    expect(await terminal.ended()).toBe(130)
    // The spinner's line is erased, and what the terminal itself has shown of the key with it.
    expect(terminal.raw()).toMatch(
      /waiting for the code, 15m left[^\r\n]*\^C[^\r\n]*\u001b\[1G\u001b\[0K\u001b\[\?25haiauth: /,
    )
    expect(terminal.raw().replace(ALLOWED, '')).toMatch(/aiauth: error: cancelled\r\n$/)
    expectCursor(terminal)
    expect(Object.keys(contentsOf(home))).toEqual(['config.json'])
  })
})

describe.skipIf(whyNoTmux() !== undefined)('aiauth login, waiting at a terminal', () => {
  it('knows after a sleep of the machine that its time is over', async () => {
    const waits = [
      [['login', 'claude'], PASTE],
      [['login', 'openai', '--device'], /\r\n[\dA-F]{8}\r\n$/],
    ] as const
    const asleep = waits.map(async ([argv, asks]) => {
      const home = temporaryHome(sandbox.settings)
      const terminal = atTerminal([...argv, '--timeout', '2s'], { home, env: SSH })
      await terminal.sees(asks)
      process.kill(terminal.pid(), 'SIGSTOP')
      return { home, terminal }
    })
    const sleepers = await Promise.all(asleep)
    await sleep(2000)
    const awakeAtMs = Date.now()
    for (const { terminal } of sleepers) process.kill(terminal.pid(), 'SIGCONT')
    for (const { home, terminal } of sleepers) {
      expect(await terminal.ended()).toBe(5)
      expectTidy(terminal)
      expect(Object.keys(contentsOf(home))).toEqual(['config.json'])
    }
    expect(Date.now() - awakeAtMs).toBeLessThan(2000)
  })

  it('L37: leaves what was begun as it was on Ctrl-C, and takes the code the next time', async () => {
    const home = temporaryHome(sandbox.settings)
    const env = { AIAUTH_STORAGE: 'plaintext' }
    const begun = await run(['login', 'claude', '--begin'], { home })
    const { session, url } = JSON.parse(begun.stdout) as { session: string; url: string }
    const before = contentsOf(home)
    const question = /paste the code, or the address that the browser ended on: $/
    for (const [steps, exitCode] of [
      [['C-c'], 130],
      [['C-d'], 2],
      [['CODE#of-another-sign-in', 'Enter'], 2],
    ] as const) {
      const terminal = atTerminal(['login', '--complete', session], { home, env })
      await act(terminal, [question, ...steps])
      expect(await terminal.ended()).toBe(exitCode)
      expectTidy(terminal)
      expect(contentsOf(home)).toEqual(before)
    }
    const terminal = atTerminal(['login', '--complete', session], { home, env })
    const { page } = await walk(url)
    await act(terminal, [question, /<code>([^<]+)<\/code>/.exec(page)?.[1]?.replace('&#35;', '#') ?? '', 'Enter'])
    expect(await terminal.ended()).toBe(0)
    expectTidy(terminal)
  })

  it('L37: ends like a hangup when the terminal is closed', async () => {
    const home = temporaryHome(sandbox.settings)
    const terminal = atTerminal(['login', 'claude'], { home, env: SSH })
    await terminal.sees(PASTE)
    terminal.hangUp()
    expect(await terminal.ended()).toBe(129)
    expect(Object.keys(contentsOf(home))).toEqual(['config.json'])
  })

  it('X16: never takes a passphrase that it has asked for before for the pasted code', async () => {
    const home = temporaryHome(sandbox.settings)
    const terminal = atTerminal(['login', 'claude'], { home, env: { ...SSH, AIAUTH_STORAGE: '' } })
    const passphrase = ['geheim', 'Enter'] as const
    const [first, second] = [/new passphrase for the vault: $/, /the same passphrase again: $/]
    sandbox.claude.events.length = 0
    await act(terminal, [/or stop\? \[passphrase\] $/, 'Enter', first, ...passphrase, second, ...passphrase, PASTE])
    await sleep(500)
    expect(sandbox.claude.events).toEqual([])
    expect(terminal.raw()).toMatch(PASTE)
    const { page } = await walk(/^http:\S+$/m.exec(terminal.raw())?.[0] ?? '')
    await act(terminal, [/<code>([^<]+)<\/code>/.exec(page)?.[1]?.replace('&#35;', '#') ?? '', 'Enter'])
    expect(await terminal.ended()).toBe(0)
    expect(terminal.raw()).not.toContain('geheim')
    expectTidy(terminal)
    const env = { AIAUTH_STORAGE: undefined, AIAUTH_PASSPHRASE: 'geheim' }
    expect((await run(['token'], { home, env })).stdout).toMatch(/^sk-ant-oat01-\S+\n$/)
  })
})

/** Docker's protocol over one file; slow where there is a file of that name. */
const SLOW_HELPER = `#!/bin/sh
test ! -e "$HOME/slow" || sleep 2
case "$1" in
store) cat > "$HOME/kept" ;;
get) cat > /dev/null; cat "$HOME/kept" 2> /dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
erase) cat > /dev/null; rm -f "$HOME/kept" ;;
esac
`

describe.skipIf(whyNoTmux() !== undefined)('a spinner in a shell with job control', () => {
  it('gives the cursor back on Ctrl-Z, and turns on after fg', async () => {
    const home = temporaryHome(sandbox.settings)
    const env = { PS1: '$ ', NODE: process.execPath, BIN, BROWSER, AIAUTH_STORAGE: 'plaintext', NO_COLOR: '' }
    sandbox.claude.faults.token = late(2000)
    try {
      const shell = commandAtTerminal(['/bin/sh', '-i'], { home, env })
      await act(shell, [/\$ $/, '"$NODE" "$BIN" login claude', 'Enter', /asking for the tokens/, 'C-z'])
      await shell.sees(/Stopped[^\r]*\r\n\$ $/)
      expect(shell.raw().lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(shell.raw().lastIndexOf(HIDE_CURSOR))
      await act(shell, ['fg', 'Enter', /signed in[^$]*\$ $/])
      expect(shell.raw().lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(shell.raw().lastIndexOf(HIDE_CURSOR))
    } finally {
      delete sandbox.claude.faults.token
    }
  })
})

describe.skipIf(whyNoTmux() !== undefined)('a word that is said while a spinner turns', () => {
  it('stands on a line of its own', async () => {
    const home = await homeWith('plaintext', ['work'], sealedBy.plaintext)
    const PATH = `${join(home, 'bin')}:${process.env['PATH'] ?? ''}`
    mkdirSync(join(home, 'bin'))
    writeFileSync(join(home, 'bin', 'docker-credential-slow'), SLOW_HELPER)
    chmodSync(join(home, 'bin', 'docker-credential-slow'), 0o700)
    expect((await run(['storage', 'set', 'helper:slow'], { home, env: { PATH, AIAUTH_STORAGE: '' } })).exitCode).toBe(0)
    writeFileSync(join(home, 'slow'), '')
    const terminal = atTerminal(['storage', 'set', 'plaintext'], { home, env: { PATH, NO_COLOR: '' } })
    expect(await terminal.ended()).toBe(0)
    const said = terminal.raw().split('aiauth: waiting')
    expect(said.length).toBeGreaterThan(1)
    for (const before of said.slice(0, -1)) expect(before).toMatch(/(?:^|\r\n|\u001b\[[01]?G|\u001b\[[02]?K)$/)
    expectCursor(terminal)
  })
})
