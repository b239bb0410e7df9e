import { AUTH_FILE_VERSION } from '../../auth-file/format.ts'
import type { AuthFile } from '../../model/account.ts'
import type { Custody } from '../../model/backup.ts'
import { AuthError } from '../../model/errors.ts'
import { Secret } from '../../model/secret.ts'
import type { ForeignFile } from '../../model/foreign-files.ts'
import type { Link } from '../../model/linked.ts'
import type { Migrations } from '../../model/migration.ts'
import type { Ports } from '../../model/ports.ts'
import { isRecord, json, record } from '../../model/untrusted.ts'
import { fingerprint } from '../../vault/fingerprint.ts'
import { readClaudeCodeAuth, type ClaudeCodeAuth } from '../../native-tools/claude-code.ts'
import { readCodexAuth, type CodexAuth } from '../../native-tools/codex.ts'

export type FindSourcePorts = Pick<Ports, 'authFile' | 'foreignFiles' | 'interruption'> & {
  readonly migrations: Pick<Migrations, 'places' | 'settingsText'>
}

/** A file with sign-ins that are not ours yet. */
export type Source = {
  /** Our own `auth.json`, of the unversioned format: the new one takes its place. */
  readonly isOurs: boolean
  readonly file: ForeignFile
  /** Codex's file, where it holds the very grant of our own old one: both would spend it. */
  readonly sharedIn?: string
} & (
  { readonly tool: 'codex'; readonly auth: CodexAuth } | { readonly tool: 'claude-code'; readonly auth: ClaudeCodeAuth }
)

/** What there is to migrate, or in one sentence why there is nothing. */
export interface Found {
  readonly source: Source | undefined
  readonly nothing: string
  /** Our own file where it is of the present version. */
  readonly current: AuthFile | undefined
}

/**
 * The file that is to be migrated: the one that was named, else our own `auth.json` while it
 * is of the unversioned format, else Codex's.
 *
 * @throws AuthError `auth-file-invalid` for what is damaged, half-written, no ordinary file or
 * another user's, `auth-file-too-new`, `usage` for a named file that cannot be the source, and
 * where a file of another program stands in the place of ours.
 */
export async function findSource(ports: FindSourcePorts, named: string | undefined): Promise<Found> {
  const { places } = ports.migrations
  const { home, isLegacy, current } = await ownFile(ports)
  const ours = isLegacy ? await ourOwn(ports, home) : undefined
  if (named !== undefined) return { source: await namedSource(ports, named, home, ours), nothing: '', current }
  if (ours !== undefined) return { source: ours, nothing: '', current }
  const codex = await ports.foreignFiles.read(places.codexAuth, ports.interruption)
  if (codex !== undefined) return { source: sourceOf(codex, false), nothing: '', current }
  return { source: undefined, nothing: nothingThere(ports, current), current }
}

type OwnFilePorts = Pick<FindSourcePorts, 'foreignFiles' | 'authFile' | 'migrations' | 'interruption'>

/**
 * Our own file, if it is of the present version.
 *
 * @throws AuthError `auth-file-invalid` for one that is damaged or cannot be read: nobody can tell then what was done.
 */
export async function presentFile(ports: OwnFilePorts): Promise<AuthFile | undefined> {
  return (await ownFile(ports)).current
}

type OwnFile =
  | { readonly isLegacy: true; readonly home: ForeignFile; readonly current: undefined }
  | { readonly isLegacy: false; readonly home: ForeignFile | undefined; readonly current: AuthFile | undefined }

async function ownFile({ foreignFiles, authFile, migrations, interruption }: OwnFilePorts): Promise<OwnFile> {
  const look = () => foreignFiles.read(migrations.places.authFile, interruption)
  const home = await look()
  if (isUnversioned(home)) return { isLegacy: true, home, current: undefined }
  try {
    return { isLegacy: false, home, current: authFile.read() }
  } catch (error) {
    // A rollback may have put the old file there between the two looks.
    const now = await look()
    if (!isUnversioned(now)) throw error
    return { isLegacy: true, home: now, current: undefined }
  }
}

/** Version 1 is the unversioned format. What is no record at all is damaged, and the reader of ours says so. */
function isUnversioned(file: ForeignFile | undefined): file is ForeignFile {
  const content = file === undefined ? undefined : contentOf(file.text.reveal())
  return isRecord(content) && (content['version'] === undefined || content['version'] === 1)
}

function contentOf(text: string): unknown {
  return json(text.replace(/^\uFEFF/, ''))
}

/** @throws AuthError `usage` where a file of another program stands in the place of ours: it would be signed out. */
async function ourOwn({ migrations, foreignFiles, interruption }: FindSourcePorts, home: ForeignFile): Promise<Source> {
  if (Object.hasOwn(record(contentOf(home.text.reveal())), 'claudeAiOauth')) {
    throw new AuthError('usage', `${home.path} is of Claude Code's format, not of our old one`, {
      hint: 'move it away, then aiauth migrate-auth --from <where it is now>',
    })
  }
  const codex = await foreignFiles.read(migrations.places.codexAuth, interruption).catch(unreadable)
  if (codex?.realPath === home.realPath) {
    throw new AuthError('usage', `${home.path} is Codex's own file, which a migration does not change`, {
      hint: 'AIAUTH_HOME=<another folder> aiauth migrate-auth',
    })
  }
  const ours = sourceOf(home, true)
  return codex !== undefined && isSameGrant(ours, codex) ? { ...ours, sharedIn: codex.path } : ours
}

function isSameGrant({ auth }: Source, codex: ForeignFile): boolean {
  const own = auth.tokens?.refreshToken
  // A damaged file has no grant that could be told to it.
  const content = record(record(contentOf(codex.text.reveal()))['tokens'])['refresh_token']
  return own !== undefined && typeof content === 'string' && fingerprint(own) === fingerprint(new Secret(content))
}

/** What cannot be read is no file that was read just now. */
function unreadable(error: unknown): undefined {
  if (!(error instanceof AuthError) || error.code !== 'auth-file-invalid') throw error
}

async function namedSource(
  ports: FindSourcePorts,
  named: string,
  home: ForeignFile | undefined,
  ours: Source | undefined,
): Promise<Source> {
  const file = await ports.foreignFiles.read(named, ports.interruption)
  if (file === undefined) {
    throw new AuthError('usage', `there is no file ${named}`, { hint: 'aiauth migrate-auth --from <file>' })
  }
  if (ours !== undefined && file.realPath === home?.realPath) return ours
  if (ours !== undefined) {
    throw new AuthError('usage', 'auth.json here is of the old format itself and comes first', {
      hint: 'aiauth migrate-auth, then the same command again',
    })
  }
  return sourceOf(file, false)
}

function sourceOf(file: ForeignFile, isOurs: boolean): Source {
  const text = file.text.reveal()
  const content = record(contentOf(text))
  const version = content['version']
  if (typeof version === 'number' && version > AUTH_FILE_VERSION) {
    throw new AuthError(
      'auth-file-too-new',
      `${file.path} has version ${version}, this program knows ${AUTH_FILE_VERSION}`,
      {
        hint: 'npm install --global aiauth@latest',
      },
    )
  }
  if (version === AUTH_FILE_VERSION) {
    throw new AuthError('usage', `${file.path} is of version ${AUTH_FILE_VERSION} already`, {
      hint: 'name a file of Codex or Claude Code, or set AIAUTH_HOME to the folder of this one',
    })
  }
  if (Object.hasOwn(content, 'claudeAiOauth')) {
    return { isOurs, file, tool: 'claude-code', auth: readClaudeCodeAuth(text) }
  }
  return { isOurs, file, tool: 'codex', auth: readCodexAuth(text) }
}

function nothingThere({ migrations }: FindSourcePorts, current: AuthFile | undefined): string {
  const { places } = migrations
  const store = codexStore(migrations.settingsText(places.codexSettings) ?? '')
  if (store !== undefined && store !== 'file') {
    return `Codex keeps its sign-in in the ${store}, not in a file; with cli_auth_credentials_store = "file" in ${places.codexSettings} and a new codex login it can be brought in`
  }
  const ours = current === undefined ? `neither ${places.authFile} nor` : `${places.authFile} is up to date and`
  return `${ours} ${places.codexAuth} ${current === undefined ? 'exists' : 'does not exist'}`
}

/** The one line of Codex's settings that says where its sign-in is kept; the rest of TOML does not matter here. */
function codexStore(settings: string): string | undefined {
  return /^\s*cli_auth_credentials_store\s*=\s*["']([a-z]+)["']/m.exec(settings)?.[1]
}

/** The file with which an account of this source shares its grant; `undefined` where it has the grant for itself. */
export function linkOfSource({ tool, file, sharedIn }: Source, custody: Custody): Link | undefined {
  const path = custody === 'linked' ? file.path : sharedIn
  return path === undefined || custody === 'take-over' || custody === 'copy' ? undefined : { tool, path }
}
