import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { walk } from '../fakes/http-browser.ts'
import { startInTerminal, whyNoTmux, type TerminalSession } from '../real/tmux.ts'
import { hang, late } from '../sandbox/faults.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { BIN, run, temporaryHome } from './program.ts'

const SSH = { SSH_CONNECTION: '192.0.2.9 50000 192.0.2.7 22' }
const QUESTION = /paste the code or the address it ended on: /

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_580, 14_581] })
})
afterAll(() => sandbox.close())

function login(argv: string[], more: { env?: Record<string, string>; size?: { columns: number; rows: number } } = {}) {
  const home = temporaryHome(sandbox.settings)
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, AIAUTH_HOME: home, AIAUTH_STORAGE: 'plaintext' }
  const words = [process.execPath, BIN, 'login', ...argv]
  const terminal = startInTerminal(words, { ...env, NO_COLOR: '1', ...more.env }, more.size)
  onTestFinished(() => terminal.close())
  return { home, terminal }
}

/** The addresses that stand alone on a line, however narrow the terminal is. */
async function addresses(terminal: TerminalSession): Promise<string[]> {
  await terminal.sees(QUESTION)
  return terminal
    .raw()
    .split('\r\n')
    .filter((line) => /^http:\/\/\S+$/.test(line))
}

/** What the page shows to the person. */
async function shown(url = ''): Promise<string> {
  const { page } = await walk(url)
  return /<code>([^<]+)<\/code>/.exec(page)?.[1]?.replace('&#35;', '#') ?? ''
}

/** Nothing but characters and line ends: no colour, no cursor movement, no mode that is left switched on. */
const STRAY = /[^\P{Cc}\r\n]/u

const ADDRESS = /http:\/\/127[^\s\u001b]+/
const [HIDE_CURSOR, SHOW_CURSOR] = ['\u001b[?25l', '\u001b[?25h'] as const
/** Colour, cursor hidden and shown, line erased, cursor to its start. */
const COLOURS_AND_SPINNER = /\u001b\[(?:[\d;]*m|\?25[lh]|\?2026[lh]|[02]?K|[01]?G|1A)/g

describe.skipIf(whyNoTmux() !== undefined)('aiauth login on a terminal without a browser', () => {
  it('L40, U10: prints the address of the page with the code first, the tunnel second, and signs in with a pasted code', async () => {
    const { home, terminal } = login(['claude'], { env: SSH })
    const [manual, loopback, ...more] = await addresses(terminal)
    expect(more).toEqual([])
    expect(new URL(manual ?? '').searchParams.get('redirect_uri')).toContain('/oauth/code/callback')
    const port = new URL(new URL(loopback ?? '').searchParams.get('redirect_uri') ?? '').port
    expect(terminal.raw()).toContain(`\r\nssh -L ${port}:127.0.0.1:${port} `)
    terminal.paste(await shown(manual))
    terminal.key('Enter')
    expect(await terminal.ended()).toBe(0)
    expect(terminal.raw()).toContain('signed in as ada@example.com')
    expect(terminal.raw()).not.toMatch(STRAY)
    expect((await run(['token'], { home })).stdout).toMatch(/^sk-ant-oat01-\S+\n$/)
  })

  it('comes back through the tunnel while the question is open', async () => {
    const { terminal } = login(['claude'], { env: SSH })
    const [, loopback = ''] = await addresses(terminal)
    await walk(loopback)
    expect(await terminal.ended()).toBe(0)
    expect(terminal.raw()).toMatch(/ended on: \r\naiauth: signed in as ada@example\.com/)
    expect(terminal.raw()).not.toMatch(STRAY)
  })

  it('L40: puts together what was folded into lines, the last of them without Enter', async () => {
    const { terminal } = login(['claude'], { env: SSH })
    const [manual] = await addresses(terminal)
    const answer = await shown(manual)
    terminal.paste([answer.slice(0, 12), answer.slice(12, 50), answer.slice(50)].join('\n'))
    terminal.key('Enter')
    expect(await terminal.ended()).toBe(0)
  })

  it('L40: tells what is wrong with a paste without repeating it, and asks again', async () => {
    const { terminal } = login(['claude'], { env: SSH })
    const [manual = ''] = await addresses(terminal)
    terminal.paste('WRONG-CODE#of-another-sign-in')
    terminal.key('Enter')
    await terminal.sees(/warning: that answers another sign-in/)
    terminal.paste(manual)
    terminal.key('Enter')
    await terminal.sees(/warning: that is the address to open/)
    expect(terminal.raw().split('WRONG-CODE')).toHaveLength(2)
    terminal.paste(await shown(manual))
    terminal.key('Enter')
    expect(await terminal.ended()).toBe(0)
  })

  it('takes the whole address where the provider has no such page', async () => {
    const { terminal } = login(['openai'], { env: SSH })
    const [url = '', ...more] = await addresses(terminal)
    expect(more).toEqual([])
    expect(terminal.raw()).toContain('ssh -L 14580:127.0.0.1:14580 ')
    await walk(url)
    expect(await terminal.ended()).toBe(0)
  })

  it('L37: Ctrl-C at the question exits 130 with the cursor on a line of its own, and keeps nothing', async () => {
    const { home, terminal } = login(['claude'], { env: SSH })
    await addresses(terminal)
    terminal.key('C-c')
    expect(await terminal.ended()).toBe(130)
    expect(terminal.raw()).toMatch(/\r\naiauth: error: [^\r\n]+\r\n(aiauth: hint: [^\r\n]+\r\n)?$/)
    expect(terminal.raw()).not.toMatch(STRAY)
    expect(readdirSync(home)).not.toContain('auth.json')
  })

  it('L37: Ctrl-C while the code is exchanged exits 130, shows the cursor again and keeps nothing', async () => {
    const { home, terminal } = login(['claude'], { env: { ...SSH, NO_COLOR: '' } })
    sandbox.claude.faults.token = hang
    try {
      await terminal.sees(QUESTION)
      terminal.paste(await shown(ADDRESS.exec(terminal.raw())?.[0]))
      terminal.key('Enter')
      await terminal.sees(/asking for the tokens/)
      expect(terminal.raw()).toContain(HIDE_CURSOR)
      terminal.key('C-c')
      expect(await terminal.ended()).toBe(130)
    } finally {
      delete sandbox.claude.faults.token
    }
    expect(terminal.raw().lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(terminal.raw().lastIndexOf(HIDE_CURSOR))
    expect(readdirSync(home)).not.toContain('auth.json')
  })

  it('sends no other control characters than those of colours and of the spinner', async () => {
    const { terminal } = login(['claude'], { env: { ...SSH, NO_COLOR: '' } })
    sandbox.claude.faults.token = late(600)
    try {
      await terminal.sees(QUESTION)
      terminal.paste(await shown(ADDRESS.exec(terminal.raw())?.[0]))
      terminal.key('Enter')
      expect(await terminal.ended()).toBe(0)
    } finally {
      delete sandbox.claude.faults.token
    }
    expect(terminal.raw()).toContain(HIDE_CURSOR)
    expect(terminal.raw().lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(terminal.raw().lastIndexOf(HIDE_CURSOR))
    expect(terminal.raw().replace(COLOURS_AND_SPINNER, '')).not.toMatch(STRAY)
  })

  it('keeps the address whole on a narrow terminal, and when the terminal changes its size', async () => {
    const { terminal } = login(['claude'], { env: SSH, size: { columns: 40, rows: 12 } })
    const [manual] = await addresses(terminal)
    terminal.resize(30, 10)
    terminal.resize(140, 50)
    terminal.paste(await shown(manual))
    terminal.key('Enter')
    expect(await terminal.ended()).toBe(0)
    expect(terminal.raw()).not.toMatch(STRAY)
  })

  it('shows the address as a QR code where it fits, and says so where it does not', async () => {
    const wide = login(['claude', '--qr'], { env: SSH, size: { columns: 120, rows: 80 } })
    const narrow = login(['claude', '--qr'], { env: SSH, size: { columns: 40, rows: 20 } })
    await addresses(wide.terminal)
    await addresses(narrow.terminal)
    const drawn = wide.terminal
      .raw()
      .split('\r\n')
      .filter((line) => /^[ █▀▄]{40,120}$/.test(line))
    expect(new Set(drawn.map((line) => line.length)).size).toBe(1)
    expect(drawn.length).toBeGreaterThan(30)
    expect(narrow.terminal.raw()).toMatch(/the QR code needs a terminal of \d+ columns; this one has 40/)
    expect(narrow.terminal.raw()).not.toMatch(/[█▀▄]/)
    expect(wide.terminal.raw()).not.toMatch(STRAY)
  })
})
