import type { Command } from 'commander'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { isJson } from './options.ts'
import type { ReauthenticateOptions } from './reauthenticate-steps.ts'
import { addSignInOptions } from './sign-in-options.ts'

/** `aiauth reauthenticate <name...>`: the same accounts again, with new tokens and all that is known of them. */
export function addReauthenticateCommand(program: Command, ports: Ports): void {
  const command = program
    .command('reauthenticate')
    .description('sign the same account in again; everything known of it stays')
    .argument('[name...]', 'accounts to sign in again, one after the other')
    .option('--all', 'every account')
    .option('--expired', 'those that cannot go on without it')
    .option('--allow-different-account', 'take over the sign-in also when it is for somebody else')
  addSignInOptions(command)
    .addHelpText('after', HELP)
    .action(async (names: string[], options: ReauthenticateOptions, self: Command) => {
      const asked = [names.length > 0, options.all === true, options.expired === true].filter(Boolean)
      if (asked.length !== 1) {
        const fault = asked.length === 0 ? 'which account?' : 'names, --all and --expired exclude each other'
        throw new AuthError('usage', fault, {
          hint: 'aiauth reauthenticate <name>, or aiauth reauthenticate --expired',
        })
      }
      const { reauthenticate } = await import('./reauthenticate-steps.ts')
      await reauthenticate(ports, names, options, isJson(self))
    })
}

const HELP = `
aiauth --reauthenticate <name> is the same.

Examples:
  aiauth reauthenticate work
  aiauth reauthenticate --expired
  aiauth --reauthenticate work --no-browser`
