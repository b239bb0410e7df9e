import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { onTestFinished } from 'vitest'

const APT_LINE = 'apt-get install -y --no-install-recommends pass gnupg'
const PROGRAMS = ['pass', 'gpg', 'gpgconf']

/** Docker's protocol over pass(1), as one would write it by hand. */
const OVER_PASS = `#!/bin/sh
set -eu
name() { printf docker-; printf %s "$1" | base64 -w0 | tr '/+=' '_.,'; }
nothing() { echo 'credentials not found in native keychain'; exit 1; }
case "$1" in
store)
  item=$(cat)
  url=$(printf %s "$item" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/')
  printf '%s\\n' "$item" | pass insert --multiline --force "$(name "$url")" >/dev/null ;;
get) pass show "$(name "$(cat)")" 2>/dev/null || nothing ;;
erase) pass rm --force "$(name "$(cat)")" >/dev/null 2>&1 || nothing ;;
esac
`

/** A credential helper and the variables that lead a program to it. */
export interface Helper {
  readonly env: Readonly<Record<string, string>>
  /** Names of what it keeps. */
  readonly kept: () => string[]
}

/**
 * Why there is no pass(1) here (printed too), `undefined` when there is.
 *
 * @throws Error when CI is set on Linux: a suite that is skipped there would prove nothing.
 */
export function whyNoPass(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const missing = PROGRAMS.filter((program) => !folders.some((folder) => existsSync(join(folder, program))))
  if (missing.length === 0) return undefined
  const reason = `no ${missing.join(', ')} here: ${APT_LINE}`
  if (process.platform === 'linux' && (process.env['CI'] ?? '') !== '') throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return reason
}

/** A folder with this program as `docker-credential-<name>`, first on the `PATH`. */
export function helperNamed(name: string, script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'aiauth-helper-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, `docker-credential-${name}`), script)
  chmodSync(join(folder, `docker-credential-${name}`), 0o755)
  return folder
}

/** A password store of its own, with a key that needs no passphrase, and a helper over it. */
export function startPass(): Helper {
  const folder = helperNamed('pass', OVER_PASS)
  const [keys, store] = [join(folder, 'gnupg'), join(folder, 'store')]
  mkdirSync(keys, { mode: 0o700 })
  const path = `${folder}${delimiter}${process.env['PATH'] ?? ''}`
  const env = { PATH: path, GNUPGHOME: keys, PASSWORD_STORE_DIR: store, HOME: folder }
  const made = (program: string, ...words: string[]) => {
    const { status, stderr, stdout } = spawnSync(program, words, { env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program}: ${stderr}`)
    return stdout
  }
  made('gpg', '--batch', '--quiet', '--passphrase', '', '--quick-generate-key', 'aiauth', 'default', 'default', 'never')
  onTestFinished(() => void spawnSync('gpgconf', ['--kill', 'all'], { env }))
  made('pass', 'init', 'aiauth')
  const list = () => spawnSync('sh', ['-c', `cd "${store}" && ls`], { encoding: 'utf8' }).stdout.split('\n')
  return { env, kept: () => list().flatMap((file) => (file.endsWith('.gpg') ? [nameOf(file)] : [])) }
}

function nameOf(file: string): string {
  const encoded = file
    .replace(/^docker-|\.gpg$/g, '')
    .replaceAll('_', '/')
    .replaceAll('.', '+')
    .replaceAll(',', '=')
  return Buffer.from(encoded, 'base64').toString()
}
