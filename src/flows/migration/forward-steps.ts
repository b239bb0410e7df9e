import { formatAuthFile, newAuthFile, parseAuthFile } from '../../auth-file/format.ts'
import type { Account, AuthFile, StorageKind } from '../../model/account.ts'
import type { Backup } from '../../model/backup.ts'
import { AuthError } from '../../model/errors.ts'
import type { PlannedStep, StepName } from '../../model/migration.ts'
import type { AuthFileDraft, Ports, Vault } from '../../model/ports.ts'
import type { TokenBundle } from '../../model/tokens.ts'
import { withoutTokens } from '../../native-tools/codex-text.ts'
import { findProvider } from '../../providers/registry.ts'
import { withAccount, writeAndReadBack } from '../keep-account.ts'
import { vaultOf } from '../vault-of.ts'
import { keptFields } from './carry.ts'
import { isUndone } from './choose-backup.ts'
import { linkOfSource, type FindSourcePorts } from './find-source.ts'
import { migrated, type Migrated } from './migrated-account.ts'
import type { Prepared } from './prepare.ts'
import type { Step } from './run-steps.ts'
import { sealBackup } from './seal-backup.ts'
import { assertEqualFacts, assertLoads, assertReadable, assertSameText } from './validate.ts'

export type MigratePorts = FindSourcePorts &
  Pick<
    Ports,
    | 'vaults'
    | 'journal'
    | 'clock'
    | 'environment'
    | 'identifiers'
    | 'settings'
    | 'backups'
    | 'uninterrupted'
    | 'migrations'
  >

export interface ForwardInput {
  readonly prepared: Prepared
  /** What our own old file was before its migration was rolled back; that is what it becomes again. */
  readonly former: AuthFile | undefined
  readonly storage: StorageKind
  readonly onStep: (step: PlannedStep) => void
}

/** The source was written to while the migration ran; it has to begin anew. */
export class SourceChanged extends AuthError {
  constructor(path: string) {
    super('busy', `${path} was changed meanwhile`, { hint: 'end the program that writes it, then try again' })
  }
}

/** All that the steps work on. */
export interface World {
  readonly ports: MigratePorts
  readonly input: ForwardInput
  readonly draft: AuthFileDraft
  readonly vault: Vault
  /** What the vault held of accounts that existed. */
  readonly before: ReadonlyMap<string, TokenBundle>
  readonly results: readonly Migrated[]
  readonly next: AuthFile
  /** Of the new file, as it is to stand on the disk. */
  readonly text: string
  readonly made: { backup?: Backup }
}

export async function prepareWorld(ports: MigratePorts, input: ForwardInput, draft: AuthFileDraft): Promise<World> {
  const { prepared, storage } = input
  const vault = ports.vaults.vault(storage)
  const before = new Map<string, TokenBundle>()
  // An account that is here already stays in its storage, which is another one while a move is cut off.
  const vaultFor = (existing: Account | undefined) =>
    existing === undefined || prepared.custody === 'in-place' ? vault : vaultOf(ports.vaults, existing)
  for (const { existing } of prepared.imports) {
    const held = existing === undefined ? undefined : await vaultFor(existing).read(existing.id)
    if (held !== undefined) before.set(held.accountId, held)
  }
  const settings = ports.settings.read()
  const atMs = ports.clock.nowMs()
  const results = prepared.imports.map((one) =>
    migrated(one, {
      storage: vaultFor(one.existing).kind,
      provider: findProvider(settings, one.carried),
      held: before.get(one.target.id),
      link: one.target.part === 'tokens' ? linkOfSource(prepared.source, prepared.custody) : undefined,
      from: prepared.source.file.path,
      by: ports.environment.caller,
      atMs,
    }),
  )
  const next = results.reduce(withResult, baseOf(ports, input))
  return { ports, input, draft, vault, before, results, next, text: formatAuthFile(next), made: {} }
}

function baseOf({ authFile, identifiers }: MigratePorts, { prepared, storage, former }: ForwardInput): AuthFile {
  const current = prepared.custody === 'in-place' ? former : authFile.read()
  return current ?? { ...keptFields(prepared.source), ...newAuthFile(identifiers.uuid()), storage }
}

function withResult(file: AuthFile, { account }: Migrated): AuthFile {
  const isKnown = file.accounts.some(({ id }) => id === account.id)
  if (!isKnown) return withAccount(file, account)
  return { ...file, accounts: file.accounts.map((known) => (known.id === account.id ? account : known)) }
}

type Actions = Readonly<Partial<Record<StepName, Pick<Step, 'run' | 'revert'>>>>

/** What each step does, and what takes it back. */
export function actionsOf(world: World): Actions {
  const { ports, input, draft, vault, results, next, text } = world
  const { source, custody, imports } = input.prepared
  const accounts = results.map(({ account }) => account)
  return {
    'back-up': { run: () => backUp(world) },
    'import-secrets': {
      run: async () => {
        for (const { account, bundle } of results) await writeAndReadBack(vaultOf(ports.vaults, account), bundle)
        return undefined
      },
      revert: () => forgetImports(world),
    },
    build: {
      run() {
        draft.write(text)
        return undefined
      },
      revert: () => draft.discard(),
    },
    validate: {
      run: async () => {
        assertEqualFacts(parseAuthFile(draft.read()), next, results, imports)
        await assertReadable(ports, results)
        return undefined
      },
    },
    swap: swapActions(world),
    verify: {
      run: async () => {
        const now = await ports.foreignFiles.read(ports.migrations.places.authFile, ports.interruption)
        assertSameText(now?.text.reveal(), text, 'auth.json')
        await assertLoads(ports, accounts)
        return undefined
      },
    },
    'take-over': takeOverActions(world),
    'tidy-up': {
      run: async () => {
        const { backup } = world.made
        if (backup === undefined) throw new Error('there is no backup to seal')
        const sealed = await sealBackup(ports, vault, backup)
        return custody === 'in-place' && source.file.mode !== 0o600 ? `${sealed}; auth.json is 0600 now` : sealed
      },
    },
  }
}

/** A copy that a run of the same work has left is as good as a new one. */
function backUp({ ports, input, made }: World): string {
  const { source, custody, imports } = input.prepared
  const accounts = imports.map(({ target }) => target)
  const all = ports.backups.list()
  const left = all.find((one) => {
    const isSame =
      one.sha256 === source.file.sha256 &&
      one.source === source.file.path &&
      one.kind === 'migration' &&
      !isUndone(all, one)
    return isSame && one.checksum === 'ok' && JSON.stringify(one.accounts) === JSON.stringify(accounts)
  })
  const facts = { kind: 'migration', source: source.file.path, custody, accounts, storage: input.storage } as const
  made.backup = left ?? ports.backups.create(source.file.text, facts)
  return `${made.backup.id}, ${made.backup.bytes} bytes, sha256 ${made.backup.sha256.slice(0, 12)}`
}

async function forgetImports({ ports, before, results }: World): Promise<void> {
  for (const { account } of results) {
    const [vault, held] = [vaultOf(ports.vaults, account), before.get(account.id)]
    if (held === undefined) await vault.remove(account.id)
    else await vault.write(held)
  }
}

function swapActions({ ports, input, draft, text }: World): Pick<Step, 'run' | 'revert'> {
  const { source, custody } = input.prepared
  const current = custody === 'in-place' ? undefined : ports.authFile.read()
  const swapped = { isDone: false }
  return {
    async run() {
      const now = await ports.foreignFiles.read(source.file.path, ports.interruption)
      if (now?.sha256 !== source.file.sha256) throw new SourceChanged(source.file.path)
      assertSameText(draft.read(), text, 'auth.json.new')
      swapped.isDone = true
      draft.swap()
      return undefined
    },
    revert() {
      if (!swapped.isDone) return
      if (custody !== 'in-place' && current === undefined) {
        draft.removeCurrent()
        return
      }
      draft.write(current === undefined ? source.file.text.reveal() : formatAuthFile(current))
      draft.swap()
    },
  }
}

function takeOverActions({ ports, input }: World): Pick<Step, 'run' | 'revert'> {
  const { source } = input.prepared
  return {
    run() {
      if (source.tool !== 'codex') return undefined
      if (!ports.foreignFiles.replace(source.file, withoutTokens(source.auth)))
        throw new SourceChanged(source.file.path)
      return undefined
    },
    // A replacement that failed may have happened all the same: only its sync did not.
    async revert() {
      if (source.tool !== 'codex') return
      const now = await ports.foreignFiles.read(source.file.path, ports.interruption)
      const isOurs = now?.text.reveal() === withoutTokens(source.auth).reveal()
      if (now !== undefined && isOurs) ports.foreignFiles.replace(now, source.file.text)
    },
  }
}
