import { expect, it } from 'vitest'
import { act, atTerminal, contentsOf, expectTidy, type Step } from './terminal-world.ts'

/** What is done, the exit code, what is told, and whether something is kept. */
type Answer = readonly [what: string, steps: readonly Step[], exitCode: number, told: string, isKept?: boolean]

/** A question whose answer nobody may see. */
export interface SecretQuestion {
  readonly line: string
  readonly storage: string
  readonly home: () => Promise<string> | string
  readonly answers: readonly Answer[]
}

/** One test for each answer: nothing of it on the screen, the files as they were, the terminal too. */
export function answersAreHidden({ line, storage, home: homeOf, answers }: SecretQuestion, secrets: RegExp): void {
  for (const [what, steps, exitCode, told, isKept = false] of answers) {
    it(`shows nothing of ${what}`, async () => {
      const home = await homeOf()
      const before = contentsOf(home)
      const terminal = atTerminal(line.split(' '), { home, env: { AIAUTH_STORAGE: storage } })
      await act(terminal, steps)
      expect(await terminal.ended()).toBe(exitCode)
      expect(terminal.raw()).toContain(told)
      expect(terminal.raw()).not.toMatch(secrets)
      expectTidy(terminal)
      if (!isKept) expect(contentsOf(home)).toEqual(before)
    })
  }
}
