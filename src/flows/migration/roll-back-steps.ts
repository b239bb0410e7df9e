import { parseAuthFile } from '../../auth-file/format.ts'
import type { Backup } from '../../model/backup.ts'
import { AuthError } from '../../model/errors.ts'
import type { ForeignFile } from '../../model/foreign-files.ts'
import type { AuthFileDraft, Vault } from '../../model/ports.ts'
import { Secret } from '../../model/secret.ts'
import type { TokenBundle } from '../../model/tokens.ts'
import { SourceChanged, type MigratePorts } from './forward-steps.ts'
import { assertLegacy } from './legacy-text.ts'
import { restoreSource, unrestoreSource } from './restore-source.ts'
import type { Step } from './run-steps.ts'

/** What the files have to become. */
export interface Goal {
  /** The text of our own file now, to be backed up and put back. */
  readonly before: ForeignFile
  /** Of `auth.json`. */
  readonly text: Secret | string
  /** The other tool's file as it is, and what it has to become; `undefined` where nothing. */
  readonly sourceFile: ForeignFile | undefined
  readonly sourceText: Secret | undefined
  readonly notes: readonly string[]
}

/** All that the steps of a rollback work on. */
export interface RollBackWorld {
  readonly ports: MigratePorts
  readonly backup: Backup
  readonly bundles: ReadonlyMap<string, TokenBundle>
  readonly goal: Goal
  readonly draft: AuthFileDraft
  readonly vault: Vault
  readonly made: { backup?: Backup; isSwapped?: boolean }
  /** Whether an account of `auth.json` goes by this id: a manifest is but a file, and a keychain holds others' items. */
  readonly isOurs: (id: string) => boolean
}

/** The steps of a rollback: the mirror of a migration's, and no secret removed before the old file works. */
export function rollBackSteps(world: RollBackWorld): Step[] {
  const { goal } = world
  return [
    backUp(world),
    build(world),
    validate(world),
    ...(goal.sourceText === undefined ? [] : [restore(world, goal.sourceText)]),
    swap(world),
    verify(world),
    forgetSecrets(world),
  ]
}

function backUp({ ports, backup, goal, made }: RollBackWorld): Step {
  return {
    step: 'back-up',
    description: `copy ${goal.before.path} to backup/, so that the rollback can be rolled back`,
    undo: 'remove the copy',
    run() {
      const { source, custody, accounts, storage } = backup
      const left = ports.backups
        .list()
        .find(
          (one) =>
            one.kind === 'rollback' &&
            one.checksum === 'ok' &&
            one.sha256 === goal.before.sha256 &&
            one.source === source,
        )
      made.backup =
        left ?? ports.backups.create(goal.before.text, { kind: 'rollback', source, custody, accounts, storage })
      return made.backup.id
    },
    // A rollback that left its backup behind would count as done; one that could not be taken back is.
    revert() {
      if (made.isSwapped === true) return
      if (made.backup !== undefined) ports.backups.remove(made.backup)
      delete made.backup
    },
  }
}

const plain = (text: Secret | string) => (text instanceof Secret ? text.reveal() : text)

function build({ goal, draft }: RollBackWorld): Step {
  return {
    step: 'build',
    description: 'write auth.json.new',
    undo: 'remove it',
    run() {
      draft.write(plain(goal.text))
      return undefined
    },
    revert: () => draft.discard(),
  }
}

function validate({ goal, draft }: RollBackWorld): Step {
  return {
    step: 'validate',
    description: 'check it: its form, and every token in it',
    undo: 'nothing, it only reads',
    run() {
      if (goal.text instanceof Secret) assertLegacy(draft.read(), goal.text)
      else parseAuthFile(draft.read())
      return undefined
    },
  }
}

function restore({ ports, backup, goal }: RollBackWorld, text: Secret): Step {
  return {
    step: 'restore',
    description: `put the current tokens into ${backup.source}`,
    undo: 'put back what stood there',
    run() {
      if (!restoreSource(ports, goal.sourceFile, backup.source, text)) throw new SourceChanged(backup.source)
      return undefined
    },
    revert: () => unrestoreSource(ports, goal.sourceFile, backup.source, text),
  }
}

function swap({ goal, draft, made }: RollBackWorld): Step {
  return {
    step: 'swap',
    description: 'rename it to auth.json',
    undo: 'put back what stood there',
    run() {
      made.isSwapped = true
      draft.swap()
      return undefined
    },
    revert() {
      if (made.isSwapped !== true) return
      draft.write(goal.before.text.reveal())
      draft.swap()
      made.isSwapped = false
    },
  }
}

function verify({ ports, goal }: RollBackWorld): Step {
  return {
    step: 'verify',
    description: 'read it as every command does',
    undo: 'nothing, it only reads',
    async run() {
      const now = await ports.foreignFiles.read(ports.migrations.places.authFile, ports.interruption)
      if (now?.text.reveal() !== plain(goal.text))
        throw new AuthError('auth-file-invalid', 'auth.json is not what was written')
      return undefined
    },
  }
}

/** The last step of a rollback, by itself where one was cut off before it. */
export function forgetSecrets({
  ports,
  backup,
  bundles,
  vault,
  isOurs,
}: Pick<RollBackWorld, 'ports' | 'backup' | 'bundles' | 'vault' | 'isOurs'>): Step {
  const made = backup.accounts.filter(({ isNew, id }) => isNew && isOurs(id))
  return {
    step: 'forget-secrets',
    description: `remove the tokens of ${made.map(({ name }) => name).join(' and ') || 'nobody'} from the storage (${backup.storage})`,
    undo: 'put them back',
    async run() {
      for (const { id } of made) {
        await vault.remove(id)
        ports.journal.drop(id)
      }
      return undefined
    },
    async revert() {
      for (const { id } of made) {
        const held = bundles.get(id)
        if (held !== undefined) await vault.write(held)
      }
    },
  }
}
