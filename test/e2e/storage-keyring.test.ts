import { describe, expect, it } from 'vitest'
import { whyNoSecretService } from '../real/secret-service.ts'
import { itemsOf, keyring } from './keyring-world.ts'
import { homeWith, sealedBy, shownBy, tokenOf, typed } from './storage-world.ts'

const LIMIT = { timeout: 90_000 }

describe.skipIf(whyNoSecretService() !== undefined)('aiauth storage with a real keyring', () => {
  it('moves every secret into the keyring and back, each in one place alone', LIMIT, async () => {
    const { service, env } = await keyring()
    const home = await homeWith('plaintext', ['work', 'second'], sealedBy.plaintext)
    expect(await typed('storage set keychain', home, env)).toMatchObject({
      exitCode: 0,
      stderr: 'aiauth: moved the secrets of 2 accounts from plaintext to keychain\n',
    })
    expect(itemsOf(service)).toHaveLength(3)
    expect(sealedBy.plaintext(home).names()).toEqual([])
    expect(await typed('token second', home, env)).toMatchObject({ exitCode: 0, stdout: `${tokenOf('second')}\n` })
    expect((await shownBy(home, env)).rows).toEqual([['keychain', 2, 3, 0]])
    expect(await typed('storage rotate', home, env)).toMatchObject({
      exitCode: 0,
      stderr: 'aiauth: there is nothing to rotate: the keychain holds the tokens themselves\n',
    })
    expect(await typed('storage set keychain', home, env)).toMatchObject({
      exitCode: 0,
      stderr: 'aiauth: everything is in keychain already\n',
    })
    expect(await typed('storage set plaintext', home, env)).toMatchObject({ exitCode: 0 })
    expect(itemsOf(service)).toEqual([])
    expect(await typed('token work', home)).toMatchObject({ exitCode: 0, stdout: `${tokenOf('work')}\n` })
  })

  it('K3: changes nothing when the keyring is locked, and goes on when it is open again', LIMIT, async () => {
    const { service, env } = await keyring()
    const home = await homeWith('plaintext', ['work'], sealedBy.plaintext)
    service.lock()
    expect(await typed('storage set keychain', home, env)).toMatchObject({
      exitCode: 7,
      stderr: expect.stringMatching(
        /^aiauth: error: your keychain is locked \(gnome-keyring-daemon, collection login\)\n/,
      ) as string,
    })
    expect((await shownBy(home, env)).rows).toEqual([['plaintext', 1, 2, 0]])
    await service.crash()
    await service.start()
    expect(await typed('storage set keychain', home, env)).toMatchObject({ exitCode: 0 })
    service.lock()
    const { storages } = await shownBy(home, env)
    expect(storages).toEqual([expect.objectContaining({ kind: 'keychain', locked: true, items: null, orphans: null })])
    expect(await typed('storage set plaintext', home, env)).toMatchObject({ exitCode: 7 })
    await service.crash()
    await service.start()
    expect(await typed('token work', home, env)).toMatchObject({ exitCode: 0, stdout: `${tokenOf('work')}\n` })
  })

  it('K3: leaves every account where its entry says when the keyring goes in the middle of a move', LIMIT, async () => {
    const { service, env } = await keyring()
    const names = ['one', 'two', 'three', 'four', 'five', 'six']
    const home = await homeWith('plaintext', names, sealedBy.plaintext)
    const moving = typed('storage set keychain', home, env)
    while (itemsOf(service).length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    service.lock()
    const { exitCode } = await moving
    await service.crash()
    await service.start()
    for (const name of names)
      expect(await typed(`token ${name}`, home, env)).toMatchObject({ exitCode: 0, stdout: `${tokenOf(name)}\n` })
    if (exitCode !== 0) expect((await shownBy(home, env)).moveCutOff).toBe(true)
    expect(await typed('storage set plaintext', home, env)).toMatchObject({ exitCode: 0 })
    expect(itemsOf(service)).toEqual([])
    expect((await shownBy(home, env)).rows).toEqual([['plaintext', 6, 7, 0]])
    expect((await shownBy(home, env)).moveCutOff).toBe(false)
  })

  it('hands out every token while they are moved to and fro', LIMIT, async () => {
    const { env } = await keyring()
    const home = await homeWith('plaintext', ['work', 'second'], sealedBy.plaintext)
    const state = { isMoving: true, asked: 0 }
    const ask = async (name: string) => {
      for (; state.isMoving; state.asked++) {
        expect(await typed(`token ${name}`, home, env)).toMatchObject({ exitCode: 0, stdout: `${tokenOf(name)}\n` })
      }
    }
    const asking = Promise.all(['work', 'second', 'second'].map(ask))
    for (const kind of ['keychain', 'plaintext', 'keychain', 'plaintext'])
      expect(await typed(`storage set ${kind}`, home, env)).toMatchObject({ exitCode: 0 })
    state.isMoving = false
    await asking
    expect(state.asked).toBeGreaterThan(3)
  })
})
