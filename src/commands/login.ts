import type { Command } from 'commander'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { LoginOptions } from './login-steps.ts'
import { accountName, isJson, storage } from './options.ts'
import { addSignInOptions, assertHalves, BEGIN_TAKES } from './sign-in-options.ts'

interface Halves {
  readonly begin?: true
  readonly complete?: string
  readonly abort?: string
}

/** `aiauth login [provider]`: through the browser to an account that is kept, at once or in two halves. */
export function addLoginCommand(program: Command, ports: Ports): void {
  const command = program
    .command('login')
    .description('sign in through the browser and keep the account')
    .argument('[provider]', 'claude, openai, or one of config.json (with --complete: the code or the address)')
    .option('--name <name>', "name of the account (default: the provider's)", accountName)
    .option('--mode <mode>', 'way of signing in (default: the first that aiauth providers shows)')
    .option('--storage <kind>', 'where secrets are kept: keychain, passphrase, helper:<program> or plaintext', storage)
    .option('--begin', 'print an address for a browser elsewhere and a session id, and end')
    .option('--complete <session>', 'go on with what that browser ended with (argument or stdin), within 10 minutes')
    .option('--abort <session>', 'drop a sign-in that was begun')
  addSignInOptions(command)
    .addHelpText('after', HELP)
    .action(
      async (
        word: string | undefined,
        { begin, complete, abort, ...options }: LoginOptions & Halves,
        self: Command,
      ) => {
        assertHalves(self, HALVES)
        if (abort !== undefined && word !== undefined) {
          throw new AuthError('usage', '--abort takes a session and nothing else', { hint: 'aiauth login --help' })
        }
        // Half of the program is behind these lines; help and the other commands do not wait for it.
        if (begin === true || complete !== undefined || abort !== undefined) {
          const { abortLogin, beginLogin, completeLogin } = await import('./login-halves.ts')
          if (complete !== undefined) await completeLogin(ports, complete.trim(), word, isJson(self))
          else if (abort !== undefined) await abortLogin(ports, abort.trim(), isJson(self))
          else await beginLogin(ports, word, options)
          return
        }
        const { login } = await import('./login-steps.ts')
        await login(ports, word, options, isJson(self))
      },
    )
}

/** The first half knows all about the sign-in, the second nothing more. */
const HALVES = {
  complete: [],
  abort: [],
  begin: ['name', 'mode', 'storage', ...BEGIN_TAKES],
}

const HELP = `
A code that begins with two dashes is taken from stdin only.

Examples:
  aiauth login claude
  aiauth login openai --name work --no-browser
  aiauth login claude --begin
  aiauth login --complete <session> '<code or address>'
  aiauth login --complete <session> < <file that holds the code or address>`
