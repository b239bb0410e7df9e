import type { Command } from 'commander'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { fileName, isJson } from './options.ts'

export interface MigrateOptions {
  readonly from?: string
  readonly check?: true
  readonly dryRun?: true
  readonly rehearse?: true
  /** The backup's id where one was named. */
  readonly rollback?: string | true
  readonly listBackups?: true
  readonly exportBackup?: string
  readonly purgeBackups?: true
  readonly takeOver?: true
  readonly copy?: true
  readonly force?: true
  readonly yes?: true
  readonly storage?: string
}

/** `aiauth migrate-auth`: from an old sign-in file to accounts, and back. */
export function addMigrateAuthCommand(program: Command, ports: Ports): void {
  program
    .command('migrate-auth')
    .description('bring in the sign-in of an old auth.json, of Codex or of Claude Code, with a backup and a way back')
    .option('--from <file>', "the file to bring in (default: our own while it is old, else Codex's)", fileName)
    .option('--check', 'tell what is there and whether it would work; writes nothing')
    .option('--dry-run', 'tell what would be done; writes nothing')
    .option('--rehearse', 'do it on a copy: forward, back and forward again, and compare')
    .option('--take-over', 'have the sign-in for aiauth alone: remove its tokens from the file of Codex')
    .option('--copy', 'share nothing with the program that wrote the file; whoever renews first signs the other out')
    .option('--rollback [backup-id]', 'go back to what was there before (default: before the last migration)')
    .option('--force', 'with --rollback: also where accounts made since have no room in the old format')
    .option('--list-backups', 'show the backups and whether their checksums are right')
    .option('--export-backup <id>', 'write what a backup holds to stdout; it holds secrets')
    .option('--purge-backups', 'remove all backups; then nothing can be rolled back')
    .option('--storage <kind>', 'where to keep the secrets: keychain, passphrase, helper:<program> or plaintext')
    .option('-y, --yes', 'ask nothing')
    .addHelpText('after', HELP)
    .action(async (options: MigrateOptions, command: Command) => {
      assertOneThing(options)
      const { migrateAuth } = await import('./migrate-auth-steps.ts')
      await migrateAuth(ports, options, isJson(command))
    })
}

const HELP = `
The file of another program is not changed but by --take-over, and by renewals
of an account that is linked to it.

Examples:
  aiauth migrate-auth --dry-run
  aiauth migrate-auth
  aiauth migrate-auth --from ~/.claude/.credentials.json
  aiauth migrate-auth --rollback`

const ACTIONS = ['check', 'dryRun', 'rehearse', 'rollback', 'listBackups', 'exportBackup', 'purgeBackups'] as const
const WAYS = ['takeOver', 'copy'] as const

function assertOneThing(options: MigrateOptions): void {
  const given = (names: readonly (keyof MigrateOptions)[]) => names.filter((name) => options[name] !== undefined)
  const hint = 'aiauth migrate-auth --help'
  for (const names of [given(ACTIONS), given(WAYS)]) {
    if (names.length > 1) throw new AuthError('usage', `${names.map(flag).join(' and ')} exclude each other`, { hint })
  }
  const [action] = given(ACTIONS)
  const [way] = given([...WAYS, 'from'])
  const isWithout = action !== undefined && !['check', 'dryRun', 'rehearse'].includes(action)
  if (isWithout && way !== undefined) throw new AuthError('usage', `${flag(action)} takes no ${flag(way)}`, { hint })
  if (options.force === true && options.rollback === undefined) {
    throw new AuthError('usage', '--force goes with --rollback only', { hint })
  }
}

function flag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
