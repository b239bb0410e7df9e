import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { formatAuthFile, newAuthFile } from '../../src/auth-file/format.ts'
import { Secret } from '../../src/model/secret.ts'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { account, bundle } from '../fakes/account.ts'
import { BIN, filesIn, run, start, temporaryHome } from './program.ts'

const TOKEN = 'sk-ant-oat01-SEEN'
const LATER_MS = Date.now() + 7_200_000

/** A home with one Claude account whose token lasts. */
async function home(passphrase?: string): Promise<string> {
  const folder = temporaryHome()
  const store = passphrase === undefined ? 'plaintext' : 'passphrase'
  const work = account({
    secret: { store, generation: 1, renewable: true },
    expiresAt: new Date(LATER_MS).toISOString(),
  })
  const file = { ...newAuthFile('f'), storage: store, accounts: [work] }
  writeFileSync(join(folder, 'auth.json'), formatAuthFile(file), { mode: 0o600 })
  const tokens = { ...bundle().tokens, accessToken: new Secret(TOKEN), expiresAtMs: LATER_MS }
  const words = passphrase === undefined ? undefined : () => Promise.resolve(new Secret(passphrase))
  await sealedVaultOnDisk(folder, words).write(bundle({ tokens }))
  return folder
}

const node = (code: string) => ['--', process.execPath, '-e', code]

describe('aiauth exec', () => {
  it('X9: gives the token to the child’s environment and to nobody else', async () => {
    const folder = await home('PASSPHRASE-LEAK')
    const env = {
      AIAUTH_STORAGE: 'passphrase',
      AIAUTH_PASSPHRASE: 'PASSPHRASE-LEAK',
      ANTHROPIC_API_KEY: 'KEY-LEAK',
      KEPT: 'yes',
    }
    const dump = `
      const { readFileSync } = require('fs')
      const proc = (pid, file) => readFileSync('/proc/' + pid + '/' + file, 'utf8')
      const shown = process.platform !== 'linux' ? [] : ['self', process.ppid].map((pid) => proc(pid, 'cmdline'))
      const parent = process.platform !== 'linux' ? '' : proc(process.ppid, 'environ')
      console.log(JSON.stringify({ env: process.env, shown, parent }))`
    const { stdout, stderr, exitCode } = await run(['exec', 'work', ...node(dump)], { home: folder, env })
    expect([exitCode, stderr]).toEqual([
      0,
      'aiauth: warning: ANTHROPIC_API_KEY is not passed on: it would bill your API account\n',
    ])
    const seen = JSON.parse(stdout) as { env: Record<string, string>; shown: string[]; parent: string }
    expect(seen.env).toEqual({
      PATH: process.env['PATH'],
      HOME: folder,
      AIAUTH_HOME: folder,
      AIAUTH_STORAGE: 'passphrase',
      KEPT: 'yes',
      CLAUDE_CODE_OAUTH_TOKEN: TOKEN,
      AIAUTH_TOKEN: TOKEN,
      AIAUTH_PROVIDER: 'claude',
      AIAUTH_ACCOUNT: 'work',
    })
    expect(seen.shown.join() + seen.parent).not.toContain(TOKEN)
  })

  it('hands on stdin, stdout, stderr, every word behind -- and the exit code, and leaves nothing behind', async () => {
    const folder = await home()
    const before = filesIn(folder)
    const code = `process.stdin.on('data', (text) => console.error(text + '!')).on('end', () => {
      console.log(JSON.stringify(process.argv.slice(1))); process.exitCode = 42 })`
    const words = ['--', '--json', '--', 'a b', '']
    const ended = await run(['exec', ...node(code), ...words], { home: folder, input: 'typed' })
    expect(ended).toEqual({
      exitCode: 42,
      signal: null,
      stdout: `${JSON.stringify(['--json', '--', 'a b', ''])}\n`,
      stderr: 'typed!\n',
    })
    expect(Object.keys(filesIn(folder)).filter((name) => !(name in before) && !name.startsWith('uses'))).toEqual([])
  })

  it('warns of a helper in Claude Code’s own settings', async () => {
    const folder = await home()
    writeFileSync(join(folder, 'settings.json'), JSON.stringify({ apiKeyHelper: 'LEAK' }))
    const { stderr } = await run(['exec', '--', 'true'], { home: folder, env: { CLAUDE_CONFIG_DIR: folder } })
    expect(stderr).toBe(
      'aiauth: warning: $CLAUDE_CONFIG_DIR/settings.json sets apiKeyHelper, which is used in place of this account\n',
    )
    writeFileSync(join(folder, 'settings.json'), '{"apiKeyHelper"')
    expect((await run(['exec', '--', 'true'], { home: folder, env: { CLAUDE_CONFIG_DIR: folder } })).stderr).toBe('')
  })

  it('exits 127 and 126 like a shell, with a line and a hint', async () => {
    const folder = await home()
    const missing = await run(['exec', '--', 'no-such-command'], { home: folder })
    expect([missing.exitCode, missing.stderr]).toEqual([
      127,
      'aiauth: error: the command no-such-command cannot be found\naiauth: hint: command -v no-such-command\n',
    ])
    const folderAsCommand = await run(['exec', '--', '/'], { home: folder })
    expect(folderAsCommand.exitCode).toBe(126)
    expect(folderAsCommand.stderr).toMatch(/^aiauth: error: the command \/ cannot be run \(EACCES\)\naiauth: hint: /)
  })

  it('ends by the signal that ended the child, and gives the child the signals that it gets', async () => {
    const folder = await home()
    const killed = await run(['exec', ...node(`process.kill(process.pid, 'SIGKILL')`)], { home: folder })
    expect([killed.exitCode, killed.signal]).toEqual([null, 'SIGKILL'])
    const code = `process.on('SIGTERM', () => process.exit(7)); console.error('ready'); setInterval(() => {}, 1000)`
    const running = start(['exec', ...node(code)], { home: folder })
    await running.sees(/ready/)
    running.process.kill('SIGTERM')
    expect((await running.ended).exitCode).toBe(7)
  })

  it('holds no lock while the child runs', async () => {
    const folder = await home()
    const script = `${process.execPath} ${BIN} token && ${process.execPath} ${BIN} logout work --local-only`
    const { exitCode, stdout } = await run(['exec', '--', 'sh', '-c', script], { home: folder })
    expect([exitCode, stdout]).toEqual([0, `${TOKEN}\n`])
  })
})

describe.skipIf(process.platform !== 'linux')('aiauth exec in a terminal', () => {
  /** Runs a line of bash in a terminal of its own; what is typed goes in by `type`. */
  async function terminal(line: string) {
    const folder = await home()
    const child = spawn('script', ['-qfec', line, '/dev/null'], {
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        AIAUTH_HOME: folder,
        SHELL: '/bin/bash',
        AIAUTH: `${process.execPath} ${BIN}`,
      },
    })
    let screen = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => (screen += part))
    const ended = new Promise<string>((resolve) => child.once('close', () => resolve(screen)))
    onTestFinished(() => void child.kill('SIGKILL'))
    const sees = async (pattern: RegExp) => {
      while (!pattern.test(screen)) await sleep(20)
    }
    return { type: (text: string) => child.stdin.write(text), sees, ended }
  }

  it('gives Ctrl-C to the child once, waits for it, and ends as it ends', async () => {
    const child = `trap 'echo one >&2' INT; echo ready; n=0; while [ $n -lt 60 ]; do n=$((n+1)); sleep 0.01; done; exit 5`
    const { type, sees, ended } = await terminal(
      `$AIAUTH exec -- bash -c "${child.replaceAll('$', '\\$')}"; echo "code $?"`,
    )
    await sees(/ready/)
    type('\u0003')
    const screen = await ended
    expect(screen).toContain('code 5')
    expect(screen.match(/one/g)).toHaveLength(1)
  })

  it('ends by SIGINT when the child does, so that a loop around it ends too', async () => {
    const { type, sees, ended } = await terminal(`while :; do $AIAUTH exec -- sh -c 'echo ready; sleep 5'; done`)
    await sees(/ready/)
    type('\u0003')
    expect((await ended).match(/ready/g)).toHaveLength(1)
  })

  it.each([
    ['Ctrl-Z', '', '\u001a'],
    ['a child that stops itself alone', 'kill -STOP $$;', ''],
  ])('gives the terminal back to the shell on %s, and goes on with fg', async (_case, before, keys) => {
    const { type, sees, ended } = await terminal('bash --norc -i')
    type(`PS1='> '; $AIAUTH exec -- sh -c 'echo rea""dy; ${before} read word; echo "got $word"; exit 9'\n`)
    await sees(/ready/)
    type(keys)
    await sees(/Stopped/)
    type('echo back-in-the-sh""ell\n')
    await sees(/back-in-the-shell/)
    type('fg\n')
    await sleep(200)
    type('hello\n')
    await sees(/got hello/)
    type('echo "code $?"; exit\n')
    expect(await ended).toContain('code 9')
  })
})

describe('aiauth env', () => {
  it.each(['sh', 'bash'])('can be evaluated by %s', async (shell) => {
    const folder = await home()
    const script = `eval "$($AIAUTH env work)"; echo "$CLAUDE_CODE_OAUTH_TOKEN $AIAUTH_ACCOUNT \${ANTHROPIC_API_KEY-gone}"`
    const { stdout, stderr } = spawnSync(shell, ['-c', script], {
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        AIAUTH_HOME: folder,
        AIAUTH: `${process.execPath} ${BIN}`,
        ANTHROPIC_API_KEY: 'x',
      },
    })
    expect(stdout).toBe(`${TOKEN} work gone\n`)
    expect(stderr).toContain('ANTHROPIC_API_KEY is not passed on')
    expect(readFileSync(join(folder, 'auth.json'), 'utf8')).not.toContain(TOKEN)
  })
})
