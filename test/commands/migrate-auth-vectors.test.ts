import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { put, runOnDisk, temporaryFolders, traces, type Folders } from '../fakes/on-disk.ts'
import { vectorsOf, type Vector } from '../native-tools/vectors.ts'

/** What is expected of a vector, by the rules of its own program's reader. */
interface Expected {
  readonly error?: string
  readonly carries: readonly ('tokens' | 'api-key')[]
  readonly leaves: readonly { readonly field: string; readonly reason: string }[]
  readonly tokens?: { readonly accessToken: string; readonly expiresAt?: string }
  readonly apiKey?: string
  readonly identity?: { readonly email?: string; readonly accountId?: string; readonly tier?: string }
}

interface Way {
  readonly name: string
  readonly program: 'codex' | 'claude-code'
  readonly source: (folders: Folders) => string
  readonly argv: (folders: Folders) => string[]
  /** Our own file is upgraded even if nobody is signed in in it. */
  readonly isOurs: boolean
}

const WAYS: readonly Way[] = [
  { name: 'in place', program: 'codex', source: ({ authFile }) => authFile, argv: () => [], isOurs: true },
  { name: "as Codex's file", program: 'codex', source: ({ codexFile }) => codexFile, argv: () => [], isOurs: false },
  {
    name: 'by --from',
    program: 'codex',
    source: ({ codexHome }) => join(codexHome, 'elsewhere.json'),
    argv: ({ codexHome }) => ['--from', join(codexHome, 'elsewhere.json')],
    isOurs: false,
  },
  {
    name: "by --from, a file of Claude Code's",
    program: 'claude-code',
    source: ({ codexHome }) => join(codexHome, '.credentials.json'),
    argv: ({ codexHome }) => ['--from', join(codexHome, '.credentials.json')],
    isOurs: false,
  },
]

const expectedOf = ({ expected }: Vector) => expected as Expected
/** Without its one field nothing tells whose the file is. */
const isNobodys = ({ text }: Vector, { program }: Way) => program === 'claude-code' && !text.includes('claudeAiOauth')
const isDamaged = (vector: Vector) => expectedOf(vector).error !== undefined

for (const way of WAYS) {
  const vectors = vectorsOf(way.program)

  describe(`aiauth migrate-auth ${way.name}`, () => {
    for (const vector of vectors.filter((one) => !isDamaged(one) && !isNobodys(one, way))) {
      it(`M11, M15, M18: tells of ${vector.name}, brings it in once, and goes back byte by byte`, async () => {
        await thereAndBack(way, vector)
      })
    }

    it('M14: refuses what is damaged in one line and changes nothing', async () => {
      await Promise.all(vectors.filter(isDamaged).map((vector) => refused(way, vector)))
    })
  })
}

async function thereAndBack(way: Way, vector: Vector): Promise<void> {
  const folders = temporaryFolders()
  const [source, argv, expected] = [way.source(folders), way.argv(folders), expectedOf(vector)]
  put(source, vector.text)
  const secrets = secretsOf(vector)
  const run = async (...more: string[]) => {
    const ended = await runOnDisk(['migrate-auth', ...more], folders)
    for (const secret of secrets) expect(`${ended.stdout}${ended.stderr}`).not.toContain(secret)
    return ended
  }
  const untouched = traces(folders)
  const hasWork = way.isOurs || expected.carries.length > 0

  for (const look of [['--check'], ['--check', '--json'], ['--dry-run'], ['--dry-run', '--json']]) {
    const looked = await run(...look, ...argv)
    expect(looked, look.join(' ')).toMatchObject({ exitCode: 0 })
    expect(traces(folders), look.join(' ')).toEqual(untouched)
  }
  const { plan } = json(await run('--dry-run', '--json', ...argv))
  expect(plan === null).toBe(!hasWork)

  const first = await run('--json', ...argv)
  expect(first).toMatchObject({ exitCode: 0, stderr: hasWork ? (expect.any(String) as string) : '' })
  const report = json(first)
  expect(report['outcome']).toBe(hasWork ? 'migrated' : 'nothing-to-do')
  expect(report['accounts']).toEqual(hasWork ? namesFor(way, expected) : [])
  expect(namesOf(report['notCarried'])).toEqual(leftOf(way, expected, folders))
  if (!hasWork) {
    expect(traces(folders)).toEqual(untouched)
    return
  }
  expect(report['source']).toBe(source)
  expect(readFileSync(join(folders.home, 'migration-report.json'), 'utf8')).toBe(first.stdout)
  if (!way.isOurs) expect(readFileSync(source, 'utf8')).toBe(vector.text)
  assertNoSecret(folders, secrets, source)
  await assertAccounts(folders, way, expected)

  const migrated = traces(folders)
  const second = await run('--json', ...argv)
  expect(second.exitCode).toBe(0)
  expect(json(second)).toMatchObject({ outcome: 'nothing-to-do', backup: null, steps: [], accounts: [] })
  expect(traces(folders)).toEqual(migrated)

  const backup = report['backup'] as { id: string; path: string; sha256: string }
  expect(backup.sha256).toBe(createHash('sha256').update(vector.text).digest('hex'))
  const listed = json(await run('--list-backups', '--json'))
  expect(listed).toMatchObject({
    backups: [{ id: backup.id, bytes: Buffer.byteLength(vector.text), checksum: 'ok', accounts: report['accounts'] }],
  })
  const exported = await runOnDisk(['migrate-auth', '--export-backup', backup.id], folders)
  expect(exported).toEqual({ exitCode: 0, signal: null, stdout: vector.text, stderr: '' })

  const back = await run('--rollback', '--json')
  expect(back.exitCode).toBe(0)
  expect(json(back)).toMatchObject({ outcome: 'rolled-back', accounts: report['accounts'] })
  expect(readFileSync(join(folders.home, 'migration-report.json'), 'utf8')).toBe(back.stdout)
  expect(readFileSync(source, 'utf8')).toBe(vector.text)
  assertNoSecret(folders, secrets, source)
}

async function refused(way: Way, vector: Vector): Promise<void> {
  const folders = temporaryFolders()
  put(way.source(folders), vector.text)
  const untouched = traces(folders)
  for (const more of [['--json'], ['--check'], ['--dry-run']]) {
    const ended = await runOnDisk(['migrate-auth', ...more, ...way.argv(folders)], folders)
    expect(ended.exitCode, vector.name).toBe(8)
    if (more[0] === '--json') {
      const { error } = json(ended)
      expect(error).toEqual({
        code: 'auth-file-invalid',
        message: expect.any(String) as string,
        hint: expect.any(String) as string,
      })
    } else {
      expect(ended.stdout).toBe('')
      expect(ended.stderr).toMatch(/^aiauth: error: [^\n]+; it was left as it is\naiauth: hint: [^\n]+\n$/)
    }
    for (const part of vector.text.match(/[\w-]{20,}/g) ?? [])
      expect(`${ended.stdout}${ended.stderr}`).not.toContain(part)
  }
  expect(traces(folders), vector.name).toEqual(untouched)
}

async function assertAccounts(folders: Folders, way: Way, expected: Expected): Promise<void> {
  const names = namesFor(way, expected)
  const { accounts } = json(await runOnDisk(['status', '--json'], folders)) as { accounts: Record<string, unknown>[] }
  expect(accounts.map(({ name }) => name)).toEqual(names)
  for (const [index, part] of expected.carries.entries()) {
    const { email = null, accountId = null, tier = null } = part === 'tokens' ? (expected.identity ?? {}) : {}
    const expiresAt = part === 'tokens' ? (expected.tokens?.expiresAt ?? null) : null
    expect(accounts[index]).toMatchObject({ email, accountId, tier, expiresAt, storage: 'plaintext' })
    const isOver = expiresAt !== null && Date.parse(expiresAt) < Date.now() + 600_000
    if (isOver) continue
    const token = await runOnDisk(['token', names[index] ?? ''], folders)
    const stored = part === 'tokens' ? expected.tokens?.accessToken : expected.apiKey
    expect(token).toMatchObject({ exitCode: 0, stdout: `${stored ?? ''}\n` })
  }
}

function namesFor({ program }: Way, { carries }: Expected): string[] {
  const isBoth = carries.length === 2
  return carries.map((part) =>
    program === 'codex' ? (part === 'api-key' && isBoth ? 'openai-api-key' : 'openai') : 'claude',
  )
}

/** Fields of our own file that are kept need not be told of. */
function leftOf({ isOurs }: Way, { leaves }: Expected, { authFile }: Folders): string[] {
  const kept = isOurs ? Object.keys(JSON.parse(readFileSync(authFile, 'utf8')) as object) : []
  return leaves.map(({ field }) => field).filter((field) => !kept.includes(field))
}

const namesOf = (left: unknown) => (left as { field: string }[]).map(({ field }) => field)

function assertNoSecret({ home }: Folders, secrets: readonly string[], source: string): void {
  for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' })) {
    const path = join(home, name)
    const isCopy = path === source || /backup.auth_backup_[\d_-]+\.json$/.test(path)
    if (isCopy || !existsSync(path) || name === 'backup' || name === 'journal') continue
    for (const secret of secrets) expect(readFileSync(path, 'latin1'), name).not.toContain(secret)
  }
  if (isV2(source)) for (const secret of secrets) expect(readFileSync(source, 'latin1')).not.toContain(secret)
}

const isV2 = (path: string) => /^\{\n {2}"version": 2/.test(readFileSync(path, 'utf8'))

const TOKENS = ['OPENAI_API_KEY', 'id_token', 'access_token', 'refresh_token', 'accessToken', 'refreshToken']
const OTHERS = ['agent_identity', 'personal_access_token', 'bedrock_api_key', 'bedrock_access_keys']

/** Every text that stands where tokens stand. */
function secretsOf({ text }: Vector): string[] {
  const texts = (value: unknown, isSecret: boolean): string[] => {
    if (typeof value === 'string') return isSecret && value.trim().length > 5 ? [value.trim()] : []
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([name, member]) => {
      const isToken = TOKENS.includes(name) && typeof member === 'string'
      return texts(member, isToken || OTHERS.includes(name) || (isSecret && OTHERS.includes(name)))
    })
  }
  return texts(JSON.parse(text.replace(/^\uFEFF/, '')), false)
}

function json({ stdout }: { readonly stdout: string }): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>
}
