import { AuthError } from '../../model/errors.ts'
import type { Entry, Finding } from '../../model/inspection.ts'
import { shellWord } from '../../model/shell-word.ts'
import { allProviders } from '../../providers/registry.ts'
import { trouble, type ExaminePorts } from './examine.ts'

const OUR_FILES = ['auth.json', 'config.json', 'vault.json', 'uses.log', 'migration-report.json'] as const

/** The home folder and what stands in it: owners, modes, leftovers. */
export function examineFiles(ports: ExaminePorts): Finding[] {
  const { home } = ports.migrations.places
  const folder = ports.inspection.entry(home)
  if (folder === undefined)
    return [{ id: 'home', level: 'ok', message: `${home} will be made at the first sign-in`, fix: null }]
  return [
    ...folderFindings(ports, home),
    ...filesFindings(ports, home),
    ...leftovers(ports, home),
    ...strayCopies(ports, home),
    ...settingsFinding(ports),
    ...interrupted(ports),
    ...backupFindings(ports),
  ]
}

function folderFindings({ inspection }: ExaminePorts, home: string): Finding[] {
  const { kind, mode, isOurs } = inspection.entry(home) ?? { kind: 'other', mode: 0, isOurs: true }
  const [odd, program] = [inspection.oddFileSystem(home), inspection.syncedBy(home)]
  const found: (Finding | undefined)[] = [
    kind === 'folder'
      ? undefined
      : { id: 'home', level: 'problem', message: `${home} is no folder`, fix: `move ${home} away` },
    isOurs
      ? undefined
      : {
          id: 'home',
          level: 'problem',
          message: `${home} belongs to another user`,
          fix: 'set AIAUTH_HOME to a folder of your own',
        },
    (mode & 0o077) === 0
      ? undefined
      : {
          id: 'home',
          level: 'warning',
          message: `others can ${(mode & 0o022) === 0 ? 'look into' : 'write to'} ${home} (mode ${octal(mode)})`,
          fix: `chmod 700 ${shellWord(home)}`,
        },
    odd === undefined
      ? undefined
      : {
          id: 'home',
          level: 'warning',
          message: `${home} is on ${odd}, where locks between machines cannot be relied on`,
          fix: 'set AIAUTH_HOME to a folder on a local disk',
        },
    program === undefined
      ? undefined
      : {
          id: 'home',
          level: 'note',
          message: `${program} copies ${home} to other machines, and locks do not hold across machines`,
          fix: 'set AIAUTH_HOME to a folder that stays here',
        },
  ]
  const findings = found.filter((each) => each !== undefined)
  const asItShouldBe: Finding = { id: 'home', level: 'ok', message: withMode(home, mode), fix: null }
  return findings.some(({ level }) => level !== 'note') ? findings : [asItShouldBe, ...findings]
}

function filesFindings({ inspection }: ExaminePorts, home: string): Finding[] {
  const found = OUR_FILES.flatMap((name) => {
    const entry = inspection.entry(`${home}/${name}`)
    return entry === undefined ? [] : [{ name, entry }]
  })
  const findings = found.flatMap(({ name, entry }) => fileFindings(`${home}/${name}`, entry))
  if (findings.length > 0 || found.length === 0) return findings
  const modes = found.map(({ name, entry }) => withMode(name, entry.mode))
  return [{ id: 'files', level: 'ok', message: modes.join(', '), fix: null }]
}

/** Windows has no modes. */
const withMode = (name: string, mode: number) => (mode === 0 ? name : `${name} ${octal(mode)}`)

function fileFindings(path: string, entry: Entry): Finding[] {
  if (entry.kind !== 'file')
    return [{ id: 'files', level: 'problem', message: `${path} is no ordinary file`, fix: `look at ${path}` }]
  if (!entry.isOurs)
    return [
      {
        id: 'files',
        level: 'problem',
        message: `${path} belongs to another user`,
        fix: `chown $USER ${shellWord(path)}`,
      },
    ]
  if ((entry.mode & 0o077) === 0) return []
  return [
    {
      id: 'files',
      level: 'warning',
      message: `others can read ${path} (mode ${octal(entry.mode)})`,
      fix: `chmod 600 ${shellWord(path)}`,
    },
  ]
}

const octal = (mode: number) => mode.toString(8).padStart(4, '0')

/** Names that only a run in progress, or a killed one, has there. */
const LEFTOVER = /(?:^\..*\.tmp|\.stale|^auth\.json\.new|^rehearsal-.*)$/

function leftovers({ inspection }: ExaminePorts, home: string): Finding[] {
  return inspection
    .names(home)
    .filter((name) => LEFTOVER.test(name))
    .map((name) => ({
      id: 'leftovers',
      level: 'warning',
      message: `${home}/${name} may be left of a run that was killed, and may hold secrets`,
      fix: `when no aiauth runs: rm -r ${shellWord(`${home}/${name}`)}`,
    }))
}

/** What an editor, a hand or a syncing program has made of our files: `auth.json.bak`, `vault.sync-conflict-….json`. */
const STRAY_COPY = /^(?:auth|vault)(?:[ .(~_-].*)$/

function strayCopies({ inspection }: ExaminePorts, home: string): Finding[] {
  return inspection
    .names(home)
    .filter((name) => STRAY_COPY.test(name) && !/^[a-z]+\.json(?:\.lock)?$/.test(name) && !LEFTOVER.test(name))
    .map((name) => ({
      id: 'leftovers',
      level: 'warning',
      message: `${home}/${name} is a copy that nobody looks after, and may hold secrets`,
      fix: `when you do not need it: rm -r ${shellWord(`${home}/${name}`)}`,
    }))
}

function settingsFinding({ settings }: ExaminePorts): Finding[] {
  try {
    allProviders(settings.read())
    return [{ id: 'config', level: 'ok', message: 'config.json is in order', fix: null }]
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    return [trouble('config', error)]
  }
}

function interrupted({ migrations }: ExaminePorts): Finding[] {
  const record = migrations.record()
  if (record === undefined) return []
  const message = `a migration of ${record.source} was cut off at ${record.startedAt}`
  return [{ id: 'migration', level: 'warning', message, fix: 'aiauth migrate-auth, which ends it' }]
}

function backupFindings({ backups }: ExaminePorts): Finding[] {
  const all = backups.list()
  const bad = all.filter(({ checksum }) => checksum === 'bad')
  const open = all.filter(({ isSealed, kind, checksum }) => checksum === 'ok' && kind === 'migration' && !isSealed)
  return [
    ...bad.map(({ id }): Finding => ({
      id: 'backups',
      level: 'warning',
      message: `the backup ${id} is damaged`,
      fix: PURGE,
    })),
    ...open.map(({ path, storage }): Finding => ({
      id: 'backups',
      level: 'warning',
      message: `the backup ${path} holds secrets in clear`,
      fix: storage === 'plaintext' ? SEAL : PURGE,
    })),
  ]
}

const PURGE = 'aiauth migrate-auth --list-backups, then aiauth migrate-auth --purge-backups'
const SEAL = 'aiauth storage set keychain, which seals it, or aiauth migrate-auth --purge-backups'
