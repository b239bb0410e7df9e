import { reportError, runCli, type ReportOptions } from './cli.ts'
import type { Ports } from './model/ports.ts'
import { colourOf } from './system/colour.ts'
import { endNow } from './system/end-now.ts'
import { isTerminal } from './system/is-terminal.ts'
import { catchSignals } from './system/signals.ts'
import { createTerminal } from './system/terminal.ts'
import { PLAIN } from './ui/style.ts'

/** The whole program: one command line, and the world behind its ports as soon as a command runs. */
export async function main(argv: readonly string[]): Promise<void> {
  const variables = takeVariables()
  const flags = new Set(argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length))
  const options: ReportOptions = { json: flags.has('--json'), debug: flags.has('--debug') }
  const interruption = catchSignals()
  const terminal = await terminalFor(variables, flags)
  const fail = (error: unknown) => endNow(reportError(error, terminal, options))
  process.once('uncaughtException', fail).once('unhandledRejection', fail)
  const ports = { terminal } as Ports
  let close: () => void = () => undefined
  const exitCode = await runCli(argv, ports, options, async () => {
    const { createPorts } = await import('./create-ports.ts')
    const world = createPorts(variables, terminal, interruption)
    Object.assign(ports, world.ports)
    close = world.close
  })
  close()
  endNow(exitCode === 0 ? 0 : (interruption.exitCode() ?? exitCode))
}

/** The variables as they were, and those that hold a secret gone from what children inherit. */
function takeVariables(): Readonly<Record<string, string | undefined>> {
  const variables = { ...process.env }
  delete process.env['AIAUTH_PASSPHRASE']
  return variables
}

async function terminalFor(
  variables: Readonly<Record<string, string | undefined>>,
  flags: ReadonlySet<string>,
): Promise<Ports['terminal']> {
  const colour = colourOf(variables, flags)
  const isColoured = colour.allowed && (colour.forced || isTerminal(1) || isTerminal(2))
  return createTerminal({
    quiet: flags.has('--quiet'),
    noInput: flags.has('--no-input') || (variables['AIAUTH_NO_INPUT'] ?? '') !== '',
    colour,
    styles: { plain: PLAIN, coloured: isColoured ? (await import('./ui/chalk-style.ts')).CHALK : PLAIN },
  })
}
