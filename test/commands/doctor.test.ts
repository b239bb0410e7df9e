import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import type { Account } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import type { Entry, Finding, KeychainService } from '../../src/model/inspection.ts'
import { Secret } from '../../src/model/secret.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, NOW_MS, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

const HOME = '/home/ada/.config/aiauth'
const CODEX = '/home/ada/.codex/auth.json'
const PRIVATE: Entry = { kind: 'folder', mode: 0o700, isOurs: true, isLink: false }

async function findings(ports: FakePorts): Promise<readonly Finding[]> {
  expect(await runCli(['doctor', '--json'], ports, { json: true, debug: false })).toBe(0)
  return (JSON.parse(ports.stdout.join('')) as { findings: Finding[] }).findings
}

/** A server whose clock is that far ahead. */
const serverTime =
  (aheadMs = 0, headers: Record<string, string> = {}) =>
  () => ({ status: 405, headers: { date: new Date(NOW_MS + aheadMs).toUTCString(), ...headers } })

const signedIn = (world: FakeWorld = {}, change: Partial<Account> = {}) => {
  const file = { ...newAuthFile('file-1'), storage: 'keychain', accounts: [account(change)] }
  const ports = fakePorts({ file, answers: [serverTime()], ...world })
  ports.bundles.set(account().id, bundle())
  return ports
}

const worse = (found: readonly Finding[]) => found.filter(({ level }) => level !== 'ok')

describe('aiauth doctor', () => {
  it('finds nothing wrong where all is well, asks one server for the time alone and changes nothing', async () => {
    const ports = signedIn({ inspection: { entry: (path) => (path === HOME ? PRIVATE : undefined) } })
    const before = ports.current()
    const found = await findings(ports)
    expect(worse(found)).toEqual([])
    expect(found.map(({ id }) => id)).toEqual([
      ...['node', 'proxy', 'network', 'clock', 'home', 'config', 'auth-file', 'storage'],
    ])
    expect(ports.current()).toEqual(before)
    expect(ports.requests).toEqual([
      {
        purpose: 'time',
        method: 'GET',
        url: 'https://platform.claude.com/v1/oauth/token',
        headers: { accept: '*/*', 'user-agent': expect.any(String) as string },
      },
    ])
  })

  const inFolder = (change: Partial<Entry>, name = '') => ({
    entry: (path: string) => (path === HOME + name ? { ...PRIVATE, ...change } : path === HOME ? PRIVATE : undefined),
  })

  it.each<readonly [string, FakeWorld, Partial<Account>, Partial<Finding>]>([
    ['an old Node', { inspection: { nodeVersion: '18.20.1' } }, {}, { id: 'node', level: 'problem' }],
    [
      'an open inspector',
      { variables: { NODE_OPTIONS: '--inspect=9229' } },
      {},
      { id: 'node-options', level: 'warning', fix: 'unset NODE_OPTIONS where tokens are used' },
    ],
    [
      'a proxy that is none',
      { variables: { HTTPS_PROXY: 'socks5://127.0.0.1:1' } },
      {},
      { id: 'proxy', level: 'problem' },
    ],
    [
      'certificates that are not there',
      { variables: { NODE_EXTRA_CA_CERTS: '/nowhere.pem' } },
      {},
      { id: 'certificates', level: 'problem', fix: 'correct or unset NODE_EXTRA_CA_CERTS' },
    ],
    [
      'a stray key',
      { variables: { ANTHROPIC_API_KEY: 'sk-secret' } },
      {},
      { id: 'environment', level: 'warning', fix: 'unset ANTHROPIC_API_KEY, or start programs with aiauth exec' },
    ],
    [
      'a folder that others can look into',
      { inspection: inFolder({ mode: 0o755 }) },
      {},
      { id: 'home', level: 'warning', fix: `chmod 700 ${HOME}` },
    ],
    [
      'a folder that others can write to',
      { inspection: inFolder({ mode: 0o777 }) },
      {},
      { id: 'home', level: 'warning', message: `others can write to ${HOME} (mode 0777)` },
    ],
    ['a folder of somebody else', { inspection: inFolder({ isOurs: false }) }, {}, { id: 'home', level: 'problem' }],
    [
      'a file that others can read',
      { inspection: inFolder({ kind: 'file', mode: 0o644 }, '/vault.json') },
      {},
      { id: 'files', level: 'warning', fix: `chmod 600 ${HOME}/vault.json` },
    ],
    [
      'a file left of a killed run',
      { inspection: { ...inFolder({}), names: () => ['auth.json.new', 'auth.json'] } },
      {},
      { id: 'leftovers', fix: `when no aiauth runs: rm -r ${HOME}/auth.json.new` },
    ],
    [
      'a copy that somebody has made, and not of locks',
      {
        inspection: {
          ...inFolder({}),
          names: () => ['auth.json.lock', 'vault.json', 'auth.json.bak', 'vault.json.lock'],
        },
      },
      {},
      {
        id: 'leftovers',
        message: `${HOME}/auth.json.bak is a copy that nobody looks after, and may hold secrets`,
        fix: `when you do not need it: rm -r ${HOME}/auth.json.bak`,
      },
    ],
    [
      'a copy that a syncing program has made',
      { inspection: { ...inFolder({}), names: () => ['auth.json', "vault (ada's copy).json"] } },
      {},
      { id: 'leftovers', fix: `when you do not need it: rm -r '${HOME}/vault (ada'\\''s copy).json'` },
    ],
    [
      'settings that cannot be used',
      { inspection: inFolder({}), config: { providers: [] } },
      {},
      { id: 'config', level: 'problem' },
    ],
    [
      'a locked storage',
      { brokenVault: new AuthError('storage-locked', 'the keychain is locked', { hint: 'unlock it' }) },
      {},
      { id: 'storage', level: 'problem', message: 'the keychain is locked', fix: 'unlock it' },
    ],
    [
      'an account that needs a sign-in',
      {},
      { state: 'needs-login', stateReason: 'the grant has ended' },
      {
        id: 'accounts',
        level: 'problem',
        message: 'work is needs-login: the grant has ended',
        fix: 'aiauth reauthenticate work',
      },
    ],
    [
      'a key log of connections',
      { variables: { NODE_OPTIONS: '--max-old-space-size=99 --tls-keylog=/tmp/k' } },
      {},
      { message: 'NODE_OPTIONS has --tls-keylog, which writes the keys of every connection to a file' },
    ],
    [
      'code that runs beside ours',
      { variables: { NODE_OPTIONS: '--require /opt/debug.js --enable-source-maps' } },
      {},
      { message: 'NODE_OPTIONS has --require, which runs other code within aiauth' },
    ],
    ['a clock that went back', {}, { updatedAt: '2026-11-21T18:00:00.000Z' }, { id: 'clock', level: 'warning' }],
    [
      'a clock that another one contradicts',
      { answers: [serverTime(90_000)] },
      {},
      {
        id: 'clock',
        level: 'warning',
        message:
          'the clock says 2026-11-21T10:00:00.000Z, and that of platform.claude.com 2026-11-21T10:01:30.000Z: one of them is wrong',
        fix: 'set the clock of this machine; tokens are renewed by it',
      },
    ],
    [
      'a server without a time',
      { answers: [() => ({ status: 405 })] },
      {},
      { id: 'clock', level: 'note', fix: 'compare the clock of this machine yourself' },
    ],
    [
      'a server with a time that is none',
      { answers: [serverTime(0, { age: '9'.repeat(40) })] },
      {},
      { id: 'clock', level: 'note', fix: 'compare the clock of this machine yourself' },
    ],
    [
      'a home that is copied to other machines',
      { inspection: { ...inFolder({}), syncedBy: () => 'Dropbox' } },
      {},
      {
        id: 'home',
        level: 'note',
        message: `Dropbox copies ${HOME} to other machines, and locks do not hold across machines`,
        fix: 'set AIAUTH_HOME to a folder that stays here',
      },
    ],
    [
      'a storage of a later version',
      {},
      { secret: { store: 'enclave', generation: 1, renewable: true } },
      { id: 'storage', level: 'problem', message: 'this program knows no storage named enclave' },
    ],
    [
      'tokens in clear',
      {},
      { secret: { store: 'plaintext', generation: 1, renewable: true } },
      {
        id: 'storage',
        level: 'warning',
        message: 'tokens are readable by anyone who can read memory (storage plaintext)',
        fix: 'aiauth storage set keychain, or aiauth storage set passphrase',
      },
    ],
  ])('tells of %s', async (_name, world, change, expected) => {
    const found = worse(await findings(signedIn(world, change)))
    expect(found).toEqual([expect.objectContaining(expected)])
  })

  it('says that no server was reached, as a note, and that the clock was not compared', async () => {
    const unreachable = new AuthError('network', 'platform.claude.com:443 could not be reached', { hint: 'the hint' })
    const world: FakeWorld = {
      answers: [
        () => {
          throw unreachable
        },
      ],
    }
    expect(worse(await findings(signedIn(world)))).toEqual([
      { id: 'network', level: 'note', message: unreachable.message, fix: 'the hint' },
      {
        id: 'clock',
        level: 'note',
        message: 'the clock says 2026-11-21T10:00:00.000Z; no server was reached to compare it with',
        fix: null,
      },
    ])
  })

  it('allows for the age of an answer out of a cache', async () => {
    expect(worse(await findings(signedIn({ answers: [serverTime(-3_600_000, { age: '3600' })] })))).toEqual([])
  })

  it('asks the server of an account that is in use, by its own proxy', async () => {
    const ports = signedIn({}, { provider: 'openai', mode: 'codex', proxy: 'http://proxy.example:3128' })
    await findings(ports)
    expect(ports.requests.map(({ url }) => url)).toEqual(['https://auth.openai.com/oauth/token'])
    expect(ports.proxies).toEqual(['http://proxy.example:3128'])
  })

  it.each<readonly [string, KeychainService, Partial<Finding>]>([
    [
      'nobody keeps',
      { hasBus: true, isOwned: false },
      {
        level: 'note',
        message:
          "no program on the D-Bus session owns org.freedesktop.secrets; the keychain package would go on to the kernel's keyring, which a restart empties, and aiauth does not let it",
      },
    ],
    ['is asked for in vain', { hasBus: true, isOwned: undefined }, { level: 'note' }],
    [
      'is locked',
      { hasBus: true, isOwned: true, program: 'keepassxc', collection: 'tokens', isLocked: true },
      {
        level: 'warning',
        message: 'org.freedesktop.secrets belongs to keepassxc, its default collection tokens is locked',
        fix: 'unlock it',
      },
    ],
    [
      'is gone after a log-out',
      { hasBus: true, isOwned: true, program: 'gnome-keyring-daemon', collection: 'session', isLocked: false },
      { level: 'warning' },
    ],
  ])('tells of a keychain that %s', async (_case, service, expected) => {
    const ports = signedIn({ inspection: { keychainService: () => Promise.resolve(service) } })
    expect(worse(await findings(ports))).toEqual([expect.objectContaining({ id: 'keychain', ...expected })])
  })

  it('K5: tells of tokens that are gone', async () => {
    const ports = signedIn()
    ports.bundles.clear()
    expect(worse(await findings(ports))).toEqual([
      {
        id: 'accounts',
        level: 'problem',
        message: 'the tokens of work are gone from the keychain',
        fix: 'aiauth reauthenticate work',
      },
    ])
  })

  it('tells of secrets that nobody refers to, and of a move that was cut off', async () => {
    const ports = signedIn()
    const look = { driver: 'a file', where: '/v', names: ['stray'], formerKeys: 0, trouble: undefined }
    const storages = { ...ports.storages, look: () => Promise.resolve(look), kinds: () => ['plaintext'] as const }
    storages.keepMove({ kinds: ['plaintext', 'keychain'], accountIds: [] })
    const told = worse(await findings({ ...ports, storages })).map(({ level, message }) => [level, message])
    expect(told).toContainEqual(['warning', 'secrets in plaintext that belong to no account: 1 (/v)'])
    expect(told).toContainEqual(['warning', 'a move to another storage was cut off, and secrets may stand in both'])
  })

  it('asks nobody for a passphrase, and says what it could not compare', async () => {
    const locked = new AuthError('storage-locked', 'it opens with the passphrase, which is not at hand', { hint: 'H' })
    const inspection = { toolFiles: [{ tool: 'Codex', path: CODEX }] }
    const accounts = [account({ secret: { store: 'passphrase', generation: 1, renewable: true } })]
    const file = { ...newAuthFile('file-1'), storage: 'passphrase', accounts }
    const ports = signedIn({
      ...{ file, inspection, foreign: { [CODEX]: codexWith('RT-1') } },
      brokenVault: new AuthError('internal', 'it was read'),
    })
    const look = { driver: 'a file', where: '/v', names: [account().id], formerKeys: 0, trouble: locked }
    const storages = { ...ports.storages, look: () => Promise.resolve(look) }
    expect(worse(await findings({ ...ports, storages }))).toEqual([
      { id: 'storage', level: 'note', message: `passphrase: ${locked.message}`, fix: 'H' },
      expect.objectContaining({ id: 'copies', level: 'note', fix: 'open the storage, then aiauth doctor' }),
    ])
  })

  const codexWith = (refreshToken: string) =>
    JSON.stringify({ tokens: { access_token: 'AT-x', refresh_token: refreshToken } })

  it('tells of a grant that lives in another file too, and not of a link to that file', async () => {
    const inspection = { toolFiles: [{ tool: 'Codex', path: CODEX }] }
    const world = { inspection, foreign: { [CODEX]: codexWith('RT-1') } }
    expect(worse(await findings(signedIn(world)))).toEqual([
      {
        id: 'copies',
        level: 'problem',
        message: `the grant of work also lives in Codex's ${CODEX}; the next renewal there signs you out here`,
        fix: 'aiauth reauthenticate work, for a grant of its own',
      },
    ])
    expect(worse(await findings(signedIn(world, { linkedTo: { tool: 'codex', path: CODEX } })))).toEqual([])
    const other = { inspection, foreign: { [CODEX]: codexWith('RT-2') } }
    expect(worse(await findings(signedIn(other)))).toEqual([])
  })

  it('tells of backups in clear', async () => {
    const ports = signedIn({ inspection: inFolder({}) })
    const facts = { kind: 'migration', source: CODEX, custody: 'linked', accounts: [], storage: 'keychain' } as const
    const { path } = ports.backups.create(new Secret('{}'), facts)
    expect(worse(await findings(ports))).toEqual([
      expect.objectContaining({ id: 'backups', message: `the backup ${path} holds secrets in clear` }),
    ])
  })

  it('never shows what a variable or a file holds', async () => {
    const world = { variables: { ANTHROPIC_API_KEY: 'sk-secret' }, foreign: { [CODEX]: codexWith('RT-1') } }
    const ports = signedIn({ ...world, inspection: { toolFiles: [{ tool: 'Codex', path: CODEX }] } })
    await runCli(['doctor'], ports, { json: false, debug: false })
    expect(ports.stdout.join('') + ports.stderr.join('')).not.toMatch(/sk-secret|RT-1/)
  })
})
