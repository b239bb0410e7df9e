import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freshToken } from '../../src/flows/fresh-token.ts'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { authFileOnDisk } from '../../src/system/auth-file-on-disk.ts'
import { journalOnDisk } from '../../src/system/journal-on-disk.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts, NOW_MS } from '../fakes/ports.ts'

describe('freshToken, asked many times in one process', () => {
  it('R24: sends one request for 100 askers, who all get its token', async () => {
    const home = mkdtempSync(join(tmpdir(), 'aiauth-flight-'))
    onTestFinished(() => rmSync(home, { recursive: true, force: true }))
    const body = JSON.stringify({ access_token: 'AT-2', refresh_token: 'RT-2', expires_in: 28_800 })
    const fake = fakePorts({ answers: [() => ({ body })] })
    fake.bundles.set(account().id, bundle({ tokens: { ...bundle().tokens, expiresAtMs: NOW_MS - 1000 } }))
    const ports = {
      ...fake,
      authFile: authFileOnDisk(home),
      journal: journalOnDisk(home, new AbortController().signal),
    }
    await ports.authFile.update(() => ({ ...newAuthFile('f'), storage: 'keychain', accounts: [account()] }))
    const ask = () => freshToken(ports, { account: account(), minValiditySeconds: 60 })
    const all = await Promise.all(Array.from({ length: 100 }, ask))
    expect(new Set(all.map((fresh) => fresh.bundle.tokens.accessToken.reveal()))).toEqual(new Set(['AT-2']))
    expect(fake.requests.length).toBe(1)
    expect(all.filter(({ outcome }) => outcome === 'renewed').length).toBe(1)
  })
})
