import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesIn, run, temporaryHome } from './program.ts'
import { fastVault, homeWith, PASSPHRASE, typed } from './storage-world.ts'

const LEGACY = JSON.stringify({ tokens: { id_token: 'x.e30.y', access_token: 'AT-1', refresh_token: 'RT-1' } })

describe('storage plaintext, chosen for a folder that is not fit for it', () => {
  it.each([
    ['login', ['login', 'claude']],
    ['the first half of a login', ['login', 'claude', '--begin']],
  ])('K15: ends %s before any address is shown, and keeps nothing but the yes to the terms', async (_, argv) => {
    const home = temporaryHome()
    chmodSync(home, 0o777)
    const { exitCode, stdout, stderr } = await run([...argv, '--accept-terms'], { home })
    expect([exitCode, stdout]).toEqual([7, ''])
    expect(stderr).toContain(`aiauth: error: plaintext is refused: others could write to ${home} (mode 0777)\n`)
    expect(stderr).toContain(`aiauth: hint: chmod 700 ${home} and look at what is in it, or choose `)
    expect(stderr).not.toContain('authorize?')
    expect(Object.keys(filesIn(home))).toEqual(['config.json'])
  })

  it('K15: ends a migration before its first step', async () => {
    const home = join(temporaryHome(), 'Nextcloud', 'aiauth')
    mkdirSync(home, { recursive: true, mode: 0o700 })
    writeFileSync(join(home, 'auth.json'), LEGACY, { mode: 0o600 })
    const { exitCode, stderr } = await run(['migrate-auth'], { home })
    expect(exitCode).toBe(7)
    expect(stderr).toContain(`aiauth: error: plaintext is refused: Nextcloud copies ${home} to other machines\n`)
    expect(Object.keys(filesIn(home))).toEqual(['auth.json'])
  })

  it('K15: leaves everything in the storage that it was to be moved out of', async () => {
    const home = await homeWith('passphrase', ['work'], fastVault)
    const before = filesIn(home)
    writeFileSync(join(home, '.stfolder'), '')
    const env = { AIAUTH_PASSPHRASE: PASSPHRASE, AIAUTH_STORAGE: undefined }
    const { exitCode, stderr } = await typed('storage set plaintext', home, env)
    expect(exitCode).toBe(7)
    expect(stderr).toContain(`plaintext is refused: Syncthing copies ${home} to other machines`)
    expect(filesIn(home)).toEqual({ ...before, '.stfolder': '644' })
  })
})
