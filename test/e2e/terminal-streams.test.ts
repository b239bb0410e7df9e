import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyNoTmux, type TerminalSession } from '../real/tmux.ts'
import { late } from '../sandbox/faults.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { BROWSER } from './modes-world.ts'
import { BIN, temporaryHome } from './program.ts'
import { homeWith, sealedBy, tokenOf } from './storage-world.ts'
import {
  ALLOWED,
  atTerminal,
  commandAtTerminal,
  contentsOf,
  expectCursor,
  expectTidy,
  STRAY,
} from './terminal-world.ts'

const PLAINTEXT = { AIAUTH_STORAGE: 'plaintext' }
const COLOURED = { ...PLAINTEXT, NO_COLOR: '' }

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_594, 14_595] })
})
afterAll(() => sandbox.close())

/** A command line of a shell, which puts the built program in its own place: of two, both would get Ctrl-C. */
function shellLine(line: string, home: string, env: Readonly<Record<string, string>> = PLAINTEXT): TerminalSession {
  const script = `cd "$HOME"; ${line.replace('aiauth', 'exec "$NODE" "$BIN"')}`
  return commandAtTerminal(['/bin/sh', '-c', script], { home, env: { NODE: process.execPath, BIN, ...env } })
}

const plainHome = () => homeWith('plaintext', ['work'], sealedBy.plaintext)

/** What `status` says of it each time, beside its result. */
const plaintextIn = (home: string) =>
  `aiauth: warning: tokens are readable by anyone who can read ${home}/vault.json (storage plaintext)\r\n`

describe.skipIf(whyNoTmux() !== undefined)('aiauth on a terminal of which one stream goes elsewhere', () => {
  it.each([
    ['token work', `${tokenOf('work')}\n`],
    ['status --json', /^\{\n[^]*\n\}\n$/],
    ['status', /^ +NAME +PROVIDER[^]*\*  work +claude[^]*\n$/],
  ])('aiauth %s writes its result alone to a stdout that is a file', async (line, result) => {
    const home = await plainHome()
    const terminal = shellLine(`aiauth ${line} > out`, home, COLOURED)
    expect(await terminal.ended()).toBe(0)
    const out = readFileSync(join(home, 'out'), 'utf8')
    if (typeof result === 'string') expect(out).toBe(result)
    else expect(out).toMatch(result)
    expect(out).not.toMatch(/[^\P{Cc}\n]/u)
    expect(terminal.raw().replace(ALLOWED, '')).toBe(line === 'status' ? plaintextIn(home) : '')
  })

  it('aiauth login --json writes JSON to a file, and spins on the terminal', async () => {
    const home = temporaryHome(sandbox.settings)
    sandbox.claude.faults.token = late(600)
    try {
      const terminal = shellLine('aiauth login claude --json > out', home, { ...PLAINTEXT, BROWSER })
      expect(await terminal.ended()).toBe(0)
      expectTidy(terminal)
      expect(terminal.raw()).toContain('signed in as ada@example.com')
      expect(JSON.parse(readFileSync(join(home, 'out'), 'utf8'))).toMatchObject({ account: { name: 'claude' } })
    } finally {
      delete sandbox.claude.faults.token
    }
  })

  it('aiauth status --watch writes no screen to a file, and ends on Ctrl-C', async () => {
    const home = await plainHome()
    const terminal = shellLine('aiauth status --watch > out', home, COLOURED)
    await expect.poll(() => contentsOf(home)['out']).toContain('work')
    terminal.key('C-c')
    expect(await terminal.ended()).toBe(130)
    expect(readFileSync(join(home, 'out'), 'utf8')).not.toMatch(/[^\P{Cc}\n]/u)
    expect(terminal.raw().replace(ALLOWED, '')).toBe(`${plaintextIn(home)}^C\r\naiauth: error: cancelled\r\n`)
  })

  it('asks nothing where its question could not be seen', async () => {
    const home = temporaryHome({})
    const terminal = shellLine('aiauth login 2> err', home)
    expect(await terminal.ended()).toBe(2)
    expect(terminal.raw()).toBe('')
    expect(readFileSync(join(home, 'err'), 'utf8')).toMatch(/^aiauth: error: which provider\?\naiauth: hint: /)
  })

  it.each([
    ['aiauth login <&-', 2, 'aiauth: error: which provider?\r\n'],
    ['aiauth login claude --with-api-key <&-', 2, 'aiauth: error: no API key was given\r\n'],
    ['aiauth login --no-input', 2, 'aiauth: error: which provider?\r\n'],
    ['AIAUTH_NO_INPUT=1 aiauth login', 2, 'aiauth: error: which provider?\r\n'],
    ['aiauth login claude --with-api-key --no-input', 2, 'comes from stdin, and nothing is there\r\n'],
    ['aiauth token work <&-', 0, `${tokenOf('work')}\r\n`],
    ['aiauth token work 2>&-', 0, `${tokenOf('work')}\r\n`],
    ['aiauth token work >&-', 0, ''],
    ['aiauth token nobody <&- 2>&-', 3, ''],
  ])('%s exits %i', async (line, exitCode, told) => {
    const terminal = shellLine(line, await plainHome())
    expect(await terminal.ended()).toBe(exitCode)
    if (told === '') expect(terminal.raw()).toBe('')
    else expect(terminal.raw()).toContain(told)
  })
})

describe.skipIf(whyNoTmux() !== undefined)('aiauth status --watch, at a terminal', () => {
  const CLEARED = '\u001b[H\u001b[J'

  it.each([
    ['draws in colours', COLOURED, CLEARED, /\u001b\[\d+m/],
    ['draws without colours where NO_COLOR is set', PLAINTEXT, CLEARED, /\u001b\[H/],
    ['only writes where the terminal is dumb', { ...COLOURED, TERM: 'dumb' }, '', /^ +NAME/],
  ])('%s, and ends on Ctrl-C', async (_what, env, beginning, contents) => {
    const terminal = atTerminal(['status', '--watch'], { home: await plainHome(), env })
    await terminal.sees(/used when none is named/)
    terminal.key('C-c')
    expect(await terminal.ended()).toBe(130)
    expect(terminal.raw().startsWith(beginning)).toBe(true)
    expect(terminal.raw()).toMatch(contents)
    if (beginning === '') expect(terminal.raw()).not.toMatch(STRAY)
    expectCursor(terminal)
  })
})
