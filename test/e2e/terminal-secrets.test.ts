import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { whyNoTmux } from '../real/tmux.ts'
import { BIN, run, temporaryHome } from './program.ts'
import { fastVault, homeWith, PASSPHRASE, sealedBy, tokenOf, typed } from './storage-world.ts'
import { act, atTerminal, commandAtTerminal, contentsOf, expectModes, expectTidy, type Step } from './terminal-world.ts'

const KEY = 'sk-ant-api03-Zq7Zq7Zq7'
const [GIVEN, OTHER] = ['geheim', 'anders'] as const
/** Of what is typed here; never to be seen. */
const SECRETS = /Zq7|geheim|anders|correct horse/

const ASKS_FOR_KEY = /API key for claude \(from \S+; it is not shown\): $/
const ASKS_FOR_TOKEN = /setup token for claude \(from claude setup-token; it is not shown\): $/
const ASKS_FOR_VALUE = /value of providers\.acme\.clientSecret: $/
const ASKS = /passphrase of the vault: $/
const ASKS_FOR_NEW = /new passphrase for the vault: $/
const ASKS_FOR_NEXT = /new passphrase for the vault \(empty: keep the present one\): $/
const ASKS_AGAIN = /the same passphrase again: $/

type Answer = readonly [what: string, steps: Step[], exitCode: number, told: string, isChanged?: boolean]

interface Question {
  readonly line: string
  readonly storage: string
  readonly home: () => Promise<string> | string
  readonly answers: readonly Answer[]
}

const sealedHome = () => homeWith('passphrase', ['work'], fastVault)
const plainHome = () => homeWith('plaintext', ['work'], sealedBy.plaintext)

const QUESTIONS: readonly Question[] = [
  {
    line: 'login claude --with-api-key',
    storage: 'plaintext',
    home: () => temporaryHome({}),
    answers: [
      ['a key', [ASKS_FOR_KEY, KEY, 'Enter'], 0, 'signed in (account claude', true],
      ['a key pasted with its line end', [ASKS_FOR_KEY, `${KEY}\n`], 0, 'signed in (account claude', true],
      ['a corrected key', [ASKS_FOR_KEY, 'Zq7 ', 'BSpace', 'C-u', KEY, 'Enter'], 0, 'signed in (account', true],
      ['a key in two lines', [ASKS_FOR_KEY, 'sk-ant-api03-Zq7\nZq7\n'], 2, 'that is more than one line, and the API'],
      ['a key whose second line has no end', [ASKS_FOR_KEY, 'sk-ant-api03-Zq7\nZq7'], 2, 'that is more than one line'],
      ['something else', [ASKS_FOR_KEY, 'Zq7', 'Enter'], 2, 'that does not look like the API key'],
      ['Enter alone', [ASKS_FOR_KEY, 'Enter'], 2, 'no API key was given'],
      ['Ctrl-D', [ASKS_FOR_KEY, 'C-d'], 2, 'comes from stdin, and nothing is there'],
      ['Ctrl-C behind half a key', [ASKS_FOR_KEY, 'sk-ant-api03-Zq7', 'C-c'], 130, 'cancelled'],
    ],
  },
  {
    line: 'login claude --mode setup-token',
    storage: 'plaintext',
    home: () => temporaryHome({}),
    answers: [
      ['a token', [ASKS_FOR_TOKEN, 'sk-ant-oat01-Zq7', 'Enter'], 0, 'signed in (account claude', true],
      ['a key', [ASKS_FOR_TOKEN, KEY, 'Enter'], 2, 'that is an API key, and not the setup token that is wanted'],
    ],
  },
  {
    line: 'config set providers.acme.clientSecret -',
    storage: 'plaintext',
    home: () => temporaryHome({ providers: {} }),
    answers: [
      ['a secret in two lines', [ASKS_FOR_VALUE, 'Zq7\nZq7\n'], 2, 'must be a text on one line'],
      ['Ctrl-C', [ASKS_FOR_VALUE, 'Zq7', 'C-c'], 130, 'cancelled'],
    ],
  },
  {
    line: 'login claude --with-api-key',
    storage: 'passphrase',
    home: () => temporaryHome({}),
    answers: [
      ['Ctrl-C at the first passphrase', [ASKS_FOR_NEW, GIVEN, 'C-c'], 130, 'cancelled'],
      ['Ctrl-C at the second', [ASKS_FOR_NEW, GIVEN, 'Enter', ASKS_AGAIN, 'C-c'], 130, 'cancelled'],
      ['Ctrl-D', [ASKS_FOR_NEW, 'C-d'], 130, 'no passphrase was typed'],
      ['Enter alone', [ASKS_FOR_NEW, 'Enter'], 7, 'the passphrase is empty'],
      ['two that differ', [ASKS_FOR_NEW, GIVEN, 'Enter', ASKS_AGAIN, OTHER, 'Enter'], 2, 'the two passphrases differ'],
    ],
  },
  {
    line: 'token work',
    storage: '',
    home: sealedHome,
    answers: [
      ['the passphrase', [ASKS, PASSPHRASE, 'Enter'], 0, tokenOf('work'), true],
      ['a wrong one', [ASKS, GIVEN, 'Enter'], 7, 'the passphrase is wrong'],
      ['Enter alone', [ASKS, 'Enter'], 7, 'the passphrase is empty'],
      ['Ctrl-D', [ASKS, 'C-d'], 130, 'no passphrase was typed'],
      ['Ctrl-C', [ASKS, GIVEN, 'C-c'], 130, 'cancelled'],
    ],
  },
  {
    line: 'storage rotate',
    storage: '',
    home: sealedHome,
    answers: [
      ['Ctrl-C before the new passphrase', [ASKS, PASSPHRASE, 'Enter', ASKS_FOR_NEXT, 'C-c'], 130, 'cancelled'],
      ['Ctrl-D there', [ASKS, PASSPHRASE, 'Enter', ASKS_FOR_NEXT, 'C-d'], 130, 'no passphrase was typed'],
      [
        'Ctrl-C at its second time',
        [ASKS, PASSPHRASE, 'Enter', ASKS_FOR_NEXT, GIVEN, 'Enter', ASKS_AGAIN, GIVEN, 'C-c'],
        130,
        'cancelled',
      ],
      [
        'two that differ',
        [ASKS, PASSPHRASE, 'Enter', ASKS_FOR_NEXT, GIVEN, 'Enter', ASKS_AGAIN, OTHER, 'Enter'],
        2,
        'the two passphrases differ',
      ],
    ],
  },
  {
    line: 'storage set passphrase',
    storage: '',
    home: plainHome,
    answers: [
      ['Ctrl-C at the first passphrase', [ASKS_FOR_NEW, 'C-c'], 130, 'cancelled'],
      ['Ctrl-C at the second', [ASKS_FOR_NEW, GIVEN, 'Enter', ASKS_AGAIN, 'C-c'], 130, 'cancelled'],
      ['two that differ', [ASKS_FOR_NEW, GIVEN, 'Enter', ASKS_AGAIN, OTHER, 'Enter'], 2, 'the two passphrases differ'],
    ],
  },
]

describe.skipIf(whyNoTmux() !== undefined).each(QUESTIONS)(
  'aiauth $line, asking for a secret (storage: $storage)',
  ({ line, storage, home: homeOf, answers }) => {
    for (const [what, steps, exitCode, told, isChanged = false] of answers) {
      it(`X8: shows nothing of ${what}`, async () => {
        const home = await homeOf()
        const before = contentsOf(home)
        const terminal = atTerminal(line.split(' '), { home, env: { AIAUTH_STORAGE: storage } })
        await act(terminal, steps)
        expect(await terminal.ended()).toBe(exitCode)
        expect(terminal.raw()).toContain(told)
        expect(terminal.raw()).not.toMatch(SECRETS)
        expectTidy(terminal)
        if (!isChanged) expect(contentsOf(home)).toEqual(before)
      })
    }
  },
)

describe.skipIf(whyNoTmux() !== undefined)('a new passphrase that was typed twice', () => {
  it.each([
    ['storage rotate', sealedHome, [ASKS, PASSPHRASE, 'Enter', ASKS_FOR_NEXT]],
    ['storage set passphrase', plainHome, [ASKS_FOR_NEW]],
  ] as const)('opens what aiauth %s has sealed', async (line, homeOf, steps) => {
    const home = await homeOf()
    const terminal = atTerminal(line.split(' '), { home })
    await act(terminal, [...steps, GIVEN, 'Enter', ASKS_AGAIN, GIVEN, 'Enter'])
    expect(await terminal.ended()).toBe(0)
    expectTidy(terminal)
    expect(await typed('token work', home, { AIAUTH_PASSPHRASE: GIVEN })).toMatchObject({
      exitCode: 0,
      stdout: `${tokenOf('work')}\n`,
    })
  })
})

describe.skipIf(whyNoTmux() !== undefined)('a hidden question that is broken off', () => {
  const keyQuestion = async () => {
    const home = temporaryHome({})
    const terminal = atTerminal(['login', 'claude', '--with-api-key'], { home, env: { AIAUTH_STORAGE: 'plaintext' } })
    await act(terminal, [ASKS_FOR_KEY, 'sk-ant-api03-Zq7'])
    return { home, terminal }
  }

  it('leaves the terminal as it was on SIGTERM', async () => {
    const { home, terminal } = await keyQuestion()
    process.kill(terminal.pid(), 'SIGTERM')
    expect(await terminal.ended()).toBe(143)
    expectTidy(terminal)
    expect(terminal.raw()).not.toMatch(SECRETS)
    expect(Object.keys(contentsOf(home))).toEqual(['config.json'])
  })

  it('L37: ends like a hangup, and with no core dump, when the terminal is closed', async () => {
    const { home, terminal } = await keyQuestion()
    terminal.hangUp()
    process.kill(terminal.pid(), 'SIGHUP')
    expect(await terminal.ended()).toBe(129)
    expect(Object.keys(contentsOf(home))).toEqual(['config.json'])
  })
})

describe.skipIf(whyNoTmux() !== undefined)('a hidden question in a shell with job control', () => {
  const PROMPT = /\$ $/
  const STOPPED = /Stopped[^\r]*\r\n\$ $/
  const ASKS_ONCE_MORE = /\$ fg[^]*API key for claude [^\n]*: $/

  async function shellAtQuestion() {
    const home = temporaryHome({})
    const env = { PS1: '$ ', NODE: process.execPath, BIN, AIAUTH_STORAGE: 'plaintext' }
    const shell = commandAtTerminal(['/bin/sh', '-i'], { home, env })
    const line = '"$NODE" "$BIN" login claude --with-api-key'
    await act(shell, [PROMPT, line, 'Enter', ASKS_FOR_KEY])
    return { home, shell }
  }

  it('gives the terminal back on Ctrl-Z, asks again after fg, and hides the answer', async () => {
    const { home, shell } = await shellAtQuestion()
    await act(shell, ['sk-ant-', 'C-z', STOPPED, 'stty -a', 'Enter', /speed[^$]*\$ $/])
    expectModes(/speed[^$]*/.exec(shell.raw())?.[0] ?? '')
    await act(shell, ['fg', 'Enter', ASKS_ONCE_MORE, 'C-u', KEY, 'Enter', /signed in[^$]*\$ $/])
    expect(shell.raw()).not.toMatch(SECRETS)
    expect((await run(['token'], { home })).stdout).toBe(`${KEY}\n`)
  })

  it('hides the answer also when it was stopped from elsewhere and the modes have changed meanwhile', async () => {
    const { shell } = await shellAtQuestion()
    stopChildOf(shell.pid())
    await shell.sees(STOPPED)
    // The terminal has been left as it was, so Enter is no line end there.
    await act(shell, ['stty sane', 'C-j', PROMPT, 'fg', 'Enter', ASKS_ONCE_MORE, KEY, 'Enter', /signed in/])
    expect(shell.raw()).not.toMatch(SECRETS)
  })
})

/** The only one that a shell has. */
function stopChildOf(pid: number): void {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  process.kill(Number(child), 'SIGSTOP')
}
