import type { Command } from 'commander'
import type { Ports } from '../model/ports.ts'
import type { LoginOptions } from './login-steps.ts'
import { accountName, isJson, storage } from './options.ts'
import { addSignInOptions } from './sign-in-options.ts'

/** `aiauth login [provider]`: through the browser to an account that is kept. */
export function addLoginCommand(program: Command, ports: Ports): void {
  const command = program
    .command('login')
    .description('sign in through the browser and keep the account')
    .argument('[provider]', 'claude, openai, or one of config.json')
    .option('--name <name>', "name of the account (default: the provider's)", accountName)
    .option('--mode <mode>', 'way of signing in (default: the first that aiauth providers shows)')
    .option('--storage <kind>', 'where secrets are kept: keychain, passphrase, helper:<program> or plaintext', storage)
  addSignInOptions(command)
    .addHelpText('after', '\nExamples:\n  aiauth login claude\n  aiauth login openai --name work --no-browser')
    .action(async (providerId: string | undefined, options: LoginOptions, self: Command) => {
      // Half of the program is behind this line; help and the other commands do not wait for it.
      const { login } = await import('./login-steps.ts')
      await login(ports, providerId, options, isJson(self))
    })
}
