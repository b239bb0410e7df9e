import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { runProgram, stateByPs } from '../../src/system/program-runner.ts'
import { bundled } from '../real/bundled.ts'

let program: string
beforeAll(async () => {
  program = await bundled('test/real/runs-program.ts')
})

interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; out: string }>
  readonly sees: (words: string) => Promise<void>
}

/** In a session of its own, so that no terminal is there, and a signal can be sent to the whole group. */
function start(words: readonly string[], input = ''): Run {
  const child = spawn(process.execPath, [program, ...words], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (out += part))
  // A program that ends at once reads nothing of it.
  child.stdin.on('error', () => undefined).end(input)
  onTestFinished(() => {
    try {
      process.kill(-Number(child.pid), 'SIGKILL')
    } catch {
      // The whole group has ended.
    }
  })
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    out,
  }))
  const sees = async (wanted: string) => {
    while (!out.includes(wanted)) await sleep(10)
  }
  return { child, ended, sees }
}

const sh = (script: string, ...words: string[]) => ['sh', '-c', script, 'sh', ...words]
const WAITING = 'echo ready; while :; do sleep 0.02; done'
const state = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.[0]

describe('runProgram', () => {
  it.each([0, 1, 42, 255])('gives the exit code %i of the program', async (code) => {
    expect(await start(sh(`exit ${code}`)).ended).toEqual({ code, signal: null, out: '' })
  })

  it('hands stdin, stdout and every word on as they are', async () => {
    const input = 'x'.repeat(1_000_000)
    const { out } = await start(sh('printf "[%s]" "$@"; cat', '--json', 'a b', '', "'$(id)", '--', 'é'), input).ended
    expect(out).toBe(`[--json][a b][]['$(id)][--][é]${input}`)
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const)('ends by %s when the program does', async (signal) => {
    const script = `kill -${signal.slice(3)} $$; sleep 5`
    expect(await start(sh(script)).ended).toEqual({ code: null, signal, out: '' })
  })

  it.each([
    ['QUIT', 131],
    ['ABRT', 134],
    ['SEGV', 139],
    ['USR1', 138],
    ['PIPE', 141],
  ])('X10: leaves no core file when the program ends by SIG%s, only the code %i', async (name, code) => {
    expect(await start(sh(`ulimit -c 0; kill -${name} $$; sleep 5`)).ended).toEqual({ code, signal: null, out: '' })
  })

  it.each(['TERM', 'HUP', 'INT', 'QUIT', 'USR1', 'USR2', 'WINCH'])(
    'passes SIG%s on once where there is no terminal, and leaves the exit code to the program',
    async (name) => {
      const { child, ended, sees } = start(sh(`trap 'echo got; sleep 0.1; exit 42' ${name}; ${WAITING}`))
      await sees('ready')
      child.kill(`SIG${name}` as NodeJS.Signals)
      expect(await ended).toEqual({ code: 42, signal: null, out: 'ready\ngot\n' })
    },
  )

  it('goes on as long as the program does, whatever it is sent', async () => {
    const { child, ended, sees } = start(sh(`trap 'echo one' INT; trap 'exit 0' TERM; ${WAITING}`))
    await sees('ready')
    child.kill('SIGINT')
    await sees('one')
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
  })

  it.runIf(process.platform === 'linux')(
    'stops when the program has stopped itself, and goes on with it, again and again',
    async () => {
      const { child, ended, sees } = start(sh('kill -STOP $$; echo once; sleep 0.3; kill -STOP $$; echo twice; exit 3'))
      const pid = Number(child.pid)
      const isStopped = async () => {
        while (state(pid) !== 'T') await sleep(10)
      }
      await isStopped()
      // What a shell's `fg` does, then what somebody does who knows only us.
      process.kill(-pid, 'SIGCONT')
      await sees('once')
      await isStopped()
      child.kill('SIGCONT')
      expect(await ended).toMatchObject({ code: 3, out: 'once\ntwice\n' })
    },
  )

  it('knows a stopped program by ps too', async () => {
    const child = spawn('sleep', ['60'])
    onTestFinished(() => void child.kill('SIGKILL'))
    expect(stateByPs(Number(child.pid))).toMatch(/^[SRD]/)
    child.kill('SIGSTOP')
    await sleep(50)
    expect(stateByPs(Number(child.pid))).toMatch(/^T/)
    expect(stateByPs(2 ** 30)).toBe('')
  })

  it('tells what cannot be found from what cannot be run', async () => {
    const plain = join(dirname(program), 'plain')
    writeFileSync(plain, 'exit 5\n')
    const said = async (...words: string[]) => (await start(words).ended).out
    expect(await said('no-such-command')).toBe('command-not-found: the command no-such-command cannot be found\n')
    expect(await said('/no/such')).toMatch(/^command-not-found: /)
    expect(await said('/etc/passwd/x')).toMatch(/^command-not-found: /)
    expect(await said('')).toMatch(/^command-not-found: /)
    expect(await said('/')).toBe('command-not-executable: the command / cannot be run (EACCES)\n')
    expect(await said(plain)).toMatch(/^command-not-executable: .*\(EACCES\)$/m)
    expect(await said('\u001b[2Jx')).toMatch(/the command x cannot be found/)
    // As a shell does, what has no interpreter is left to sh.
    chmodSync(plain, 0o700)
    expect(await start([plain]).ended).toMatchObject({ code: 5 })
  })

  it('starts nothing when Ctrl-C came before', async () => {
    const cancelled = new AuthError('cancelled', 'cancelled')
    const call = { command: 'touch', words: [join(dirname(program), 'touched')], variables: {} }
    await expect(runProgram(call, AbortSignal.abort(cancelled))).rejects.toBe(cancelled)
  })
})
