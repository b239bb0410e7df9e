// Makes a fresh clone ready: packages as the lockfile says, then the build. Plain JavaScript
// without packages, since it runs before there are any.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')

function run(words, argv) {
  process.stderr.write(`${words}\n`)
  const { status, error } = spawnSync(argv[0], argv.slice(1), {
    cwd: ROOT,
    // Results of the command that follows stay alone on stdout.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (error !== undefined || status !== 0) process.exit(status || 1)
}

const newest = (folder) =>
  readdirSync(join(ROOT, folder), { recursive: true }).reduce(
    (latest, file) => Math.max(latest, statSync(join(ROOT, folder, file)).mtimeMs),
    0,
  )
const mtime = (file) => (existsSync(join(ROOT, file)) ? statSync(join(ROOT, file)).mtimeMs : 0)

if (mtime('node_modules/.package-lock.json') < mtime('package-lock.json')) {
  run('installing the packages (npm ci)', ['npm', 'ci', '--no-audit', '--no-fund'])
}
const sources = Math.max(newest('src'), newest('test/sandbox'), newest('test/demo'), mtime('rolldown.config.js'))
if (Math.min(mtime('dist/aiauth.cjs'), mtime('build/demo.mjs')) < sources) {
  run('building', ['npm', 'run', '--silent', 'build'])
}
