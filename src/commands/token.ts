import type { Command } from 'commander'
import { tokenOfChoice } from '../flows/token-of-choice.ts'
import type { Account } from '../model/account.ts'
import type { Ports } from '../model/ports.ts'
import type { TokenBundle } from '../model/tokens.ts'
import { jsonText } from '../ui/account-json.ts'
import { isJson, seconds } from './options.ts'
import { warn } from './warn.ts'

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
    .description('print a valid access token of an account, renewing it first if needed')
    .argument('[name-or-provider]', 'account, or provider (default: the effective account, see aiauth status)')
    .option('--min-validity <seconds>', 'what must be left of it', seconds, DEFAULT_MIN_VALIDITY_SECONDS)
    .addHelpText('after', '\nExamples:\n  aiauth token claude\n  aiauth token work --json --min-validity 600')
    .action(async (wanted: string | undefined, options: { minValidity: number }, command: Command) => {
      await token(ports, { wanted, minValiditySeconds: options.minValidity, json: isJson(command) })
    })
}

async function token(ports: Ports, { wanted, minValiditySeconds, json }: TokenInput): Promise<void> {
  const fresh = await tokenOfChoice(ports, { wanted, minValiditySeconds })
  for (const warning of fresh.warnings) warn(ports, warning)
  printToken(ports, fresh.account, fresh.bundle, json)
  if (fresh.trouble !== undefined) throw fresh.trouble.behindResult()
}

/** Shared with the launcher's short way, which must print the same bytes. */
export function printToken(
  { terminal }: { terminal: Pick<Ports['terminal'], 'out'> },
  { name, provider }: Account,
  { tokens }: TokenBundle,
  json: boolean,
): void {
  const accessToken = tokens.accessToken.reveal()
  const expiresAt = tokens.expiresAtMs === undefined ? null : new Date(tokens.expiresAtMs).toISOString()
  terminal.out(
    json
      ? jsonText({ token: accessToken, tokenType: 'Bearer', expiresAt, account: name, provider })
      : `${accessToken}\n`,
  )
}
