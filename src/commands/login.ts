import { Option, type Command } from 'commander'
import { STORAGE_KINDS } from '../model/account.ts'
import type { Ports } from '../model/ports.ts'
import { accountProxy } from '../model/proxy.ts'
import type { LoginOptions } from './login-steps.ts'
import { accountName, durationMs, isJson, port, scopes } from './options.ts'

const DEFAULT_TIMEOUT_MS = 300_000

/** `aiauth login [provider]`: through the browser to an account that is kept. */
export function addLoginCommand(program: Command, ports: Ports): void {
  program
    .command('login')
    .description('sign in through the browser and keep the account')
    .argument('[provider]', 'claude, openai, or one of config.json')
    .option('--name <name>', "name of the account (default: the provider's)", accountName)
    .option('--mode <mode>', 'way of signing in (default: the first that aiauth providers shows)')
    .addOption(new Option('--browser <command>', 'command that gets the address as its last argument').default(true))
    .option('--no-browser', 'open no browser, only print the address')
    .option('--port <n>', 'port to listen on for the answer', port)
    .option('--timeout <duration>', 'how long to wait for the browser', durationMs, DEFAULT_TIMEOUT_MS)
    .option('--accept-terms', "accept what the vendor's terms say, without being asked")
    .option(
      '--proxy <url>',
      "proxy for this account's requests (default: as config.json or HTTPS_PROXY says)",
      (address) => accountProxy(address, '--proxy'),
    )
    .addOption(new Option('--storage <kind>', 'where secrets are kept').choices(STORAGE_KINDS))
    .option('--scopes <list>', 'scopes to ask for, in place of the usual ones', scopes)
    .addHelpText('after', '\nExamples:\n  aiauth login claude\n  aiauth login openai --name work --no-browser')
    .action(async (providerId: string | undefined, options: LoginOptions, command: Command) => {
      // Half of the program is behind this line; help and the other commands do not wait for it.
      const { login } = await import('./login-steps.ts')
      await login(ports, providerId, options, isJson(command))
    })
}
