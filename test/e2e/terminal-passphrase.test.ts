import { describe, expect, it } from 'vitest'
import { whyNoTmux } from '../real/tmux.ts'
import { temporaryHome } from './program.ts'
import { fastVault, homeWith, PASSPHRASE, sealedBy, tokenOf, typed } from './storage-world.ts'
import { answersAreHidden, type SecretQuestion } from './terminal-secret-questions.ts'
import { act, atTerminal, expectTidy } from './terminal-world.ts'

const [GIVEN, OTHER] = ['geheim', 'anders'] as const
/** Of what is typed here; never to be seen. */
const SECRETS = /geheim|anders|correct horse/

const ASKS = /passphrase of the vault: $/
const ASKS_FOR_NEW = /new passphrase for the vault: $/
const ASKS_FOR_NEXT = /new passphrase for the vault \(empty: keep the present one\): $/
const ASKS_AGAIN = /the same passphrase again: $/

const sealedHome = () => homeWith('passphrase', ['work'], fastVault)
const plainHome = () => homeWith('plaintext', ['work'], sealedBy.plaintext)

const QUESTIONS: readonly SecretQuestion[] = [
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
  'X15: aiauth $line, asking for a secret (storage: $storage)',
  (question) => answersAreHidden(question, SECRETS),
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
