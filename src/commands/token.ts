import type { Command } from 'commander'
import { chooseAccount } from '../flows/choose-account.ts'
import { freshToken, type FreshTokenPorts } from '../flows/fresh-token.ts'
import type { Ports } from '../model/ports.ts'
import { jsonText } from '../ui/account-json.ts'
import { isJson, seconds } from './options.ts'

export interface TokenPorts extends FreshTokenPorts {
  readonly authFile: Pick<Ports['authFile'], 'read'>
  readonly environment: Pick<Ports['environment'], 'variables'>
  readonly terminal: Pick<Ports['terminal'], 'out'>
}

export interface TokenInput {
  readonly wanted: string | undefined
  readonly minValiditySeconds: number
  readonly json: boolean
}

/** What must be left of a token when the user does not say, in seconds. */
export const DEFAULT_MIN_VALIDITY_SECONDS = 60

/** `aiauth token [name-or-provider]`: an access token and a newline on stdout, nothing else. */
export function addTokenCommand(program: Command, ports: Ports): void {
  program
    .command('token')
    .description('print the access token of an account')
    .argument('[name-or-provider]', 'account, or provider (default: the effective account, see aiauth status)')
    .option('--min-validity <seconds>', 'what must be left of it', seconds, DEFAULT_MIN_VALIDITY_SECONDS)
    .addHelpText('after', '\nExamples:\n  aiauth token claude\n  aiauth token work --json --min-validity 600')
    .action(async (wanted: string | undefined, options: { minValidity: number }, command: Command) => {
      const json = isJson(command)
      await printToken(ports, { wanted, minValiditySeconds: options.minValidity, json })
    })
}

/** Shared with the launcher's short way, which must print the same bytes. */
export async function printToken(ports: TokenPorts, input: TokenInput): Promise<void> {
  const { account } = chooseAccount(ports.authFile.read(), {
    wanted: input.wanted,
    preset: ports.environment.variables['AIAUTH_ACCOUNT'],
    nowMs: ports.clock.nowMs(),
  })
  const { tokens } = await freshToken(ports, { account, minValiditySeconds: input.minValiditySeconds })
  const token = tokens.accessToken.reveal()
  const expiresAt = tokens.expiresAtMs === undefined ? null : new Date(tokens.expiresAtMs).toISOString()
  ports.terminal.out(
    input.json
      ? jsonText({ token, tokenType: 'Bearer', expiresAt, account: account.name, provider: account.provider })
      : `${token}\n`,
  )
}
