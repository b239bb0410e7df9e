import { Option, type Command } from 'commander'
import { AuthError } from '../model/errors.ts'
import { accountProxy } from '../model/proxy.ts'
import { durationMs, port, scopes } from './options.ts'

/** The flags of every command that signs somebody in. */
export function addSignInOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--browser <command>', 'command that gets the address as its last argument').default(
        true,
        "BROWSER, else browser of config.json, else the system's",
      ),
    )
    .option('--no-browser', 'open no browser, only print the address')
    .option('--qr', 'show the address as a QR code too')
    .option('--url-file <path>', 'write the address into this file too, until the sign-in ends')
    .option('--port <n>', 'port to listen on for the answer', port)
    .option('--device', 'sign in by a code that is entered on any device, where the provider has that')
    .option(
      '--timeout <duration>',
      'how long to wait (default: 5m; with --device as long as the code lasts)',
      durationMs,
    )
    .option('--accept-terms', "accept what the vendor's terms say, without being asked")
    .option(
      '--proxy <url>',
      "proxy for this account's requests (default: as config.json or HTTPS_PROXY says)",
      (address) => accountProxy(address, '--proxy'),
    )
    .option('--with-api-key', 'take an API key from stdin, or ask for it unseen (the same as --mode api-key)')
    .option('--scopes <list>', 'scopes to ask for, in place of the usual ones', scopes)
}

/** Of these flags, those that make sense where nobody listens and nobody waits. */
export const BEGIN_TAKES = ['scopes', 'proxy', 'acceptTerms', 'qr']

/**
 * Refuses flags that would have no effect on a half of a sign-in.
 *
 * @param halves - the flags that stand for a half, each with those that it takes beside itself
 * @throws AuthError `usage`.
 */
export function assertHalves(command: Command, halves: Readonly<Record<string, readonly string[]>>): void {
  // A browser is opened in no half, so `--no-browser` asks for nothing else.
  const given = command.options.filter((option) => {
    const name = option.attributeName()
    return command.getOptionValueSource(name) === 'cli' && command.getOptionValue(name) !== false
  })
  const half = given.find((option) => halves[option.attributeName()] !== undefined)
  if (half === undefined) return
  const fitting = halves[half.attributeName()] ?? []
  const stray = given.find((option) => option !== half && !fitting.includes(option.attributeName()))
  if (stray === undefined) return
  throw new AuthError('usage', `${stray.long ?? ''} does not go with ${half.long ?? ''}`, {
    hint: `aiauth ${command.name()} --help`,
  })
}
