import { Command, CommanderError } from 'commander'
import { withCodeBehindSession } from './commands/code-behind-session.ts'
import { COMMANDS, type CommandRow } from './commands/command-table.ts'
import { reportError, type ReportOptions } from './commands/report-error.ts'
import { AuthError } from './model/errors.ts'
import type { Ports } from './model/ports.ts'
import { ProgramEnded } from './model/programs.ts'
import { cleanLine } from './model/untrusted.ts'
import { VERSION } from './providers/user-agent.ts'

export { reportError, type ReportOptions }

/**
 * Runs one command line and returns its exit code. Never throws and never exits, so a test
 * can run the whole program with other ports.
 *
 * @param ports - whole as soon as `prepare` is done; help and faults of the words need `terminal` alone
 */
export async function runCli(
  argv: readonly string[],
  ports: Ports,
  options: ReportOptions,
  prepare: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const words = withCodeBehindSession(withCommand(argv))
  const program = (await createProgram(ports, words)).hook('preAction', prepare)
  try {
    await program.parseAsync(words, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof ProgramEnded) return error.exitCode
    if (error instanceof CommanderError && error.code === 'commander.help') program.outputHelp()
    if (error instanceof CommanderError && HELPED.includes(error.code)) return 0
    return reportError(
      error instanceof CommanderError ? asUsage(error, program, words) : error,
      ports.terminal,
      options,
    )
  }
}

const FLAG = '--reauthenticate'

/** `--reauthenticate work` and `--reauthenticate=work`, where no command stands before it, are that command. */
function withCommand(argv: readonly string[]): readonly string[] {
  const at = argv.findIndex((word) => word === FLAG || word.startsWith(`${FLAG}=`))
  const before = argv.slice(0, Math.max(at, 0))
  if (at < 0 || before.some((word) => !word.startsWith('-') || word === '--')) return argv
  const name = argv[at]?.slice(FLAG.length + 1) ?? ''
  return ['reauthenticate', ...before, ...(name === '' ? [] : [name]), ...argv.slice(at + 1)]
}

async function createProgram(ports: Ports, argv: readonly string[]): Promise<Command> {
  const program = new Command('aiauth')
    .description('One sign-in for AI subscriptions: the tokens in your keychain, valid for every tool.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('--json', 'results and errors as JSON on stdout')
    .option('--quiet', 'say nothing on stderr but errors and what must be known')
    .option('--debug', 'show where an error came from')
    .option('--no-color', 'no colours')
    .option('--no-input', 'never ask anything')
    .configureHelp({ showGlobalOptions: true, subcommandTerm })
    .configureOutput({
      writeOut: (text) => ports.terminal.out(text),
      // Told once, by reportError, in our own voice.
      writeErr: () => undefined,
      getOutHelpWidth: () => ports.terminal.outColumns ?? 80,
      // Commander would look at Node's streams, which takes 3 ms, to strip colours that there are not.
      getOutHasColors: () => false,
    })
    .addHelpText('after', EXAMPLES)
    .exitOverride()
  for (const row of COMMANDS) {
    if (isNamed(row, argv)) (await row.add())(program, ports, argv)
    else program.command(row.name).description(row.description)
  }
  return program
}

/** Completion walks through all of them. */
function isNamed({ name }: CommandRow, argv: readonly string[]): boolean {
  return argv.includes(name) || argv.includes('complete')
}

/** As commander would write it, also for a command whose code is not loaded. */
function subcommandTerm(command: Command): string {
  const row = COMMANDS.find(({ name }) => name === command.name())
  return row === undefined || row.takes === '' ? command.name() : `${row.name} ${row.takes}`
}

/** Commander's ways of saying that help or the version was all that was wanted. */
const HELPED: readonly string[] = ['commander.help', 'commander.helpDisplayed', 'commander.version']

const EXAMPLES = `
Examples:
  aiauth login claude
  aiauth status
  aiauth token claude
  aiauth exec claude -- claude
  aiauth logout claude`

/** Commander's sentence split into ours: the fault, and its suggestion as the hint. */
function asUsage(error: CommanderError, { commands }: Command, words: readonly string[]): AuthError {
  const [fault, suggestion] = error.message.replace(/^error: /, '').split('\n')
  const message = cleanLine(fault ?? '')
    .replace(/\.$/, '')
    .replace(' is invalid. ', ' is invalid: ')
  const meant = /Did you mean (?:one of )?(.+)\?/.exec(suggestion ?? '')?.[1]
  const command = commands.find((each) => each.name() === words.find((word) => !word.startsWith('-')))
  const help = command === undefined ? 'aiauth --help' : `aiauth ${command.name()} --help`
  return new AuthError('usage', message, { hint: meant === undefined ? help : `did you mean ${meant}?` })
}
