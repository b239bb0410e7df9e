import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatAuthFile, newAuthFile } from '../../src/auth-file/format.ts'
import type { Account } from '../../src/model/account.ts'
import { Secret } from '../../src/model/secret.ts'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { fingerprint } from '../../src/vault/fingerprint.ts'
import { startOneUseServer, type OneUseServer } from '../e2e/one-use-server.ts'
import { account, bundle } from '../fakes/account.ts'
import { codexFile, codexTokensIn, idToken } from '../fakes/linked.ts'
import { put, runOnDisk, temporaryFolders, traces, type Folders } from '../fakes/on-disk.ts'

let server: OneUseServer
beforeAll(async () => {
  server = await startOneUseServer()
})
afterAll(() => server.close())

const parsed = ({ stdout }: { readonly stdout: string }) => JSON.parse(stdout) as Record<string, unknown>
const migrate = async (folders: Folders, ...more: string[]) =>
  parsed(await runOnDisk(['migrate-auth', '--json', ...more], folders))
const fileOf = ({ authFile }: Folders) =>
  JSON.parse(readFileSync(authFile, 'utf8')) as { accounts: Account[]; preferences: object }
const namesIn = (folders: Folders) => fileOf(folders).accounts.map(({ name }) => name)
const tokenOf = async (folders: Folders, name: string) => (await runOnDisk(['token', name], folders)).stdout.trimEnd()

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const startedAtMs = Date.now()
const hours = (count: number) => startedAtMs + count * 3_600_000
const inHours = (count: number) => new Date(hours(count)).toISOString()

/** An access token that ends so many hours from now; without hours nobody can tell. */
function access(number: number, ends?: number, accountId = 'acc-1'): string {
  const auth = { 'https://api.openai.com/auth': { chatgpt_account_id: accountId, chatgpt_plan_type: 'plus' } }
  return `e30.${part({ number, ...(ends !== undefined && { exp: Math.floor(hours(ends) / 1000) }), ...auth })}.c2ln`
}

function codex(number: number, ends?: number, accountId = 'acc-1', more: object = {}): string {
  const id = idToken('plus', accountId)
  return codexFile({ access: access(number, ends, accountId), refresh: `RT-${number}`, accountId, id, ...more })
}

/** What its claim says. */
function endOf(token: string): string {
  const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp: number }
  return new Date(exp * 1000).toISOString()
}

/** A home with an account of its own, as a sign-in would have left it. */
async function withAccount(change: Partial<Account> = {}): Promise<Folders> {
  const folders = temporaryFolders()
  const token = access(1, 2)
  const secret = { store: 'plaintext', generation: 1, renewable: true, fingerprint: fingerprint(new Secret(token)) }
  const expiresAt = endOf(token)
  const facts = { provider: 'openai', mode: 'codex', name: 'openai', accountId: 'acc-1', secret, expiresAt }
  const own = account({ ...facts, ...change })
  put(folders.authFile, formatAuthFile({ ...newAuthFile('file-1'), storage: 'plaintext', accounts: [own] }))
  const tokens = { ...bundle().tokens, accessToken: new Secret(token), refreshToken: new Secret('RT-1') }
  await sealedVaultOnDisk(folders.home, undefined).write(
    bundle({ accountId: own.id, provider: own.provider, tokens: { ...tokens, expiresAtMs: Date.parse(expiresAt) } }),
  )
  return folders
}

describe('aiauth migrate-auth, beside accounts that are there', () => {
  const CASES: readonly [string, string, Partial<Account>, object][] = [
    ['newer tokens of it renew it', codex(2, 5), {}, { outcome: 'migrated', accounts: ['openai'] }],
    ['older tokens of it are left', codex(2, 1), {}, { outcome: 'nothing-to-do', accounts: [] }],
    [
      'tokens that end when its own do are kept beside',
      codex(2, 2),
      {},
      { outcome: 'migrated', accounts: ['openai-2'] },
    ],
    ['tokens of an unknown age are kept beside', codex(2), {}, { outcome: 'migrated', accounts: ['openai-2'] }],
    ['its own tokens are nothing new', codex(1, 2), {}, { outcome: 'nothing-to-do', accounts: [] }],
    [
      'tokens of another account get another name',
      codex(2, 5, 'acc-2'),
      {},
      { outcome: 'migrated', accounts: ['openai-2'] },
    ],
    ['a name in other letters counts as taken', codex(2, 5, 'acc-2'), { name: 'OpenAI' }, { accounts: ['openai-2'] }],
    [
      'a name of another provider’s account, too',
      codex(2, 5),
      { provider: 'claude', mode: 'max' },
      { accounts: ['openai-2'] },
    ],
  ]
  it.each(CASES)('M20: %s', async (_case, text, change, expected) => {
    const folders = await withAccount(change)
    const [before] = fileOf(folders).accounts
    put(folders.codexFile, text)
    const report = await migrate(folders)
    expect(report).toMatchObject(expected)
    expect(readFileSync(folders.codexFile, 'utf8')).toBe(text)
    const { accounts } = fileOf(folders)
    const isRenewed = (report['accounts'] as string[]).includes(before?.name ?? '')
    expect(accounts.find(({ id }) => id === before?.id)).toMatchObject(
      isRenewed ? { name: 'openai', createdAt: before?.createdAt, secret: { generation: 2 } } : { ...before },
    )
    const held =
      report['outcome'] === 'nothing-to-do'
        ? access(1, 2)
        : (JSON.parse(text) as { tokens: { access_token: string } }).tokens.access_token
    const name = (report['accounts'] as string[])[0] ?? 'openai'
    expect((await tokenOf(folders, name)).split('.')[1]?.slice(0, 16)).toBe(held.split('.')[1]?.slice(0, 16))
    const still = traces(folders)
    expect(await migrate(folders)).toMatchObject({ outcome: 'nothing-to-do' })
    expect(Object.keys(traces(folders))).toEqual(Object.keys(still))
    await migrate(folders, '--rollback')
    if (report['outcome'] === 'migrated' && !isRenewed) expect(fileOf(folders).accounts).toEqual([before])
  })

  it('M20: needs no third account when a second one of unknown age is renewed by Codex', async () => {
    const folders = await withAccount()
    put(folders.codexFile, codex(2))
    await migrate(folders)
    expect(namesIn(folders)).toEqual(['openai', 'openai-2'])
    put(folders.codexFile, codex(3, undefined, 'acc-1', { lastRefresh: inHours(1) }))
    expect(await migrate(folders)).toMatchObject({ outcome: 'migrated', accounts: ['openai-2'] })
    expect(namesIn(folders)).toEqual(['openai', 'openai-2'])
  })

  it('M20: keeps fields that nobody knows, in the file, in accounts and in preferences', async () => {
    const folders = await withAccount({ mystery: { a: 1 } } as Partial<Account>)
    const content = { ...fileOf(folders), ahead: [1], preferences: { costOptimization: false, later: 'x' } }
    put(folders.authFile, content)
    put(folders.codexFile, codex(2, 5, 'acc-2'))
    await migrate(folders)
    expect(fileOf(folders)).toMatchObject({
      ahead: [1],
      accounts: [{ mystery: { a: 1 } }, { name: 'openai-2' }],
      preferences: { costOptimization: false, later: 'x' },
    })
  })
})

describe('aiauth migrate-auth, when Codex signs in again afterwards', () => {
  it('M12: as the same account: token takes it over, migrate-auth has nothing left to do', async () => {
    const folders = temporaryFolders()
    put(folders.codexFile, codex(1, -1))
    await migrate(folders)
    put(folders.codexFile, codex(2, 5))
    const status = parsed(await runOnDisk(['status', '--json'], folders))
    expect(status).toMatchObject({ accounts: [{ name: 'openai', state: 'expired' }] })
    expect((await tokenOf(folders, 'openai')).split('.')[1]?.slice(0, 16)).toBe(
      access(2, 5).split('.')[1]?.slice(0, 16),
    )
    expect(await migrate(folders)).toMatchObject({ outcome: 'nothing-to-do' })
    expect(namesIn(folders)).toEqual(['openai'])
    expect(readFileSync(folders.codexFile, 'utf8')).toContain('RT-2')
  })

  it('M12: as the same account: migrate-auth brings it in, and the way back keeps what Codex did', async () => {
    const folders = temporaryFolders()
    put(folders.codexFile, codex(1, 1))
    await migrate(folders)
    const [{ id } = { id: '' }] = fileOf(folders).accounts
    const again = codex(2, 5)
    put(folders.codexFile, again)
    expect(await migrate(folders)).toMatchObject({ outcome: 'migrated', accounts: ['openai'] })
    expect(fileOf(folders).accounts).toMatchObject([{ id, name: 'openai', linkedTo: { tool: 'codex' } }])
    for (let round = 1; round <= 2; round++) await migrate(folders, '--rollback')
    expect(readFileSync(folders.codexFile, 'utf8')).toBe(again)
  })

  it('M12: as another account: nothing of it is taken or overwritten, and migrate-auth brings it in beside', async () => {
    const folders = temporaryFolders()
    const family = server.newFamily()
    put(join(folders.home, 'config.json'), { providers: { openai: { tokenEndpoint: server.tokenEndpoint } } })
    put(folders.codexFile, codexFile({ access: family.accessToken, refresh: family.refreshToken }))
    await migrate(folders)
    const another = codex(7, 5, 'acc-2')
    put(folders.codexFile, another)
    const renewed = await runOnDisk(['refresh', 'openai'], folders)
    expect(renewed.stderr).toContain('codex is signed in as another account now; aiauth migrate-auth brings it in')
    expect([readFileSync(folders.codexFile, 'utf8'), family.grants]).toEqual([another, 1])
    expect(await migrate(folders)).toMatchObject({ outcome: 'migrated', accounts: ['openai-2'] })
    expect(namesIn(folders)).toEqual(['openai', 'openai-2'])
    expect(await migrate(folders, '--rollback')).toMatchObject({ outcome: 'rolled-back', accounts: ['openai-2'] })
    expect(await migrate(folders, '--rollback')).toMatchObject({ outcome: 'rolled-back', accounts: ['openai'] })
    expect(readFileSync(folders.codexFile, 'utf8')).toBe(another)
  })

  it('M12: after a taking over, its new sign-in stays its own', async () => {
    const folders = temporaryFolders()
    put(folders.codexFile, codex(1, 1))
    await migrate(folders, '--take-over')
    expect(readFileSync(folders.codexFile, 'utf8')).not.toContain('RT-1')
    const again = codex(2, 5)
    put(folders.codexFile, again)
    await migrate(folders, '--rollback')
    expect(codexTokensIn(readFileSync(folders.codexFile, 'utf8'))).toMatchObject({ refresh: 'RT-2' })
  })
})

describe('the new file after aiauth migrate-auth', () => {
  it('has the preferences of a new one, and what the ID token tells', async () => {
    const folders = temporaryFolders()
    const organizations = [{ id: 'org-1', title: 'Ours', is_default: true, role: 'owner' }]
    const auth = { chatgpt_account_id: 'acc-1', chatgpt_plan_type: 'pro', organizations }
    const id = `e30.${part({ email: 'ada@example.com', 'https://api.openai.com/auth': auth })}.c2ln`
    const token = access(1, 4)
    const text = codexFile({ access: token, id, lastRefresh: '2026-11-01T10:00:00.123456789Z' })
    put(folders.authFile, text.replace('"OPENAI_API_KEY": null', '"OPENAI_API_KEY": "sk-fake"'))
    const report = await migrate(folders)
    expect(report).toMatchObject({
      accounts: ['openai', 'openai-api-key'],
      notes: ['the file holds a sign-in and an API key; Codex uses the sign-in (openai)'],
    })
    const { preferences, accounts } = fileOf(folders)
    expect(preferences).toEqual({
      defaultAccount: null,
      preferredProvider: null,
      fallbackEnabled: true,
      selectionStrategy: 'cost-optimized',
      costOptimization: true,
    })
    expect(accounts).toMatchObject([
      {
        name: 'openai',
        provider: 'openai',
        mode: 'codex',
        tier: 'pro',
        email: 'ada@example.com',
        accountId: 'acc-1',
        organizations: [{ id: 'org-1', name: 'Ours' }],
        expiresAt: endOf(token),
        lastRefreshedAt: '2026-11-01T10:00:00.123Z',
        linkedTo: null,
        secret: { store: 'plaintext', generation: 1, renewable: true },
      },
      { name: 'openai-api-key', provider: 'openai', mode: 'api-key', expiresAt: null, secret: { renewable: false } },
    ])
    expect(accounts.map(({ history }) => history)).toMatchObject([[{ event: 'migrated' }], [{ event: 'migrated' }]])
    const { effective } = parsed(await runOnDisk(['status', '--json'], folders))
    expect(effective).toMatchObject({ account: 'openai' })
  })
})

describe('aiauth migrate-auth, in the place of our own old file', () => {
  it.each([
    ['the very same grant', codex(1, 2), (folders: Folders) => ({ tool: 'codex', path: folders.codexFile })],
    ['another grant', codex(2, 2), () => null],
    ['nothing that can be read', '{"tokens":', () => null],
  ] as const)('links the account where the file of Codex holds %s', async (_name, theirs, linkedTo) => {
    const folders = temporaryFolders()
    put(folders.authFile, codex(1, 2))
    put(folders.codexFile, theirs)
    expect(await migrate(folders)).toMatchObject({ outcome: 'migrated', accounts: ['openai'] })
    expect(fileOf(folders).accounts[0]?.linkedTo).toEqual(linkedTo(folders))
    expect(await migrate(folders, '--rollback')).toMatchObject({ outcome: 'rolled-back' })
    expect([readFileSync(folders.authFile, 'utf8'), readFileSync(folders.codexFile, 'utf8')]).toEqual([
      codex(1, 2),
      theirs,
    ])
  })
})
