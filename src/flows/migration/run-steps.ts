import { AuthError } from '../../model/errors.ts'
import type { PlannedStep, StepName, StepReport } from '../../model/migration.ts'
import type { Clock } from '../../model/ports.ts'

/** One step of a migration or a rollback. */
export interface Step extends PlannedStep {
  /** Does it; what it returns is told beside it. */
  readonly run: () => Promise<string | undefined> | string | undefined
  /** Takes it back, also when it was done by halves or not at all; left out where nothing has to be. */
  readonly revert?: () => Promise<void> | void
}

export interface StepsEnded {
  readonly reports: readonly StepReport[]
  /** The step that failed and why; all before it was taken back. */
  readonly failure: { readonly step: StepName; readonly error: AuthError } | undefined
  /** What could not be taken back; the record stays for the next run then. */
  readonly unreverted: AuthError | undefined
}

/**
 * Runs steps one after the other. When one fails, it and those before it are taken back, the
 * last one first, and the rest is skipped.
 */
export async function runSteps(
  clock: Pick<Clock, 'nowMs'>,
  steps: readonly Step[],
  onStep: (step: PlannedStep) => void,
): Promise<StepsEnded> {
  const reports: StepReport[] = []
  for (const [index, step] of steps.entries()) {
    onStep(step)
    const startedAtMs = clock.nowMs()
    const report = (outcome: StepReport['outcome'], detail: string | undefined): StepReport => ({
      step: step.step,
      description: step.description,
      outcome,
      durationMs: Math.max(0, clock.nowMs() - startedAtMs),
      ...(detail !== undefined && { detail }),
    })
    try {
      reports.push(report('done', await step.run()))
    } catch (error) {
      const unreverted = await revertAll(steps.slice(0, index + 1))
      if (!(error instanceof AuthError)) throw error
      const undone = reports.map((done, at) =>
        steps[at]?.revert === undefined ? done : { ...done, outcome: 'undone' as const },
      )
      const failed = report('failed', error.message)
      return {
        reports: [...undone, failed, ...skipped(steps.slice(index + 1))],
        failure: { step: step.step, error },
        unreverted,
      }
    }
  }
  return { reports, failure: undefined, unreverted: undefined }
}

/** Goes on after a step that cannot be taken back: the others can. */
async function revertAll(steps: readonly Step[]): Promise<AuthError | undefined> {
  let unreverted: AuthError | undefined
  for (const step of steps.toReversed()) {
    try {
      await step.revert?.()
    } catch (error) {
      if (!(error instanceof AuthError)) throw error
      unreverted ??= error
    }
  }
  return unreverted
}

function skipped(steps: readonly Step[]): StepReport[] {
  return steps.map(({ step, description }) => ({ step, description, outcome: 'skipped', durationMs: 0 }))
}
