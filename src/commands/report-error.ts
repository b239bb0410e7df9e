import { AuthError } from '../model/errors.ts'
import type { Terminal } from '../model/ports.ts'
import { jsonText } from '../ui/json-text.ts'
import { errorReport } from '../ui/error-text.ts'

export interface ReportOptions {
  readonly json: boolean
  readonly debug: boolean
}

/** Tells an error the way that was asked for and returns its exit code. */
export function reportError(
  error: unknown,
  terminal: Pick<Terminal, 'out' | 'say' | 'errStyle'>,
  { json, debug }: ReportOptions,
): number {
  const report = errorReport(error, terminal.errStyle, debug)
  const isBehindResult = error instanceof AuthError && error.afterResult
  if (json && !isBehindResult) terminal.out(jsonText(report.json))
  else for (const line of report.lines) terminal.say(line, { always: true })
  return report.exitCode
}
