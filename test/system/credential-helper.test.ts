import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { AuthError } from '../../src/model/errors.ts'
import { credentialHelper, type HelperOptions } from '../../src/system/credential-helper.ts'
import { helperNamed } from '../real/pass-helper.ts'

/** What a helper prints on stderr in these tests. */
const SECRET = 'hunter2-is-the-passphrase'

function helper(script: string, change: Partial<HelperOptions> = {}) {
  const folder = helperNamed('odd', `#!/bin/sh\n${script}\n`)
  const path = `${folder}:/usr/bin:/bin`
  const options = { interactive: false, onSlow: () => undefined, limitMs: 5000, path, ...change }
  return { folder, verbs: credentialHelper('odd', options) }
}

async function failure(work: Promise<unknown>): Promise<AuthError> {
  return (await work.then(
    () => undefined,
    (error: unknown) => error,
  )) as AuthError
}

describe('credentialHelper', () => {
  it('speaks the protocol of docker: an address in, a record out', async () => {
    const { folder, verbs } = helper('cat > "$0.$1"; echo \'{"ServerURL":"x","Username":"u","Secret":"s-1"}\'')
    const seen = (verb: string) => readFileSync(join(folder, `docker-credential-odd.${verb}`), 'utf8')
    expect(await verbs.getPassword('vault/1')).toBe('s-1')
    await verbs.setPassword('vault/1', 'k-1')
    await verbs.deletePassword('vault/1')
    expect([seen('get'), seen('erase')]).toEqual(['https://aiauth.invalid/vault/1', 'https://aiauth.invalid/vault/1'])
    expect(JSON.parse(seen('store'))).toEqual({
      ServerURL: 'https://aiauth.invalid/vault/1',
      Username: 'aiauth',
      Secret: 'k-1',
    })
  })

  it('takes what every helper says of nothing for nothing', async () => {
    const { verbs } = helper("echo 'credentials not found in native keychain'; exit 1")
    expect(await verbs.getPassword('vault/1')).toBeUndefined()
    await expect(verbs.deletePassword('vault/1')).resolves.toBeUndefined()
  })

  it.each([
    ['fails with secrets on both channels', `echo ${SECRET}; echo ${SECRET} >&2; exit 1`, 'exit code 1'],
    ['prints no JSON', `echo ${SECRET}`, 'its answer cannot be read'],
    ['prints another shape', `echo '["${SECRET}"]'`, 'its answer cannot be read'],
    ['prints no secret', 'echo \'{"Secret":""}\'', 'its answer cannot be read'],
    ['prints without end', `yes ${SECRET}`, 'its answer is too long'],
    ['kills itself', 'kill -9 $$', 'it was killed'],
  ])('K13: says what is wrong with a helper that %s, and shows none of it', async (_case, script, words) => {
    const error = await failure(helper(script).verbs.getPassword('vault/1'))
    expect(error).toMatchObject({
      code: 'storage-unavailable',
      message: `docker-credential-odd failed: ${words}`,
      hint: 'try it by hand: docker-credential-odd list',
    })
    expect(JSON.stringify([error.message, error.hint, String(error.cause)])).not.toContain(SECRET)
  })

  it('K4, K13: ends a helper that hangs, with all that it has started', async () => {
    const { verbs } = helper('sleep 94711 & sleep 94711', { limitMs: 700 })
    expect(await failure(verbs.getPassword('vault/1'))).toMatchObject({ code: 'storage-timed-out' })
    await sleep(200)
    const commands = readdirSync('/proc').flatMap((pid) => {
      const file = `/proc/${pid}/cmdline`
      return /^\d+$/.test(pid) && existsSync(file) ? [readFileSync(file, 'utf8')] : []
    })
    expect(commands.filter((words) => words.includes('94711'))).toEqual([])
  })

  it('ends it at Ctrl-C', async () => {
    const controller = new AbortController()
    const { verbs } = helper('sleep 94712', { signal: controller.signal })
    const failed = failure(verbs.getPassword('vault/1'))
    setTimeout(() => controller.abort(), 300)
    expect(await failed).toMatchObject({ code: 'cancelled' })
  })

  it('does not mind one that reads nothing', async () => {
    const { verbs } = helper('exit 0')
    await expect(verbs.setPassword('vault/1', 'x'.repeat(200_000))).resolves.toBeUndefined()
  })

  it.each([
    ['none', undefined],
    ['an empty one', ''],
    ['one of relative folders', '.:bin'],
  ])('K13: starts nothing with %s as PATH', async (_case, path) => {
    const error = await failure(helper('exit 0', { path }).verbs.getPassword('vault/1'))
    expect(error).toMatchObject({
      code: 'storage-unavailable',
      message: 'there is no program docker-credential-odd on your PATH',
    })
  })

  it('withholds the passphrase from it', async () => {
    process.env['AIAUTH_PASSPHRASE_FILE'] = '/somewhere'
    const { folder, verbs } = helper('env > "$0.env"')
    await verbs.deletePassword('vault/1')
    delete process.env['AIAUTH_PASSPHRASE_FILE']
    expect(readFileSync(join(folder, 'docker-credential-odd.env'), 'utf8')).not.toContain('AIAUTH_PASSPHRASE')
  })
})
