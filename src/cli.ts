import { Command, CommanderError } from 'commander'
import { addDoctorCommand } from './commands/doctor.ts'
import { withCodeBehindSession } from './commands/code-behind-session.ts'
import { addCompletionCommand } from './commands/completion.ts'
import { addConfigCommand } from './commands/config.ts'
import { addEnvCommand } from './commands/env.ts'
import { addExecCommand } from './commands/exec.ts'
import { addListCommand } from './commands/list.ts'
import { addLoginCommand } from './commands/login.ts'
import { addLogoutCommand } from './commands/logout.ts'
import { addMigrateAuthCommand } from './commands/migrate-auth.ts'
import { addProvidersCommand } from './commands/providers.ts'
import { addReauthenticateCommand } from './commands/reauthenticate.ts'
import { addRefreshCommand } from './commands/refresh.ts'
import { addRemoveCommand } from './commands/remove.ts'
import { addRenameCommand } from './commands/rename.ts'
import { reportError, type ReportOptions } from './commands/report-error.ts'
import { addSetCommand } from './commands/set.ts'
import { addStatusCommand } from './commands/status.ts'
import { addStorageCommand } from './commands/storage.ts'
import { addTokenCommand } from './commands/token.ts'
import { addUseCommand } from './commands/use.ts'
import { addWhyCommand } from './commands/why.ts'
import { AuthError } from './model/errors.ts'
import type { Ports } from './model/ports.ts'
import { ProgramEnded } from './model/programs.ts'
import { cleanLine } from './model/untrusted.ts'
import { VERSION } from './providers/user-agent.ts'

export { reportError, type ReportOptions }

/**
 * Runs one command line and returns its exit code. Never throws and never exits, so a test
 * can run the whole program with other ports.
 */
export async function runCli(argv: readonly string[], ports: Ports, options: ReportOptions): Promise<number> {
  const words = withCodeBehindSession(withCommand(argv))
  const program = createProgram(ports, words)
  try {
    await program.parseAsync(words, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof ProgramEnded) return error.exitCode
    if (error instanceof CommanderError && error.code === 'commander.help') program.outputHelp()
    if (error instanceof CommanderError && HELPED.includes(error.code)) return 0
    return reportError(error instanceof CommanderError ? asUsage(error) : error, ports.terminal, options)
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

function createProgram(ports: Ports, argv: readonly string[]): Command {
  const program = new Command('aiauth')
    .description('One sign-in for AI subscriptions: the tokens in your keychain, valid for every tool.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('--json', 'results and errors as JSON on stdout')
    .option('--quiet', 'say nothing on stderr but errors and what must be known')
    .option('--debug', 'show where an error came from')
    .option('--no-color', 'no colours')
    .option('--no-input', 'never ask anything')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => ports.terminal.out(text),
      // Told once, by reportError, in our own voice.
      writeErr: () => undefined,
    })
    .addHelpText('after', EXAMPLES)
    .exitOverride()
  for (const add of COMMANDS) add(program, ports, argv)
  return program
}

/** Commander's ways of saying that help or the version was all that was wanted. */
const HELPED: readonly string[] = ['commander.help', 'commander.helpDisplayed', 'commander.version']

const COMMANDS = [
  addLoginCommand,
  addReauthenticateCommand,
  addStatusCommand,
  addTokenCommand,
  addExecCommand,
  addEnvCommand,
  addRefreshCommand,
  addWhyCommand,
  addLogoutCommand,
  addMigrateAuthCommand,
  addListCommand,
  addUseCommand,
  addRenameCommand,
  addSetCommand,
  addRemoveCommand,
  addProvidersCommand,
  addDoctorCommand,
  addConfigCommand,
  addCompletionCommand,
  addStorageCommand,
]

const EXAMPLES = `
Examples:
  aiauth login claude
  aiauth status
  aiauth token claude
  aiauth exec claude -- claude
  aiauth logout claude`

/** Commander's sentence split into ours: the fault, and its suggestion as the hint. */
function asUsage(error: CommanderError): AuthError {
  const [fault, suggestion] = error.message.replace(/^error: /, '').split('\n')
  const message = cleanLine(fault ?? '').replace(/\.$/, '')
  const meant = /Did you mean (?:one of )?(.+)\?/.exec(suggestion ?? '')?.[1]
  return new AuthError('usage', message, { hint: meant === undefined ? 'aiauth --help' : `did you mean ${meant}?` })
}
