import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { accessToken, codexFile } from '../fakes/linked.ts'
import { BIN, filesIn, run, temporaryHome } from './program.ts'

const CTRL_C = '\u0003'
const isWithout = spawnSync('script', ['--version']).error !== undefined && process.env['CI'] === undefined

describe.skipIf(isWithout)('aiauth migrate-auth, at a terminal', () => {
  it('shows what will be done and what it means before it asks, and Ctrl-C leaves everything as it is', async () => {
    const home = homeWithCodex()
    const terminal = atTerminal(['migrate-auth', '--take-over'], home, { AIAUTH_STORAGE: 'plaintext' })
    await terminal.sees('go on? [Y/n] ')
    expect(terminal.screen()).toContain('\r\n- Codex is left without tokens, whatever codex login status says;')
    expect(
      terminal
        .screen()
        .split('\r\n')
        .filter((line) => line.length > 80 && !line.includes(home)),
    ).toEqual([])
    terminal.type(CTRL_C)
    expect(await terminal.ended).toBe(130)
    expect(terminal.screen()).toMatch(/\r\naiauth: error: cancelled; nothing was changed\r\n$/)
    expect(Object.keys(filesIn(home))).toEqual(['.codex', '.codex/auth.json'])
  })

  it('asks for the passphrase in the middle of a rollback where it can be seen, and Ctrl-C ends that', async () => {
    const home = homeWithCodex()
    const file = join(home, 'passphrase')
    writeFileSync(file, 'correct horse', { mode: 0o600 })
    const env = { AIAUTH_STORAGE: 'passphrase', CODEX_HOME: join(home, '.codex') }
    const migrated = await run(['migrate-auth'], { home, env: { ...env, AIAUTH_PASSPHRASE_FILE: file } })
    expect(migrated.exitCode).toBe(0)
    const before = readFileSync(join(home, 'auth.json'), 'utf8')
    for (const [typed, exitCode] of [
      [CTRL_C, 130],
      ['correct horse\n', 0],
    ] as const) {
      expect(readFileSync(join(home, 'auth.json'), 'utf8')).toBe(before)
      const terminal = atTerminal(['migrate-auth', '--rollback'], home, env)
      await terminal.sees('roll back the last migration? [y/N] ')
      terminal.type('y\n')
      await terminal.sees('passphrase of the vault: ')
      // Long enough for a spinner to come, and to draw.
      await sleep(500)
      expect(terminal.screen().endsWith('passphrase of the vault: ')).toBe(true)
      terminal.type(typed)
      expect(await terminal.ended).toBe(exitCode)
    }
    expect(readFileSync(join(home, 'auth.json'), 'utf8')).not.toBe(before)
  })

  it('refuses a backup that is not there before it asks anything', async () => {
    const terminal = atTerminal(['migrate-auth', '--rollback', 'nobody'], homeWithCodex(), {})
    expect(await terminal.ended).toBe(2)
    expect(terminal.screen()).toBe(
      'aiauth: error: no backup named nobody\r\naiauth: hint: aiauth migrate-auth --list-backups\r\n',
    )
  })
})

describe('aiauth migrate-auth --check', () => {
  it('knows how much room there is before its folder is made', async () => {
    const home = homeWithCodex()
    const env = { AIAUTH_HOME: join(home, 'new', 'folder'), CODEX_HOME: join(home, '.codex') }
    const { stdout } = await run(['migrate-auth', '--check', '--json'], { home, env })
    const { check } = JSON.parse(stdout) as { check: { points: { point: string; message: string }[] } }
    expect(check.points.find(({ point }) => point === 'room')?.message).toMatch(/^\d+ MiB are free$/)
    expect(Object.keys(filesIn(home))).toEqual(['.codex', '.codex/auth.json'])
  })
})

function homeWithCodex(): string {
  const home = temporaryHome()
  mkdirSync(join(home, '.codex'), { mode: 0o700 })
  writeFileSync(join(home, '.codex', 'auth.json'), codexFile({ access: accessToken(1, 3600) }), { mode: 0o600 })
  return home
}

/** The program at a terminal of 80 columns. */
function atTerminal(argv: readonly string[], home: string, env: Readonly<Record<string, string>>) {
  const words = [process.execPath, BIN, ...argv, '--no-color'].map((word) => `"${word}"`).join(' ')
  const child = spawn('script', ['-qfec', `stty cols 80; exec ${words}`, '/dev/null'], {
    env: {
      PATH: process.env['PATH'],
      SHELL: '/bin/sh',
      TERM: 'xterm',
      HOME: home,
      AIAUTH_HOME: home,
      CODEX_HOME: join(home, '.codex'),
      ...env,
    },
  })
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (screen += part))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    ended,
    screen: () => screen,
    type: (text: string) => void child.stdin.write(text),
    /** The test's limit ends the wait. */
    async sees(text: string) {
      while (!screen.includes(text)) await sleep(10)
    },
  }
}
