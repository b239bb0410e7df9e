import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startPass, whyNoPass } from '../real/pass-helper.ts'
import { homeWith, sealedBy, shownBy, tokenOf, typed } from './storage-world.ts'

// gpg is slow to start, and each call starts it twice.
const LIMIT = { timeout: 90_000 }
const ADDRESS = /^https:\/\/aiauth\.invalid\/vault\/[\da-f-]{36}$/

describe.skipIf(whyNoPass() !== undefined)('aiauth storage with a helper over pass', () => {
  it('keeps one key in the helper and the tokens in the vault file, there, on and back', LIMIT, async () => {
    const { env, kept } = startPass()
    const home = await homeWith('plaintext', ['work', 'second'], sealedBy.plaintext)
    expect(await typed('storage set helper:pass', home, env)).toMatchObject({
      exitCode: 0,
      stderr: 'aiauth: moved the secrets of 2 accounts from plaintext to helper:pass\n',
    })
    expect(kept()).toEqual([expect.stringMatching(ADDRESS)])
    expect(await typed('token second', home, env)).toMatchObject({ exitCode: 0, stdout: `${tokenOf('second')}\n` })
    expect((await shownBy(home, env)).rows).toEqual([['helper:pass', 2, 3, 0]])
    const file = readFileSync(join(home, 'vault.json'), 'utf8')
    expect(JSON.parse(file)).toMatchObject({ slot: { type: 'helper', program: 'pass' } })
    expect(file).not.toMatch(/sk-ant|"key"/)

    const [before] = kept()
    expect(await typed('storage rotate', home, env)).toMatchObject({
      exitCode: 0,
      stderr: 'aiauth: everything is sealed under a new key\n',
    })
    expect(kept()).toEqual([expect.stringMatching(ADDRESS)])
    expect(kept()).not.toEqual([before])
    expect(await typed('token work', home, env)).toMatchObject({ exitCode: 0, stdout: `${tokenOf('work')}\n` })

    expect(await typed('storage set plaintext', home, env)).toMatchObject({ exitCode: 0 })
    expect(kept()).toEqual([])
    expect(await typed('token work', home)).toMatchObject({ exitCode: 0, stdout: `${tokenOf('work')}\n` })
  })

  it('K14: mints no key over sealed tokens when the helper has lost theirs', LIMIT, async () => {
    const { env } = startPass()
    const home = await homeWith('plaintext', ['work'], sealedBy.plaintext)
    await typed('storage set helper:pass', home, env)
    const vault = readFileSync(join(home, 'vault.json'), 'utf8')
    const other = startPass()
    for (const line of ['token work', 'storage rotate', 'storage set plaintext', 'refresh work']) {
      const { exitCode, stdout, stderr } = await typed(line, home, other.env)
      expect([line, exitCode, stderr]).toEqual([line, 7, expect.stringContaining('is gone from helper:pass')])
      expect(stdout).not.toContain('sk-ant')
    }
    expect(readFileSync(join(home, 'vault.json'), 'utf8')).toBe(vault)
    expect(other.kept()).toEqual([])
    expect(await typed('token work', home, env)).toMatchObject({ exitCode: 0, stdout: `${tokenOf('work')}\n` })
  })
})
