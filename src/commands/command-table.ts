import type { Command } from 'commander'
import type { Ports } from '../model/ports.ts'

type Add = (program: Command, ports: Ports, argv: readonly string[]) => void

/** A command as the list of all of them shows it, and what makes it whole. */
export interface CommandRow {
  readonly name: string
  /** What its usage line names behind it. */
  readonly takes: string
  readonly description: string
  readonly add: () => Promise<Add>
}

/** Every command, in the order of the help. The code of one is loaded only where it is named. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'login',
    takes: '[options] [provider]',
    description: 'sign in through the browser and keep the account',
    add: async () => (await import('./login.ts')).addLoginCommand,
  },
  {
    name: 'reauthenticate',
    takes: '[options] [name...]',
    description: 'sign the same account in again; everything known of it stays',
    add: async () => (await import('./reauthenticate.ts')).addReauthenticateCommand,
  },
  {
    name: 'status',
    takes: '[options] [name...]',
    description: 'show who is signed in, the tier, the state and how long the token lasts',
    add: async () => (await import('./status.ts')).addStatusCommand,
  },
  {
    name: 'token',
    takes: '[options] [name-or-provider]',
    description: 'print a valid access token of an account, renewing it first if needed',
    add: async () => (await import('./token.ts')).addTokenCommand,
  },
  {
    name: 'exec',
    takes: '[options] [name -- command...]',
    description: "run a command with an account's token in its environment, and nothing that would win over it",
    add: async () => (await import('./exec.ts')).addExecCommand,
  },
  {
    name: 'env',
    takes: '[options] [name-or-provider]',
    description: "print an account's token and what goes with it as lines that a shell evaluates",
    add: async () => (await import('./env.ts')).addEnvCommand,
  },
  {
    name: 'refresh',
    takes: '[options] [name...]',
    description: 'renew tokens now: those of the named accounts, or all that end soon',
    add: async () => (await import('./refresh.ts')).addRefreshCommand,
  },
  {
    name: 'why',
    takes: '<name>',
    description: 'tell in sentences why an account is in its state',
    add: async () => (await import('./why.ts')).addWhyCommand,
  },
  {
    name: 'logout',
    takes: '[options] [name...]',
    description: 'end the grant at the provider, then forget the account',
    add: async () => (await import('./logout.ts')).addLogoutCommand,
  },
  {
    name: 'migrate-auth',
    takes: '[options]',
    description: 'bring in the sign-in of an old auth.json, of Codex or of Claude Code, with a backup and a way back',
    add: async () => (await import('./migrate-auth.ts')).addMigrateAuthCommand,
  },
  {
    name: 'list',
    takes: '',
    description: 'list the accounts, one a line, its name first',
    add: async () => (await import('./list.ts')).addListCommand,
  },
  {
    name: 'use',
    takes: '[options] [name]',
    description: 'make an account the default, which is used when none is named',
    add: async () => (await import('./use.ts')).addUseCommand,
  },
  {
    name: 'rename',
    takes: '<old> <new>',
    description: 'give an account another name',
    add: async () => (await import('./rename.ts')).addRenameCommand,
  },
  {
    name: 'set',
    takes: '<name> <key=value...>',
    description: 'set what you decide about an account: its priority, endpoint, proxy, notes, and whether it is used',
    add: async () => (await import('./set.ts')).addSetCommand,
  },
  {
    name: 'remove',
    takes: '[options] <name...>',
    description: 'forget accounts here without telling the provider',
    add: async () => (await import('./remove.ts')).addRemoveCommand,
  },
  {
    name: 'providers',
    takes: '',
    description: 'show the providers that can be signed in to, or switch one off',
    add: async () => (await import('./providers.ts')).addProvidersCommand,
  },
  {
    name: 'doctor',
    takes: '',
    description: 'look for what keeps sign-ins from working, and say what to type',
    add: async () => (await import('./doctor.ts')).addDoctorCommand,
  },
  {
    name: 'config',
    takes: '',
    description: 'show and change the settings in config.json',
    add: async () => (await import('./config.ts')).addConfigCommand,
  },
  {
    name: 'completion',
    takes: '<shell>',
    description: 'print a script that completes commands, flags and accounts in your shell',
    add: async () => (await import('./completion.ts')).addCompletionCommand,
  },
  {
    name: 'storage',
    takes: '',
    description: 'show where secrets are kept, move them elsewhere, or seal them under a new key',
    add: async () => (await import('./storage.ts')).addStorageCommand,
  },
]
