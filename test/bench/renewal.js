// Benchmarks of renewal as ratios in one run: one process, and 50 at once, against a token
// endpoint of its own process that answers at once or after 300 ms.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { login } from './sign-in.js'

const ROOT = process.cwd()
const BIN = join(ROOT, 'bin', 'aiauth.js')
const ROUNDS = Number(process.argv[2] ?? 25)
const CROWD = 50
const CROWD_ROUNDS = 7
/** Below the 60 s that `token` wants to be left: each run renews. */
const SHORT_SECONDS = 30
/** Enough for one crowd, over when the next one comes. */
const CROWD_SECONDS = 65
const CROWD_PAUSE_MS = 5500
const WARM_UPS = 3

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

async function worldWith(delayMs, lifetimeSeconds) {
  const server = spawn(
    process.execPath,
    [join(ROOT, 'test', 'bench', 'one-use-server.js'), String(delayMs), String(lifetimeSeconds)],
    {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    },
  )
  const [line] = await once(server.stdout, 'data')
  const origin = `http://127.0.0.1:${Number(String(line))}`
  const home = mkdtempSync(join(tmpdir(), 'aiauth-bench-'))
  const claude = { authorizationEndpoint: `${origin}/authorize`, tokenEndpoint: `${origin}/token` }
  writeFileSync(join(home, 'config.json'), JSON.stringify({ providers: { claude } }))
  const env = { PATH: process.env.PATH, HOME: home, AIAUTH_HOME: home, AIAUTH_STORAGE: 'plaintext' }
  await login(env)
  return {
    env,
    count: async () => (await fetch(`${origin}/count`)).json(),
    remove() {
      server.disconnect()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

function time(argv, env) {
  const startedAt = process.hrtime.bigint()
  const { status, stderr } = spawnSync(process.execPath, argv, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${argv.join(' ')} exited ${status}: ${stderr}`)
  return Number(process.hrtime.bigint() - startedAt) / 1e6
}

/** All of a crowd at once; returns the time until the last one has ended, and what they printed. */
async function crowd(argv, env) {
  const startedAt = process.hrtime.bigint()
  const ends = Array.from({ length: CROWD }, () => {
    const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    return once(child, 'close').then(([code]) => ({ code, out }))
  })
  const all = await Promise.all(ends)
  return { ms: Number(process.hrtime.bigint() - startedAt) / 1e6, all }
}

const show = (words, ratios, times) =>
  console.log(`${words.padEnd(44)} ${median(ratios).toFixed(2)}x  ${median(times).toFixed(1)} ms`)

async function measureOne(world) {
  const [ratios, times] = [[], []]
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    const base = time(['-e', '0'], world.env)
    const own = time([BIN, 'token', 'claude'], world.env)
    if (round >= 0) ratios.push(own / base) && times.push(own)
  }
  show('token with a renewal, 0 ms endpoint', ratios, times)
}

async function measureCrowd(words, world) {
  const [ratios, times, extra] = [[], [], []]
  let failed = 0
  const before = await world.count()
  for (let round = -1; round < CROWD_ROUNDS; round++) {
    const base = await crowd(['-e', '0'], world.env)
    await sleep(CROWD_PAUSE_MS)
    const own = await crowd([BIN, 'token', 'claude'], world.env)
    failed += own.all.filter(({ code, out }) => code !== 0 || out !== own.all[0].out).length
    if (round < 0) continue
    ratios.push(own.ms / base.ms)
    times.push(own.ms)
    extra.push(own.ms - base.ms)
  }
  const after = await world.count()
  show(words, ratios, times)
  const grants = after.granted - before.granted
  console.log(
    `  ${grants} grants in ${CROWD_ROUNDS + 1} rounds, ${after.refused} refused, ${failed} failed, +${median(extra).toFixed(0)} ms`,
  )
}

console.log(`node ${process.versions.node}, ${ROUNDS} rounds`)
const one = await worldWith(0, SHORT_SECONDS)
await measureOne(one)
one.remove()
for (const delayMs of [0, 300]) {
  const world = await worldWith(delayMs, CROWD_SECONDS)
  await measureCrowd(`${CROWD} parallel token, expired, ${delayMs} ms endpoint`, world)
  world.remove()
}
