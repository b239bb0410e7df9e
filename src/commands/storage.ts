import type { Command } from 'commander'
import type { Ports } from '../model/ports.ts'
import { isJson } from './options.ts'

export interface RotateOptions {
  readonly newPassphraseFile?: string
}

/** `aiauth storage [show|set|rotate]`: where secrets are kept. */
export function addStorageCommand(program: Command, ports: Ports): void {
  const command = program
    .command('storage')
    .description('show where secrets are kept, move them elsewhere, or seal them under a new key')
  command
    .command('show', { isDefault: true })
    .description('each storage in use: whether it works, what it holds, what nobody refers to any more')
    .addHelpText('after', '\nExamples:\n  aiauth storage show\n  aiauth storage show --json')
    .action(async (_options: unknown, self: Command) => {
      const { showStorage } = await import('./storage-steps.ts')
      await showStorage(ports, isJson(self))
    })
  command
    .command('set')
    .description('move every secret to another storage; also finishes a move that was cut off')
    .argument('<kind>', 'keychain, passphrase, helper:<program> or plaintext')
    .addHelpText('after', SET_HELP)
    .action(async (kind: string, _options: unknown, self: Command) => {
      const { setStorage } = await import('./storage-steps.ts')
      await setStorage(ports, kind, isJson(self))
    })
  command
    .command('rotate')
    .description('seal everything in the vault file under a new key and, if you like, a new passphrase')
    .option('--new-passphrase-file <path>', 'file that holds the new passphrase (default: ask on a terminal)')
    .addHelpText(
      'after',
      '\nExamples:\n  aiauth storage rotate\n  aiauth storage rotate --new-passphrase-file next.txt',
    )
    .action(async (options: RotateOptions, self: Command) => {
      const { rotateStorage } = await import('./storage-steps.ts')
      await rotateStorage(ports, options, isJson(self))
    })
}

const SET_HELP = `
A helper is a program named docker-credential-<program> on your PATH, as docker uses them.

Examples:
  aiauth storage set keychain
  aiauth storage set helper:pass`
