import type { Command } from 'commander'
import type { Ports } from '../model/ports.ts'
import { giveToken } from './give-token.ts'
import { isJson, seconds } from './options.ts'
import { DEFAULT_MIN_VALIDITY_SECONDS } from './print-token.ts'

/** `aiauth token [name-or-provider]`: an access token and a newline on stdout, nothing else. */
export function addTokenCommand(program: Command, ports: Ports): void {
  program
    .command('token')
    .description('print a valid access token of an account, renewing it first if needed')
    .argument('[name-or-provider]', 'account, or provider (default: the effective account, see aiauth status)')
    .option('--min-validity <seconds>', 'what must be left of it', seconds, DEFAULT_MIN_VALIDITY_SECONDS)
    .addHelpText('after', '\nExamples:\n  aiauth token claude\n  aiauth token work --json --min-validity 600')
    .action(async (wanted: string | undefined, options: { minValidity: number }, command: Command) => {
      await giveToken(ports, { wanted, minValiditySeconds: options.minValidity, json: isJson(command) })
    })
}
