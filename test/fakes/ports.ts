import type { AuthFile, StorageKind } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import { createHash, randomBytes } from 'node:crypto'
import type { Backup, Backups, NewBackup } from '../../src/model/backup.ts'
import type { Inspection } from '../../src/model/inspection.ts'
import type { MigrationRecord, Migrations } from '../../src/model/migration.ts'
import type { ForeignFile, ForeignFiles } from '../../src/model/foreign-files.ts'
import { Secret } from '../../src/model/secret.ts'
import type { SignInFiles } from '../../src/model/sign-in-files.ts'
import type { Surroundings } from '../../src/model/surroundings.ts'
import type { Use } from '../../src/model/history.ts'
import type { JournalRecord } from '../../src/model/journal.ts'
import type { Http, HttpReply, HttpRequest, Listener, Outcome, Ports, Terminal, Vault } from '../../src/model/ports.ts'
import type { Preset } from '../../src/model/preset.ts'
import type { ProgramCall } from '../../src/model/programs.ts'
import type { Redirect } from '../../src/model/provider.ts'
import type { StorageMove, Storages } from '../../src/model/storages.ts'
import type { TokenBundle } from '../../src/model/tokens.ts'
import { withEnabled } from '../../src/model/with-enabled.ts'
import { settingAt, withSetting } from '../../src/model/setting-path.ts'
import { record, type UntrustedRecord } from '../../src/model/untrusted.ts'
import { newAuthFile, parseAuthFile } from '../../src/auth-file/format.ts'
import { PLAIN } from '../../src/ui/style.ts'

export const NOW_MS = Date.parse('2026-11-21T10:00:00.000Z')

export interface FakeWorld {
  /** Replies to the program's requests, in the order asked; a function sees the request. */
  readonly answers?: ((request: HttpRequest) => Partial<HttpReply>)[]
  readonly config?: object
  readonly file?: AuthFile
  readonly variables?: Record<string, string>
  /** What a `.aiauth` file says, or why it says nothing. */
  readonly preset?: Preset | AuthError
  readonly interactive?: boolean
  readonly surroundings?: Partial<Surroundings>
  readonly typed?: string[]
  /** What is typed where it is not shown. */
  readonly hidden?: string
  /** What stdin holds; without it, stdin is a terminal. */
  readonly input?: string
  /** What the browser does with the address it is given: returns the query that comes back. */
  readonly browse?: (url: URL) => string | undefined
  readonly brokenVault?: AuthError
  readonly brokenJournal?: AuthError
  /** Why `auth.json` cannot be written. */
  readonly readOnly?: AuthError
  /** The exit code of every program that is run, or why it cannot be. */
  readonly programEnds?: number | AuthError
  readonly inspection?: Partial<Inspection>
  /** Other programs' files, by their path. */
  readonly foreign?: Readonly<Record<string, string>>
  /** What other programs' settings say, by the name of their folder below the home. */
  readonly programSettings?: Readonly<Record<string, object>>
}

export interface FakePorts extends Ports {
  readonly stdout: string[]
  readonly stderr: string[]
  readonly requests: HttpRequest[]
  readonly bundles: Map<string, TokenBundle>
  readonly keys: Map<string, Secret>
  /** Other programs' files as they stand now, by their path. */
  readonly foreign: Map<string, string>
  readonly outcomes: Outcome[]
  readonly openPorts: Set<string>
  /** Sign-ins that were begun: the text of each file by its id, and by `<id> used` once it was claimed. */
  readonly signInFiles: Map<string, string>
  /** What stands in the files of `--url-file`. */
  readonly urlFiles: Map<string, string>
  /** Every proxy that `http.via` was given. */
  readonly proxies: string[]
  readonly records: Map<string, JournalRecord>
  /** Every wait, in milliseconds; none of them takes time. */
  readonly waits: number[]
  readonly usesNoted: readonly Use[]
  readonly programCalls: readonly ProgramCall[]
  readonly interrupt: (error: Error) => void
  current(): AuthFile | undefined
}

/** Every port as a plain object in memory: the whole program without the world. */
export function fakePorts(world: FakeWorld = {}): FakePorts {
  const stdout: string[] = []
  const stderr: string[] = []
  const requests: HttpRequest[] = []
  const bundles = new Map<string, TokenBundle>()
  const keys = new Map<string, Secret>()
  const foreign = new Map(Object.entries(world.foreign ?? {}))
  const outcomes: Outcome[] = []
  const openPorts = new Set<string>()
  const callbacks: string[] = []
  const interruption = new AbortController()
  const proxies: string[] = []
  const signInFiles = new Map<string, string>()
  const urlFiles = new Map<string, string>()
  const records = new Map<string, JournalRecord>()
  const waits: number[] = []
  const uses: Use[] = []
  const programCalls: ProgramCall[] = []
  let settings: UntrustedRecord = record(world.config)
  let file = world.file
  let ids = 0
  let wake: () => void = () => undefined

  const terminal: Terminal = {
    interactive: world.interactive ?? false,
    outStyle: PLAIN,
    errStyle: PLAIN,
    outColumns: undefined,
    errColumns: undefined,
    out: (text) => stdout.push(text),
    say: (line) => stderr.push(`${line}\n`),
    ask: (question, signal) => {
      stderr.push(question)
      const answer = world.typed?.shift()
      if (answer !== undefined) return Promise.resolve(answer)
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    },
    paste: (question, signal) => terminal.ask(question, signal),
    askSecret: (question) => {
      stderr.push(question)
      return Promise.resolve(world.hidden === undefined ? undefined : new Secret(world.hidden))
    },
    readSecret: () => Promise.resolve(world.input === undefined ? undefined : new Secret(world.input)),
    during: (_words, work) => work(() => undefined),
  }
  const http: Http = {
    warm: () => undefined,
    via: (proxy) => {
      if (proxy !== undefined) proxies.push(proxy)
      return http
    },
    send: (request) => {
      requests.push(request)
      const answer = world.answers?.[requests.length - 1]
      if (answer === undefined) throw new AuthError('network', `no answer prepared for ${request.url}`)
      return Promise.resolve({ status: 200, headers: {}, body: '', ...answer(request) })
    },
  }
  const listen = (redirect: Redirect): Promise<Listener> => {
    const redirectUri = `http://${redirect.host}:${redirect.ports[0] === 0 ? 40_000 : (redirect.ports[0] ?? 0)}${redirect.path}`
    openPorts.add(redirectUri)
    return Promise.resolve({
      redirectUri,
      async *visits(signal: AbortSignal) {
        while (!signal.aborted) {
          const query = callbacks.shift()
          if (query === undefined) {
            await new Promise<void>((resolve) => {
              wake = resolve
              signal.addEventListener('abort', () => resolve(), { once: true })
            })
            continue
          }
          yield { query, accept: () => undefined, refuse: () => undefined }
        }
      },
      show: (outcome) => Promise.resolve(void outcomes.push(outcome)),
      close: () => Promise.resolve(void openPorts.delete(redirectUri)),
    })
  }
  const vault = (kind: StorageKind): Vault => ({
    kind,
    probe: () => (world.brokenVault ? Promise.reject(world.brokenVault) : Promise.resolve()),
    read: (id) => (world.brokenVault ? Promise.reject(world.brokenVault) : Promise.resolve(bundles.get(id))),
    write: (bundle) => Promise.resolve(void bundles.set(bundle.accountId, bundle)),
    remove: (id) => (world.brokenVault ? Promise.reject(world.brokenVault) : Promise.resolve(void bundles.delete(id))),
    readKey: (name) => (world.brokenVault ? Promise.reject(world.brokenVault) : Promise.resolve(keys.get(name))),
    writeKey: (name, key) => Promise.resolve(void keys.set(name, key)),
    removeKey: (name) => Promise.resolve(void keys.delete(name)),
  })

  return {
    stdout,
    stderr,
    requests,
    bundles,
    keys,
    foreign,
    outcomes,
    openPorts,
    proxies,
    signInFiles,
    urlFiles,
    records,
    waits,
    programCalls,
    usesNoted: uses,
    interrupt: (error) => interruption.abort(error),
    current: () => file,
    clock: {
      nowMs: () => NOW_MS,
      deadline: (parent, _timeoutMs, _reason) => ({ signal: parent, end: () => undefined }),
      sleep: (ms) => Promise.resolve(void waits.push(ms)),
      jitterMs: () => 0,
    },
    environment: {
      variables: world.variables ?? {},
      get preset() {
        const name = world.variables?.['AIAUTH_ACCOUNT'] ?? ''
        if (name !== '') return { name }
        if (world.preset instanceof AuthError) throw world.preset
        return world.preset
      },
      surroundings: { noBrowser: undefined, remoteLogin: undefined, isAgent: false, ...world.surroundings },
      hasPassphrase: false,
      caller: { program: 'codex', pid: 4711 },
    },
    terminal,
    http,
    loopback: { listen },
    browser: {
      open: (url) => {
        const query = world.browse?.(new URL(url))
        if (query !== undefined) callbacks.push(query)
        wake()
        return Promise.resolve('opened')
      },
    },
    programs: {
      run: (call) => {
        programCalls.push(call)
        const ends = world.programEnds ?? 0
        return typeof ends === 'number' ? Promise.resolve(ends) : Promise.reject(ends)
      },
      settings: ({ folder }) => record(world.programSettings?.[folder]),
    },
    vaults: { vault },
    storages: fakeStorages(),
    authFile: {
      read: () => file,
      stamp: () => JSON.stringify(file),
      probe: () => (world.readOnly ? Promise.reject(world.readOnly) : Promise.resolve()),
      update: (change) => Promise.resolve((file = change(file ?? newAuthFile('file-1')))),
      rewrite: (work) => {
        let draft = ''
        const swap = () => void (file = parseAuthFile(draft))
        const removeCurrent = () => void (file = undefined)
        const discard = () => void (draft = '')
        return work({ write: (text) => void (draft = text), read: () => draft, swap, discard, removeCurrent })
      },
    },
    journal: {
      exclusively: (_id, work) => work({ assertHeld: () => undefined }),
      read: (id) => records.get(id),
      announce: (intent) => {
        if (world.brokenJournal) throw world.brokenJournal
        records.set(intent.accountId, { intent, answer: undefined })
      },
      keep: (intent, answer) => {
        if (world.brokenJournal) throw world.brokenJournal
        records.set(intent.accountId, { intent, answer })
      },
      drop: (id) => void records.delete(id),
    },
    foreignFiles: fakeForeignFiles(foreign),
    backups: fakeBackups(),
    migrations: fakeMigrations(),
    inspection: fakeInspection(world.inspection),
    rehearsal: () => {
      throw new Error('rehearsals need a disk')
    },
    uses: { note: (use) => void uses.push(use), read: () => uses },
    settings: {
      path: '/home/ada/.config/aiauth/config.json',
      read: () => settings,
      change: (work) => Promise.resolve((settings = work(settings))),
      acceptTerms: (provider, mode) => {
        settings = withSetting(settings, ['providers', provider, 'modes', mode, 'acceptedTerms'], true)
        return Promise.resolve()
      },
      installationId: () => Promise.resolve('00000000-0000-4000-8000-00000000abcd'),
      keepClientId: (provider, mode, clientId) => {
        settings = withSetting(settings, ['providers', provider, 'modes', mode, 'clientId'], clientId)
        return Promise.resolve()
      },
      setEnabled: (provider, enabled) => {
        const at = ['providers', provider]
        settings = withSetting(settings, at, withEnabled(settingAt(settings, at), enabled))
        return Promise.resolve()
      },
    },
    signIns: fakeSignIns(signInFiles),
    writeUrlFile: (path, url) => {
      urlFiles.set(path, url)
      return () => void urlFiles.delete(path)
    },
    identifiers: { uuid: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}` },
    trace: () => undefined,
    interruption: interruption.signal,
    uninterrupted: (work) => work(),
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Files in memory; nobody else ever writes them by halves. */
export function fakeForeignFiles(files: Map<string, string>): ForeignFiles {
  const read = (path: string): ForeignFile | undefined => {
    const text = files.get(path)
    if (text === undefined) return undefined
    return {
      path,
      realPath: path,
      text: new Secret(text),
      sha256: sha256(text),
      bytes: Buffer.byteLength(text),
      mode: 0o600,
      isWritable: true,
      modifiedAtMs: NOW_MS,
    }
  }
  return {
    read: (path) => Promise.resolve(read(path)),
    replace(before, text) {
      if (read(before.path)?.sha256 !== before.sha256) return false
      files.set(before.path, text.reveal())
      return true
    },
    create(path, text) {
      if (files.has(path)) return false
      files.set(path, text.reveal())
      return true
    },
    remove: ({ path, sha256: before }) => {
      if (read(path)?.sha256 === before) files.delete(path)
    },
    whenIdle: () => Promise.resolve(),
  }
}

/** An empty machine, but for what the test puts there. */
function fakeInspection(change: Partial<Inspection> = {}): Inspection {
  return {
    nodeVersion: '22.1.0',
    platform: 'linux',
    entry: () => undefined,
    names: () => [],
    oddFileSystem: () => undefined,
    syncedBy: () => undefined,
    keychainService: () => Promise.resolve(undefined),
    toolFiles: [],
    ...change,
  }
}

/** Storages that answer, and a move that is remembered. */
export function fakeStorages(): Storages {
  let move: StorageMove | undefined
  return {
    vaultPath: '/home/ada/.config/aiauth/vault.json',
    kinds: () => [],
    look: () =>
      Promise.resolve({ driver: 'a fake', where: 'memory', names: undefined, formerKeys: 0, trouble: undefined }),
    unlock: () => Promise.resolve(),
    newPassphrase: () => Promise.resolve(undefined),
    rotate: () => Promise.resolve(false),
    tidy: () => Promise.resolve(),
    move: () => move,
    keepMove: (kept) => void (move = kept),
    dropMove: () => void (move = undefined),
  }
}

/** A text for each id; claiming moves it to another name, as the real one does. */
export function fakeSignIns(files: Map<string, string>): SignInFiles {
  const move = (from: string, to: string) => {
    const text = files.get(from)
    if (text !== undefined) files.set(to, text).delete(from)
    return text !== undefined
  }
  const used = (id: string) => `${id} used`
  return {
    write: (id, text) => void files.set(id, text),
    read(id) {
      const text = files.get(used(id)) ?? files.get(id)
      return text === undefined ? undefined : { text, isUsed: files.has(used(id)) }
    },
    claim: (id) => move(id, used(id)),
    release: (id) => void move(used(id), id),
    remove: (id) => [id, used(id)].forEach((name) => files.delete(name)),
    list: () => [...new Set([...files.keys()].map((name) => name.split(' ')[0] ?? ''))],
    removeTorn: () => undefined,
  }
}

/** Nothing left of an earlier run, and room for a new one. */
export function fakeMigrations(): Migrations {
  let record: MigrationRecord | undefined
  const home = '/home/ada/.config/aiauth'
  const codex = '/home/ada/.codex'
  return {
    places: {
      home,
      authFile: `${home}/auth.json`,
      codexAuth: `${codex}/auth.json`,
      codexSettings: `${codex}/config.toml`,
    },
    exclusively: (work) => work({ assertHeld: () => undefined }),
    record: () => record,
    keepRecord: (kept) => void (record = kept),
    dropRecord: () => void (record = undefined),
    keepReport: () => undefined,
    freeBytes: () => undefined,
    settingsText: () => undefined,
    running: () => [],
  }
}

/** Backups in memory, sealed by name only. */
export function fakeBackups(): Backups {
  const kept: { backup: Backup; text: string }[] = []
  const find = ({ id }: Backup) => {
    const found = kept.find(({ backup }) => backup.id === id)
    if (found === undefined) throw new AuthError('auth-file-invalid', `${id} is gone`)
    return found
  }
  return {
    create(text: Secret, facts: NewBackup) {
      const sequence = kept.length + 1
      const id = `auth_backup_20261121_100000${sequence === 1 ? '' : `-${sequence}`}`
      const plain = text.reveal()
      const [bytes, digest] = [Buffer.byteLength(plain), sha256(plain)]
      const made = { id, path: `/home/aiauth/backup/${id}.json`, createdAt: '2026-11-21T10:00:00.000Z', sequence }
      const backup: Backup = { ...facts, ...made, bytes, sha256: digest, isSealed: false, checksum: 'ok' }
      kept.unshift({ backup, text: plain })
      return backup
    },
    list: () => kept.map(({ backup }) => backup),
    read: (backup) => new Secret(find(backup).text),
    seal(backup) {
      const found = find(backup)
      return (found.backup = { ...found.backup, isSealed: true })
    },
    rehome(backup, storage) {
      const found = find(backup)
      found.backup = { ...found.backup, storage }
    },
    newKey: () => new Secret(randomBytes(32).toString('base64')),
    remove(backup) {
      const at = kept.findIndex(({ backup: { id } }) => id === backup.id)
      if (at >= 0) kept.splice(at, 1)
    },
  }
}
