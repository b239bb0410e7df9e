import type { Command } from 'commander'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { isJson } from './options.ts'
import type { ReauthenticateOptions } from './reauthenticate-steps.ts'
import { addSignInOptions, assertHalves, BEGIN_TAKES } from './sign-in-options.ts'

/** `aiauth reauthenticate <name...>`: the same accounts again, with new tokens and all that is known of them. */
export function addReauthenticateCommand(program: Command, ports: Ports): void {
  const command = program
    .command('reauthenticate')
    .description('sign the same account in again; everything known of it stays')
    .argument('[name...]', 'accounts to sign in again, one after the other')
    .option('--all', 'every account')
    .option('--expired', 'those that cannot go on without it')
    .option('--allow-different-account', 'take over the sign-in also when it is for somebody else')
    .option('--begin', 'print an address and a session id for aiauth login --complete, and end')
  addSignInOptions(command)
    .addHelpText('after', HELP)
    .action(async (names: string[], options: ReauthenticateOptions & { begin?: true }, self: Command) => {
      assertHalves(self, { begin: ['allowDifferentAccount', ...BEGIN_TAKES] })
      const asked = [names.length > 0, options.all === true, options.expired === true].filter(Boolean)
      if (asked.length !== 1) {
        const fault = asked.length === 0 ? 'which account?' : 'names, --all and --expired exclude each other'
        throw new AuthError('usage', fault, {
          hint: 'aiauth reauthenticate <name>, or aiauth reauthenticate --expired',
        })
      }
      if (options.begin === true) return beginOne(ports, names, options)
      const { reauthenticate } = await import('./reauthenticate-steps.ts')
      await reauthenticate(ports, names, options, isJson(self))
    })
}

async function beginOne(ports: Ports, [name = '', ...more]: string[], options: ReauthenticateOptions): Promise<void> {
  if (more.length > 0) {
    const hint = `aiauth reauthenticate ${name} --begin`
    throw new AuthError('usage', '--begin takes one account at a time', { hint })
  }
  const { beginAgain } = await import('./login-halves.ts')
  await beginAgain(ports, name, options)
}

const HELP = `
aiauth --reauthenticate <name> is the same.

Examples:
  aiauth reauthenticate work
  aiauth reauthenticate --expired
  aiauth --reauthenticate work --no-browser
  aiauth reauthenticate work --begin`
