import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'

/**
 * Asks before anything is done; `[Y/n]` in the question means that an empty answer is a yes.
 *
 * @throws AuthError `cancelled` for any other answer, and for Ctrl-C: either way the person learns that nothing was done.
 */
export async function agreed(ports: Pick<Ports, 'terminal' | 'interruption'>, question: string): Promise<void> {
  const answer = await answerTo(ports, question)
  const isYes = question.endsWith('[Y/n]') ? /^(?:y|yes|)$/i : /^y(?:es)?$/i
  if (answer === undefined || !isYes.test(answer.trim())) throw new AuthError('cancelled', NOTHING_DONE)
}

const NOTHING_DONE = 'cancelled; nothing was changed'

async function answerTo({ terminal, interruption }: Pick<Ports, 'terminal' | 'interruption'>, question: string) {
  try {
    return await terminal.ask(`${question} `, interruption)
  } catch (error) {
    if (error instanceof AuthError && error.code === 'cancelled') return undefined
    throw error
  }
}
