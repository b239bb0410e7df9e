// Benchmarks of a migration and of the list of backups, as ratios to `node -e 0` in one run.
// Never a test: times depend on the machine.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = process.cwd()
const BIN = join(ROOT, 'bin', 'aiauth.js')
const ROUNDS = Number(process.argv[2] ?? 15)
const WARM_UPS = 3
const BACKUPS = 1000

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
const folder = mkdtempSync(join(tmpdir(), 'aiauth-bench-'))
const { file } = JSON.parse(readFileSync(join(ROOT, 'test/vectors/codex/provenance-and-owner.json'), 'utf8'))

/** A new home with Codex's file beside it, not migrated yet. */
function world(name, env) {
  const [home, codex] = [join(folder, name), join(folder, `${name}-codex`)]
  for (const each of [home, codex]) mkdirSync(each, { mode: 0o700 })
  writeFileSync(join(codex, 'auth.json'), JSON.stringify(file, undefined, 2), { mode: 0o600 })
  return { ...env, AIAUTH_HOME: home, CODEX_HOME: codex }
}

function time(argv, env) {
  const startedAt = process.hrtime.bigint()
  const { status, stderr } = spawnSync(process.execPath, argv, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${argv.join(' ')} exited ${status}: ${stderr}`)
  return Number(process.hrtime.bigint() - startedAt) / 1e6
}

function compare(words, argv, envOf) {
  const [ratios, times] = [[], []]
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    const env = envOf(round)
    const base = time(['-e', '0'], env)
    const own = time([BIN, 'migrate-auth', ...argv], env)
    if (round >= 0) ratios.push(own / base) && times.push(own)
  }
  console.log(`${words.padEnd(44)} ${median(ratios).toFixed(2)}x  ${median(times).toFixed(1)} ms`)
}

/** The one backup that a migration has made, over and over: making each would sync thousands of times. */
function multiply(home) {
  const backup = join(home, 'backup')
  const [copy, manifest] = readdirSync(backup).sort()
  const [text, facts] = [readFileSync(join(backup, copy)), JSON.parse(readFileSync(join(backup, manifest), 'utf8'))]
  for (let sequence = 2; sequence <= BACKUPS; sequence++) {
    const id = `${facts.id}-${sequence}`
    writeFileSync(join(backup, `${id}.json`), text)
    writeFileSync(join(backup, `${id}.manifest`), JSON.stringify({ ...facts, id, sequence }, undefined, 2))
  }
}

function measure(words, env) {
  compare(`migration, ${words}`, [], (round) => world(`${words}${round}`.replace(' ', ''), env))
  if (env.AIAUTH_STORAGE !== 'plaintext') return
  const many = world('many', env)
  time([BIN, 'migrate-auth'], many)
  multiply(many.AIAUTH_HOME)
  compare(`list of ${BACKUPS} backups`, ['--list-backups', '--json'], () => many)
}

try {
  const bare = { PATH: process.env.PATH, HOME: folder }
  if (process.env.AIAUTH_BENCH_KEYRING === undefined) {
    console.log(`node ${process.versions.node}, ${ROUNDS} rounds`)
    measure('plaintext', { ...bare, AIAUTH_STORAGE: 'plaintext' })
    // The same once more, on a private bus with a keyring of its own.
    const argv = [join(ROOT, 'test', 'bench', 'with-keyring.sh'), process.execPath, process.argv[1], String(ROUNDS)]
    const env = { ...bare, AIAUTH_BENCH_KEYRING: '1' }
    process.exitCode = spawnSync('sh', argv, { env, stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1
  } else {
    const { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR } = process.env
    measure('Secret Service', { ...bare, DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR, AIAUTH_STORAGE: 'keychain' })
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
