import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { runCli } from '../../src/cli.ts'
import type { Account } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import type { Entry, Finding } from '../../src/model/inspection.ts'
import { Secret } from '../../src/model/secret.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, type FakePorts, type FakeWorld } from '../fakes/ports.ts'

const HOME = '/home/ada/.config/aiauth'
const CODEX = '/home/ada/.codex/auth.json'
const PRIVATE: Entry = { kind: 'folder', mode: 0o700, isOurs: true, isLink: false }

async function findings(ports: FakePorts): Promise<readonly Finding[]> {
  expect(await runCli(['doctor', '--json'], ports, { json: true, debug: false })).toBe(0)
  return (JSON.parse(ports.stdout.join('')) as { findings: Finding[] }).findings
}

const signedIn = (world: FakeWorld = {}, change: Partial<Account> = {}) => {
  const file = { ...newAuthFile('file-1'), storage: 'keychain', accounts: [account(change)] }
  const ports = fakePorts({ file, ...world })
  ports.bundles.set(account().id, bundle())
  return ports
}

const worse = (found: readonly Finding[]) => found.filter(({ level }) => level !== 'ok')

describe('aiauth doctor', () => {
  it('finds nothing wrong where all is well, asks nobody and changes nothing', async () => {
    const ports = signedIn({ inspection: { entry: (path) => (path === HOME ? PRIVATE : undefined) } })
    const before = ports.current()
    const found = await findings(ports)
    expect(worse(found)).toEqual([])
    expect(found.map(({ id }) => id)).toEqual(['node', 'proxy', 'home', 'config', 'auth-file', 'storage', 'clock'])
    expect([ports.current(), ports.requests]).toEqual([before, []])
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
    ['a clock that went back', {}, { updatedAt: '2026-11-21T18:00:00.000Z' }, { id: 'clock', level: 'warning' }],
  ])('tells of %s', async (_name, world, change, expected) => {
    const found = worse(await findings(signedIn(world, change)))
    expect(found).toEqual([expect.objectContaining(expected)])
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
