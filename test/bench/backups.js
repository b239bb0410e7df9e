// Benchmark of the list of backups as a ratio in one run: 1,000 of 4 KB, half of them sealed, each
// verified by its checksum. Never a test: times depend on the machine.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

const ROOT = process.cwd()
const ROUNDS = Number(process.argv[2] ?? 15)
const WARM_UPS = 3
const COUNT = 1000
const KEPT = 4096

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
const folder = mkdtempSync(join(tmpdir(), 'aiauth-bench-'))

/** The adapter as it is shipped, and a program that lists with it. */
async function build() {
  const [adapter, secret] = ['system/backups-on-disk.ts', 'model/secret.ts'].map((file) => join(ROOT, 'src', file))
  const entry = join(folder, 'entry.js')
  writeFileSync(entry, `export * from ${JSON.stringify(adapter)}; export * from ${JSON.stringify(secret)}`)
  const bundle = await rolldown({ input: entry, platform: 'node', external: [/^node:/] })
  await bundle.write({ file: join(folder, 'backups.cjs'), format: 'cjs' })
  await bundle.close()
  const lister = join(folder, 'lists.cjs')
  writeFileSync(
    lister,
    `const all = require('./backups.cjs').backupsOnDisk(__dirname).list()
     if (all.length !== ${COUNT} || all.some(({ checksum }) => checksum !== 'ok')) process.exit(1)`,
  )
  return { ...createRequire(import.meta.url)(join(folder, 'backups.cjs')), lister }
}

/** Copies of two, a plain one and a sealed one: making each by itself would sync thousands of times. */
function fill({ backupsOnDisk, Secret }) {
  const backups = backupsOnDisk(folder, () => Date.UTC(2026, 0, 1))
  const accounts = [{ id: 'id-1', name: 'work', part: 'tokens', isNew: true }]
  const facts = { kind: 'migration', source: '/home/ada/.codex/auth.json', custody: 'linked', storage: 'keychain' }
  const made = [1, 2].map(() => backups.create(new Secret('x'.repeat(KEPT)), { ...facts, accounts }))
  backups.seal(made[1], backups.newKey())
  const models = made.map(({ path }) => ({
    copy: readFileSync(path),
    manifest: JSON.parse(readFileSync(path.replace(/json$/, 'manifest'), 'utf8')),
  }))
  for (let sequence = 3; sequence <= COUNT; sequence++) {
    const { copy, manifest } = models[sequence % 2]
    const id = `${made[0].id}-${sequence}`
    writeFileSync(join(folder, 'backup', `${id}.json`), copy)
    writeFileSync(join(folder, 'backup', `${id}.manifest`), JSON.stringify({ ...manifest, id, sequence }, undefined, 2))
  }
}

function time(argv) {
  const startedAt = process.hrtime.bigint()
  const { status } = spawnSync(process.execPath, argv, { stdio: 'ignore' })
  if (status !== 0) throw new Error(`${argv.join(' ')} exited ${status}`)
  return Number(process.hrtime.bigint() - startedAt) / 1e6
}

try {
  const built = await build()
  fill(built)
  console.log(`node ${process.versions.node}, ${ROUNDS} rounds`)
  const [ratios, times] = [[], []]
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    const base = time(['-e', '0'])
    const own = time([built.lister])
    if (round >= 0) ratios.push(own / base) && times.push(own)
  }
  console.log(
    `list of ${COUNT} backups of 4 KB`.padEnd(44),
    `${median(ratios).toFixed(2)}x  ${median(times).toFixed(1)} ms`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
