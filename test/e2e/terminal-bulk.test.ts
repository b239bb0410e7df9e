import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { walk } from '../fakes/http-browser.ts'
import { whyNoTmux, type TerminalSession } from '../real/tmux.ts'
import { hang } from '../sandbox/faults.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { BROWSER } from './modes-world.ts'
import { run, temporaryHome } from './program.ts'
import { atTerminal, expectTidy } from './terminal-world.ts'

const NAMES = ['one', 'two', 'three'] as const
const SSH = { SSH_CONNECTION: '192.0.2.9 50000 192.0.2.7 22' }

interface Facts {
  readonly name: string
  readonly state: string
  readonly secret: { readonly generation: number }
}

const authFile = (home: string) =>
  JSON.parse(readFileSync(join(home, 'auth.json'), 'utf8')) as { readonly accounts: readonly Facts[] }
const states = (home: string) => authFile(home).accounts.map(({ state }) => state)
const generations = (home: string) => authFile(home).accounts.map(({ secret }) => secret.generation)

/** Each account as one that cannot go on without a sign-in. */
function expire(home: string): void {
  const file = authFile(home)
  const accounts = file.accounts.map((one) => ({ ...one, state: 'needs-login', stateReason: 'the grant has ended' }))
  writeFileSync(join(home, 'auth.json'), JSON.stringify({ ...file, accounts }))
}

/** Signs in whichever account is being asked for: the code that the page shows, pasted. */
async function signIn(terminal: TerminalSession, index: number): Promise<void> {
  await openQuestion(terminal, index)
  const url = terminal
    .raw()
    .split(place(index))[1]
    ?.match(/^http:\/\/\S+$/m)?.[0]
  const { page } = await walk(url ?? '')
  terminal.paste(/<code>([^<]+)<\/code>/.exec(page)?.[1]?.replace('&#35;', '#') ?? '')
  terminal.key('Enter')
}

const place = (index: number) => `aiauth: ${NAMES[index] ?? ''} (${index + 1} of 3)`

async function openQuestion(terminal: TerminalSession, index: number): Promise<void> {
  await terminal.sees(new RegExp(`\\(${index + 1} of 3\\)[^]*ended on: $`))
}

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ codexPorts: [14_590, 14_591] })
})
afterAll(() => sandbox.close())

describe.skipIf(whyNoTmux() !== undefined)('aiauth reauthenticate of three accounts, at a terminal', () => {
  async function homeOfThree(): Promise<string> {
    const home = temporaryHome(sandbox.settings)
    for (const name of NAMES) {
      expect((await run(['login', 'claude', '--name', name], { home, env: { BROWSER } })).exitCode).toBe(0)
    }
    return home
  }

  it.each([
    ['the first', 0],
    ['the second', 1],
    ['the last', 2],
  ])('keeps what was done before Ctrl-C at %s, and says what is left', async (_which, cut) => {
    const home = await homeOfThree()
    expire(home)
    const terminal = atTerminal(['reauthenticate', '--all'], { home, env: SSH })
    for (let index = 0; index < cut; index++) await signIn(terminal, index)
    await openQuestion(terminal, cut)
    terminal.key('C-c')
    expect(await terminal.ended()).toBe(130)
    const left = NAMES.slice(cut)
    const outcomes = ['cancelled  cancelled', 'cancelled  not begun', 'cancelled  not begun']
    const rows = NAMES.map(
      (name, index) => name.padEnd(7) + (index < cut ? 'signed-in' : (outcomes[index - cut] ?? '')),
    )
    expect(terminal.raw().split('\r\n').slice(-6)).toEqual([
      ...rows,
      'aiauth: error: cancelled',
      `aiauth: hint: aiauth reauthenticate ${left.join(' ')}`,
      '',
    ])
    for (const name of left.slice(1)) expect(terminal.raw()).not.toContain(`aiauth: ${name} (`)
    expectTidy(terminal)
    expect(states(home)).toEqual(NAMES.map((_name, index) => (index < cut ? 'active' : 'needs-login')))
    expect(generations(home)).toEqual(NAMES.map((_name, index) => (index < cut ? 2 : 1)))
  })

  it('goes on with the rest when it is run again with --expired', async () => {
    const home = await homeOfThree()
    expire(home)
    const terminal = atTerminal(['reauthenticate', '--expired'], { home, env: SSH })
    await signIn(terminal, 0)
    await openQuestion(terminal, 1)
    terminal.key('C-c')
    expect(await terminal.ended()).toBe(130)
    const again = await run(['reauthenticate', '--expired'], { home, env: { BROWSER } })
    expect([again.exitCode, again.stdout]).toEqual([0, 'two    signed-in\nthree  signed-in\n'])
    expect(again.stderr).toContain('aiauth: two (1 of 2)\n')
    expect(states(home)).toEqual(['active', 'active', 'active'])
    expect(generations(home)).toEqual([2, 2, 2])
    for (const name of NAMES) expect((await run(['token', name], { home })).exitCode).toBe(0)
  })

  it('says the same as JSON', async () => {
    const home = await homeOfThree()
    const terminal = atTerminal(['reauthenticate', '--all', '--json'], { home, env: SSH })
    await signIn(terminal, 0)
    await openQuestion(terminal, 1)
    terminal.key('C-c')
    expect(await terminal.ended()).toBe(130)
    const [, result = ''] = /\r\n(\{\r\n[^]*\r\n\})\r\naiauth: error: cancelled\r\n/.exec(terminal.raw()) ?? []
    expect(JSON.parse(result)).toEqual({
      results: [
        { name: 'one', outcome: 'signed-in' },
        { name: 'two', outcome: 'cancelled', code: 'cancelled', message: 'cancelled' },
        { name: 'three', outcome: 'cancelled', code: 'cancelled', message: 'not begun' },
      ],
    })
    expectTidy(terminal)
  })

  it('leaves the account as it was on Ctrl-C while its code is exchanged', async () => {
    const home = await homeOfThree()
    const terminal = atTerminal(['reauthenticate', '--all'], { home, env: SSH })
    await signIn(terminal, 0)
    await openQuestion(terminal, 1)
    sandbox.claude.faults.token = hang
    try {
      await signIn(terminal, 1)
      await expect.poll(() => sandbox.claude.events.at(-1)).toMatchObject({ endpoint: 'token' })
      terminal.key('C-c')
      expect(await terminal.ended()).toBe(130)
    } finally {
      delete sandbox.claude.faults.token
    }
    expect(terminal.raw()).toContain('\r\ntwo    cancelled  cancelled\r\nthree  cancelled  not begun\r\n')
    expectTidy(terminal)
    expect(generations(home)).toEqual([2, 1, 1])
    expect((await run(['token', 'two'], { home })).exitCode).toBe(0)
  })

  it('calls an account signed in whose servers were being told of it at Ctrl-C', async () => {
    const home = await homeOfThree()
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    await once(server, 'listening')
    const notify = [`http://127.0.0.1:${(server.address() as AddressInfo).port}`]
    writeFileSync(join(home, 'config.json'), JSON.stringify({ ...sandbox.settings, notify }))
    const terminal = atTerminal(['reauthenticate', '--all'], { home, env: SSH })
    const told = once(server, 'request')
    await signIn(terminal, 0)
    await told
    terminal.key('C-c')
    expect(await terminal.ended()).toBe(130)
    expect(terminal.raw()).toContain('\r\none    signed-in\r\ntwo    cancelled  not begun\r\n')
    expect(terminal.raw()).toContain('\r\naiauth: hint: aiauth reauthenticate two three\r\n')
    expect(generations(home)).toEqual([2, 1, 1])
  })
})
