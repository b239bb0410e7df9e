import type { Command } from 'commander'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { ProgramEnded } from '../model/programs.ts'
import { cleanLine } from '../model/untrusted.ts'
import { accountEnvironment, childVariables, EXEC_MIN_VALIDITY_SECONDS } from './exec-environment.ts'
import { seconds } from './options.ts'

import { warn } from './warn.ts'

const HELP = `
The command runs without a shell and ends aiauth as it ends itself: with its exit code, or by
its signal. 127 means that it cannot be found, 126 that it cannot be run.

Examples:
  aiauth exec claude -- claude
  aiauth exec work -- claude -p 'say hello'
  aiauth exec -- env ANTHROPIC_BASE_URL=https://gateway.example claude`

/** `aiauth exec [name] -- <command...>`: a command with an account's token in its environment. */
export function addExecCommand(program: Command, ports: Ports, argv: readonly string[]): void {
  program
    .command('exec')
    .description("run a command with an account's token in its environment, and nothing that would win over it")
    .usage('[options] [name-or-provider] -- <command...>')
    .argument('[name -- command...]', 'account or provider (default: the effective account), and what to run')
    .option('--min-validity <seconds>', 'what must be left of the token', seconds, EXEC_MIN_VALIDITY_SECONDS)
    // Without -- they are most likely the command's, and `parts` says what is missing.
    .allowUnknownOption(!argv.includes('--'))
    .addHelpText('after', HELP)
    .action(async (words: string[], { minValidity }: { minValidity: number }) => {
      const { wanted, command, rest } = parts(words, argv)
      const environment = await accountEnvironment(ports, { wanted, minValiditySeconds: minValidity })
      // The token is good, and the command may run for days.
      const { message, hint } = environment.trouble ?? {}
      if (message !== undefined) warn(ports, hint === undefined ? message : `${message}; ${hint}`)
      const variables = childVariables(ports.environment.variables, environment)
      throw new ProgramEnded(await ports.programs.run({ command, words: rest, variables }))
    })
}

/** Commander drops the `--` from the words; the command line still tells what stood behind it. */
function parts(words: readonly string[], argv: readonly string[]) {
  const behind = argv.includes('--') ? argv.slice(argv.indexOf('--') + 1) : []
  const [wanted, ...surplus] = words.slice(0, Math.max(0, words.length - behind.length))
  const [command, ...rest] = behind
  if (command !== undefined && surplus.length === 0 && words.length >= behind.length) return { wanted, command, rest }
  throw new AuthError('usage', 'the command to run must stand behind --', { hint: hintFor(wanted) })
}

function hintFor(word: string | undefined): string {
  if (word === undefined || word.startsWith('-')) return 'aiauth exec -- <command>'
  const name = cleanLine(word)
  return `aiauth exec ${name} -- <command>, or aiauth exec -- ${name} where ${name} is the command`
}
