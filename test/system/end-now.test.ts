import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { keychainOn } from '../real/child-keychain.ts'
import { bundled } from '../real/bundled.ts'
import { startSecretService, whyNoSecretService, type SecretService } from '../real/secret-service.ts'

const PATIENT = '60000'

describe.skipIf(whyNoSecretService() !== undefined)('endNow', () => {
  let program: string
  let service: SecretService
  beforeAll(async () => {
    program = await bundled('test/real/reads-directly.ts')
    service = await startSecretService({ dialogs: 'open' })
    const keychain = keychainOn(service.env, { childPath: await bundled('src/system/keychain-child.ts') })
    await keychain.setPassword('account', 'value')
    keychain.close()
  })
  afterEach(() => service.lock())
  afterAll(() => service.stop())

  /** Runs the program, interrupts it where asked, and gives what it printed and the exit code that a shell sees. */
  async function run(options: readonly string[], interrupted = false): Promise<{ code: number; printed: string }> {
    const child = spawn(process.execPath, [program, ...options], {
      env: service.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      printed += part
      if (interrupted && part.includes('asked')) child.kill('SIGINT')
    })
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    return { code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], printed }
  }

  // Unlocked in the first test, locked from then on.
  it('ends with the exit code when nothing is pending', async () => {
    expect(await run([PATIENT, 'execve'])).toEqual({ code: 0, printed: 'asked\nexit 0\n' })
  })

  describe.each(['execve', 'no-execve'])('where a dialog is open (%s)', (way) => {
    it('K4: ends with the exit code at the limit', async () => {
      expect(await run(['500', way])).toEqual({ code: 7, printed: 'asked\nexit 7\n' })
    })

    it('K4: ends with the exit code on Ctrl-C', async () => {
      expect(await run([PATIENT, way], true)).toEqual({ code: 130, printed: 'asked\nexit 130\n' })
    })
  })

  describe.each(['execve', 'no-execve'])('while a file is waited for that never opens (%s)', (way) => {
    it('ends with the exit code on Ctrl-C', async () => {
      const fifo = join(dirname(program), 'fifo')
      execFileSync('mkfifo', [fifo])
      expect((await run([PATIENT, way, fifo], true)).code).toBe(130)
      rmSync(fifo)
    })
  })
})
