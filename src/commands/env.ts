import { Option, type Command } from 'commander'
import type { Ports } from '../model/ports.ts'
import { jsonText } from '../ui/account-json.ts'
import { shellExport, shellOf, SHELLS, type Shell } from '../ui/shell-export.ts'
import { accountEnvironment, EXEC_MIN_VALIDITY_SECONDS } from './exec-environment.ts'
import { isJson, seconds } from './options.ts'

interface EnvOptions {
  readonly shell?: Shell
  readonly minValidity: number
}

const HELP = `
Examples:
  eval "$(aiauth env work)"
  aiauth env work --shell fish | source
  aiauth env work --shell powershell | Out-String | Invoke-Expression`

/** `aiauth env [name]`: what `exec` would set and take away, as lines for a shell. */
export function addEnvCommand(program: Command, ports: Ports): void {
  program
    .command('env')
    .description("print an account's token and what goes with it as lines that a shell evaluates")
    .argument('[name-or-provider]', 'account, or provider (default: the effective account, see aiauth status)')
    .addOption(new Option('--shell <name>', 'whose lines (default: those of SHELL)').choices(SHELLS))
    .option('--min-validity <seconds>', 'what must be left of the token', seconds, EXEC_MIN_VALIDITY_SECONDS)
    .addHelpText('after', HELP)
    .action(async (wanted: string | undefined, { shell, minValidity }: EnvOptions, command: Command) => {
      const { variables } = ports.environment
      const { set, remove, trouble } = await accountEnvironment(ports, { wanted, minValiditySeconds: minValidity })
      const chosen = isJson(command) ? 'json' : (shell ?? shellOf(variables))
      ports.terminal.out(chosen === 'json' ? jsonText({ set, unset: remove }) : shellExport(chosen, set, remove))
      if (trouble !== undefined) throw trouble.behindResult()
    })
}
