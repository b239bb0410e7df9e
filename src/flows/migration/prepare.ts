import type { Account } from '../../model/account.ts'
import type { Custody, MigratedAccount } from '../../model/backup.ts'
import { AuthError } from '../../model/errors.ts'
import type { NotCarried, Plan, PlannedStep, StepName } from '../../model/migration.ts'
import { carriedFrom, notCarried, type Carried } from './carry.ts'
import { decide, type Import } from './decide.ts'
import type { Found, Source } from './find-source.ts'

export interface PrepareInput {
  /** What was asked for; our own old file is always replaced in its place. */
  readonly custody: Exclude<Custody, 'in-place'>
  /** Its name, for the words of the plan. */
  readonly storage: string
  readonly authFile: string
  readonly planned: readonly MigratedAccount[]
  readonly revived: readonly Account[]
  readonly uuid: () => string
}

/** A migration that can be run, with nothing done yet. */
export interface Prepared {
  readonly source: Source
  readonly custody: Custody
  readonly imports: readonly Import[]
  readonly notes: readonly string[]
  readonly notCarried: readonly NotCarried[]
  readonly plan: Plan
}

/**
 * Decides everything before anything is written; the same for a dry run and for a real one.
 *
 * @returns `undefined` with the notes that say why, where nothing is left to be done.
 * @throws AuthError `usage`.
 */
export function prepare(source: Source, current: Found['current'], input: PrepareInput): Prepared {
  const custody: Custody = source.isOurs ? 'in-place' : input.custody
  if (custody === 'take-over' && source.tool === 'claude-code') {
    throw new AuthError('usage', "Claude Code's file is never written to, so its tokens cannot be taken over", {
      hint: 'leave --take-over out, or aiauth login claude for a sign-in of its own',
    })
  }
  const carried = carriedFrom(source)
  const { planned, revived, uuid } = input
  const { imports, notes } = decide({ source, custody, carried, current, planned, revived, uuid })
  const left = notCarried(source)
  return {
    source,
    custody,
    imports,
    notes: [...notes, ...wordsOn(source, custody, carried, imports)],
    notCarried: left,
    plan: planFor(source, custody, imports, input),
  }
}

/** Whether running it would change anything. Our own old file is upgraded even if it holds no sign-in. */
export function hasWork({ custody, imports }: Prepared): boolean {
  return custody === 'in-place' || imports.length > 0
}

const TOOL_NAMES = { codex: 'Codex', 'claude-code': 'Claude Code' } as const

function wordsOn(source: Source, custody: Custody, carried: readonly Carried[], imports: readonly Import[]): string[] {
  const tool = TOOL_NAMES[source.tool]
  const tokens = imports.find(({ target }) => target.part === 'tokens')?.target.name
  const key = imports.find(({ target }) => target.part === 'api-key')?.target.name
  const used = carried.find(({ isUsedByTool }) => isUsedByTool)?.part
  return [
    ...(tokens !== undefined && key !== undefined ? [bothWords(tool, tokens, key, used)] : []),
    ...(tokens === undefined ? [] : CUSTODY_WORDS[custody](tokens, tool, source)),
  ]
}

function bothWords(tool: string, tokens: string, key: string, used: Carried['part'] | undefined): string {
  const which = used === undefined ? 'neither' : used === 'tokens' ? `the sign-in (${tokens})` : `the API key (${key})`
  return `the file holds a sign-in and an API key; ${tool} uses ${which}`
}

const CUSTODY_WORDS: Readonly<Record<Custody, (name: string, tool: string, source: Source) => string[]>> = {
  'in-place': (name, tool, { sharedIn }) =>
    sharedIn === undefined
      ? []
      : [`${name} is linked to ${sharedIn}, which holds the same sign-in: aiauth and ${tool} share it`],
  linked: (name, tool, source) => [
    source.tool === 'codex'
      ? `${name} is linked: aiauth and ${tool} share the sign-in, and each takes over what the other renews`
      : `${name} is linked: ${tool} renews the sign-in and aiauth takes it over; its file is never written to`,
  ],
  'take-over': (name, tool, source) => [
    `${tool} is left without tokens, whatever codex login status says; aiauth exec ${name} -- codex lends it one (see the README), codex login signs it in anew`,
    ...(source.tool === 'codex' && source.auth.apiKey !== undefined
      ? [`the API key stays in ${source.file.path}`]
      : []),
  ],
  copy: (name, tool) => [`${name} is a copy: whichever of aiauth and ${tool} renews first signs the other one out`],
}

type Words = (context: {
  readonly from: string
  readonly names: string
  readonly input: PrepareInput
}) => Omit<PlannedStep, 'step'>

const READS_ONLY = 'nothing, it only reads'

/** Every step in its order; a rollback has its own table. */
const STEPS: Readonly<Partial<Record<StepName, Words>>> = {
  'back-up': ({ from }) => ({
    description: `copy ${from} to backup/, byte by byte, and read the copy back`,
    undo: 'nothing, the copy stays',
  }),
  'import-secrets': ({ names, input }) => ({
    description: `write the tokens of ${names} into the storage (${input.storage}) and read them back`,
    undo: 'remove them from it, or put back what it held',
  }),
  build: ({ input }) => ({ description: `write ${input.authFile}.new`, undo: 'remove it' }),
  validate: ({ from }) => ({
    description: `check it: its form, every secret, every fact against ${from}`,
    undo: READS_ONLY,
  }),
  swap: ({ input }) => ({
    description: `rename it to ${input.authFile}`,
    undo: 'put back what stood there',
  }),
  verify: () => ({ description: 'load accounts and tokens as every command does', undo: READS_ONLY }),
  'take-over': ({ from }) => ({ description: `remove the tokens from ${from}`, undo: 'put them back' }),
  'tidy-up': ({ input }) => ({
    description:
      input.storage === 'plaintext'
        ? 'leave the backup unsealed, as the storage is, and clear the record of this run'
        : 'seal the backup and clear the record of this run',
    undo: 'nothing, the backup stays',
  }),
}

function planFor(source: Source, custody: Custody, imports: readonly Import[], input: PrepareInput): Plan {
  const accounts = imports.map(({ target }) => target.name)
  const context = { from: source.file.path, names: accounts.join(' and ') || 'nobody', input }
  const steps = Object.entries(STEPS).flatMap(([step, words]) =>
    step === 'take-over' && custody !== 'take-over' ? [] : [{ step: step as StepName, ...words(context) }],
  )
  const to = input.authFile
  return { from: source.file.path, to, custody, backupRequired: true, rollbackSupported: true, accounts, steps }
}
