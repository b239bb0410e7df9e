import { AuthError } from '../../src/model/errors.ts'
import { runProgram } from '../../src/system/program-runner.ts'
import { catchSignals } from '../../src/system/signals.ts'

// Ends as `main` does: a signal that was ours to note would show in the exit code.
const interruption = catchSignals()
const [command = '', ...words] = process.argv.slice(2)
const variables = process.env as Record<string, string>
runProgram({ command, words, variables }, interruption.signal).then(
  (exitCode) => process.exit(exitCode === 0 ? 0 : (interruption.exitCode() ?? exitCode)),
  (error: unknown) => {
    console.log(error instanceof AuthError ? `${error.code}: ${error.message}` : error)
    process.exit(1)
  },
)
