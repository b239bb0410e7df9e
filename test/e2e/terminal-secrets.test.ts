import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { whyNoTmux } from '../real/tmux.ts'
import { BIN, run, temporaryHome } from './program.ts'
import { answersAreHidden, type SecretQuestion } from './terminal-secret-questions.ts'
import { act, atTerminal, commandAtTerminal, contentsOf, expectModes, expectTidy } from './terminal-world.ts'

const KEY = 'sk-ant-api03-Zq7Zq7Zq7'
/** Of what is typed here; never to be seen. */
const SECRETS = /Zq7/

const ASKS_FOR_KEY = /API key for claude \(from \S+; it is not shown\): $/
const ASKS_FOR_TOKEN = /setup token for claude \(from claude setup-token; it is not shown\): $/
const ASKS_FOR_VALUE = /value of providers\.acme\.clientSecret: $/

const QUESTIONS: readonly SecretQuestion[] = [
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
]

describe.skipIf(whyNoTmux() !== undefined).each(QUESTIONS)(
  'X15: aiauth $line, asking for a secret (storage: $storage)',
  (question) => answersAreHidden(question, SECRETS),
)

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

  it('L37, X10: ends like a hangup, with no core dump, when the terminal is closed', async () => {
    const { home, terminal } = await keyQuestion()
    terminal.hangUp()
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

  it('X15: hides the answer also when it was stopped from elsewhere and the modes have changed meanwhile', async () => {
    const { shell } = await shellAtQuestion()
    stopChildOf(shell.pid())
    await shell.sees(STOPPED)
    // The terminal has been left as it was, so Enter is no line end there.
    await act(shell, ['stty sane; echo mended', 'C-j', /mended\r\n\$ $/])
    await act(shell, ['fg', 'Enter', ASKS_ONCE_MORE, KEY, 'Enter', /signed in/])
    expect(shell.raw()).not.toMatch(SECRETS)
  })
})

/** The only one that a shell has. */
function stopChildOf(pid: number): void {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  process.kill(Number(child), 'SIGSTOP')
}
