// Benchmarks as ratios in one run: commands take turns with `node -e 0` (A B A B …), and what
// counts is the median of the paired ratios. Never a test: times depend on the machine.
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { login } from './sign-in.js'

const ROOT = process.cwd()
const BIN = join(ROOT, 'bin', 'aiauth.js')
const ROUNDS = Number(process.argv[2] ?? 25)
const WARM_UPS = 3

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** A home with so many accounts, the first of them signed in by a real login. */
async function homeWith(count, env) {
  const home = mkdtempSync(join(tmpdir(), 'aiauth-bench-'))
  const server = await provider()
  writeFileSync(join(home, 'config.json'), JSON.stringify(server.settings))
  const ownEnv = { ...env, AIAUTH_HOME: home }
  const callback = await login(ownEnv)
  server.close()
  const file = JSON.parse(spawnSync('cat', [join(home, 'auth.json')], { encoding: 'utf8' }).stdout)
  const [first] = file.accounts
  for (let index = 1; index < count; index++)
    file.accounts.push({ ...first, id: randomUUID(), name: `account-${index}` })
  writeFileSync(join(home, 'auth.json'), JSON.stringify(file, undefined, 2), { mode: 0o600 })
  return { env: ownEnv, callback, remove: () => rmSync(home, { recursive: true, force: true }) }
}

/** A token endpoint that answers at once. */
function provider() {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({ access_token: 'A'.repeat(1500), refresh_token: 'R'.repeat(200), expires_in: 28_800 }),
      )
    })
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const origin = `http://127.0.0.1:${server.address().port}`
      const claude = { authorizationEndpoint: `${origin}/authorize`, tokenEndpoint: `${origin}/token` }
      resolve({ settings: { providers: { claude } }, close: () => server.close() })
    })
  })
}

function time(argv, env) {
  const startedAt = process.hrtime.bigint()
  const { status } = spawnSync(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  if (status !== 0) throw new Error(`${argv.join(' ')} exited ${status}`)
  return Number(process.hrtime.bigint() - startedAt) / 1e6
}

function compare(words, argv, env) {
  const ratios = []
  const times = []
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    const base = time(['-e', '0'], env)
    const own = time([BIN, ...argv], env)
    if (round < 0) continue
    ratios.push(own / base)
    times.push(own)
  }
  console.log(`${words.padEnd(44)} ${median(ratios).toFixed(2)}x  ${median(times).toFixed(1)} ms`)
}

/** Peak memory in MiB, as the kernel counted it. */
function peak(words, argv, env) {
  const { stderr } = spawnSync('/usr/bin/time', ['-f', '%M', process.execPath, ...argv], { env, encoding: 'utf8' })
  const kibibytes = Number(stderr.trim().split('\n').at(-1))
  if (kibibytes > 0) console.log(`${words.padEnd(44)} ${(kibibytes / 1024).toFixed(1)} MiB`)
}

async function measure(words, env) {
  const ten = await homeWith(10, env)
  const thousand = await homeWith(1000, env)
  try {
    if (env.AIAUTH_STORAGE === 'plaintext') {
      compare('--version', ['--version'], ten.env)
      compare('--help', ['--help'], ten.env)
      compare('status, 10 accounts', ['status'], ten.env)
      compare('status, 10 accounts, coloured', ['status'], { ...ten.env, FORCE_COLOR: '1' })
      compare('status, 1000 accounts', ['status'], thousand.env)
      peak('peak memory: node -e 0', ['-e', '0'], ten.env)
      peak('peak memory: status', [BIN, 'status'], ten.env)
      peak('peak memory: token', [BIN, 'token', 'claude'], ten.env)
    }
    compare(`token, ${words}`, ['token', 'claude'], ten.env)
    compare(`token, 1000 accounts, ${words}`, ['token', 'claude'], thousand.env)
    const callbacks = []
    const server = await provider()
    writeFileSync(join(ten.env.AIAUTH_HOME, 'config.json'), JSON.stringify(server.settings))
    for (let round = 0; round < 11; round++) callbacks.push(await login(ten.env, `bench-${round}`))
    server.close()
    console.log(`${`callback to stored and told, ${words}`.padEnd(44)} ${median(callbacks).toFixed(1)} ms`)
  } finally {
    ten.remove()
    thousand.remove()
  }
}

console.log(`node ${process.versions.node}, ${ROUNDS} rounds`)
const bare = { PATH: process.env.PATH, HOME: tmpdir() }
if (process.env.AIAUTH_BENCH_KEYRING === undefined) {
  await measure('plaintext', { ...bare, AIAUTH_STORAGE: 'plaintext' })
  // The same once more, on a private bus with a keyring of its own.
  const box = spawnSync(
    'sh',
    [join(ROOT, 'test', 'bench', 'with-keyring.sh'), process.execPath, process.argv[1], String(ROUNDS)],
    {
      env: { ...bare, AIAUTH_BENCH_KEYRING: '1' },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  process.exitCode = box.status ?? 1
} else {
  const { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR, HOME } = process.env
  await measure('Secret Service', {
    ...bare,
    HOME,
    DBUS_SESSION_BUS_ADDRESS,
    XDG_RUNTIME_DIR,
    AIAUTH_STORAGE: 'keychain',
  })
}
