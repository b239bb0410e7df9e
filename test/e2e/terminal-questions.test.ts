import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { accessToken, codexFile } from '../fakes/linked.ts'
import { whyNoTmux } from '../real/tmux.ts'
import { run, temporaryHome } from './program.ts'
import { homeWith, sealedBy } from './storage-world.ts'
import { act, atTerminal, contentsOf, expectTidy, type Step } from './terminal-world.ts'

const KEY = 'sk-ant-api03-Zq7'
const PLAINTEXT = { AIAUTH_STORAGE: 'plaintext' }
const KEPT = ['auth.json', 'config.json', 'vault.json']
const UNTOUCHED = 'cancelled; nothing was changed'

const ASKS_FOR_KEY = /API key for claude \(from \S+; it is not shown\): $/
const ASKS_FOR_NEW = /new passphrase for the vault: $/
const ASKS_AGAIN = /the same passphrase again: $/

interface Question {
  readonly line: string
  readonly asks: RegExp
  readonly env: Readonly<Record<string, string>>
  readonly home: () => Promise<string> | string
  readonly answers: readonly Answer[]
}

/** What is done, the exit code, what is told, and the files in the end where they are not as they were. */
type Answer = readonly [what: string, steps: Step[], exitCode: number, told: string, files?: readonly string[]]

const emptyHome = () => temporaryHome({})

/** An old file of our own, brought in. */
async function migrated(): Promise<string> {
  const home = temporaryHome()
  writeFileSync(join(home, 'auth.json'), codexFile({ access: accessToken(1, 3600) }), { mode: 0o600 })
  expect((await run(['migrate-auth'], { home })).exitCode).toBe(0)
  return home
}

const LEFT_ALONE: readonly Answer[] = [
  ['n', ['n', 'Enter'], 130, UNTOUCHED],
  ['Enter alone', ['Enter'], 130, UNTOUCHED],
  ['Ctrl-D', ['C-d'], 130, UNTOUCHED],
  ['Ctrl-C', ['C-c'], 130, UNTOUCHED],
]

const QUESTIONS: readonly Question[] = [
  {
    line: 'login --with-api-key',
    asks: /which provider \(claude, openai\)\? $/,
    env: PLAINTEXT,
    home: emptyHome,
    answers: [
      ['claude, and the key that it asks for', ['claude', 'Enter', ASKS_FOR_KEY, KEY, 'Enter'], 0, 'signed in', KEPT],
      ['a corrected answer', ['opp', 'BSpace', 'C-u', 'nobody', 'Enter'], 3, 'no provider named nobody'],
      ['Enter alone', ['Enter'], 2, 'no provider was named'],
      ['Ctrl-D', ['C-d'], 2, 'no provider was named'],
      ['Ctrl-C', ['C-c'], 130, 'cancelled'],
      ['Ctrl-C behind half an answer', ['cla', 'C-c'], 130, 'cancelled'],
    ],
  },
  {
    // Nothing of this reaches the vendor: that would be the exchange of a code.
    line: 'login claude --no-browser',
    asks: /go on with this sign-in\? \[y\/N\] $/,
    env: PLAINTEXT,
    home: emptyHome,
    answers: [
      ['n', ['n', 'Enter'], 2, 'the terms were not accepted'],
      ['Enter alone', ['Enter'], 2, 'the terms were not accepted'],
      ['Ctrl-D', ['C-d'], 2, 'the terms were not accepted'],
      ['Ctrl-C', ['C-c'], 130, 'cancelled'],
      ['y, and Ctrl-C at the next question', ['y', 'Enter', /ended on: $/, 'C-c'], 130, 'cancelled', ['config.json']],
    ],
  },
  {
    line: 'login claude --with-api-key',
    asks: /or stop\? \[passphrase\] $/,
    env: {},
    home: emptyHome,
    answers: [
      ['plaintext', ['plaintext', 'Enter', ASKS_FOR_KEY, KEY, 'Enter'], 0, 'kept in: plaintext', KEPT],
      [
        'Enter alone, which is passphrase',
        ['Enter', ASKS_FOR_NEW, 'geheim', 'Enter', ASKS_AGAIN, 'geheim', 'Enter', ASKS_FOR_KEY, KEY, 'Enter'],
        0,
        'kept in: passphrase',
        KEPT,
      ],
      ['passphrase, and Ctrl-C there', ['passphrase', 'Enter', ASKS_FOR_NEW, 'C-c'], 130, 'cancelled'],
      ['a helper that is not there', ['helper:nobody', 'Enter'], 7, 'docker-credential-nobody'],
      ['nonsense', ['yes please', 'Enter'], 2, 'there is no storage of that kind'],
      ['stop', ['stop', 'Enter'], 7, 'no keychain here'],
      ['Ctrl-D', ['C-d'], 7, 'no keychain here'],
      ['Ctrl-C', ['C-c'], 130, 'cancelled'],
    ],
  },
  {
    line: 'remove work',
    asks: /forget work here, tokens and all\? \[y\/N\] $/,
    env: {},
    home: () => homeWith('plaintext', ['work'], sealedBy.plaintext),
    answers: [...LEFT_ALONE, ['y', ['y', 'Enter'], 0, 'work is forgotten here', ['auth.json', 'vault.json']]],
  },
  {
    line: 'migrate-auth --rollback',
    asks: /roll back the last migration\? \[y\/N\] $/,
    env: {},
    home: migrated,
    answers: LEFT_ALONE,
  },
  {
    line: 'migrate-auth --purge-backups',
    asks: /remove the only backup for good, so that nothing can be rolled back\? \[y\/N\] $/,
    env: {},
    home: migrated,
    answers: LEFT_ALONE,
  },
]

describe.skipIf(whyNoTmux() !== undefined).each(QUESTIONS)(
  'aiauth $line, asking on a terminal ($asks)',
  ({ line, asks, env, home: homeOf, answers }) => {
    for (const [what, steps, exitCode, told, files] of answers) {
      it(`takes ${what} as it is meant`, async () => {
        const home = await homeOf()
        const before = contentsOf(home)
        const terminal = atTerminal(line.split(' '), { home, env })
        await act(terminal, [asks, ...steps])
        expect(await terminal.ended()).toBe(exitCode)
        expect(terminal.raw()).toContain(told)
        expectTidy(terminal)
        if (files === undefined) expect(contentsOf(home)).toEqual(before)
        else expect(Object.keys(contentsOf(home))).toEqual(files)
      })
    }
  },
)

describe.skipIf(whyNoTmux() !== undefined)('aiauth login, asking on a terminal that changes its size', () => {
  it('goes on with the same question', async () => {
    const home = temporaryHome({})
    const terminal = atTerminal(['login', '--with-api-key'], { home, env: PLAINTEXT, size: { columns: 80, rows: 24 } })
    await terminal.sees(/which provider \(claude, openai\)\? $/)
    terminal.resize(40, 12)
    await act(terminal, ['claude', 'Enter', ASKS_FOR_KEY])
    terminal.resize(100, 30)
    await act(terminal, [KEY, 'Enter'])
    expect(await terminal.ended()).toBe(0)
    expect(terminal.raw().split('which provider')).toHaveLength(2)
    expectTidy(terminal)
  })
})
