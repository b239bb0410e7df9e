import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { chooseStorage, type ChooseStorageInput } from '../../src/flows/choose-storage.ts'
import { AuthError, type AuthErrorCode } from '../../src/model/errors.ts'
import { account } from '../fakes/account.ts'
import { fakePorts } from '../fakes/ports.ts'

/** Chooses where these storages fail and all others work; tells what was asked for and which were proven. */
async function choose(faults: Readonly<Record<string, AuthErrorCode>>, input: Partial<ChooseStorageInput> = {}) {
  const proven: string[] = []
  const vaults = {
    vault: (kind: string) => ({
      ...fakePorts().vaults.vault(kind),
      probe: () => {
        proven.push(kind)
        const code = faults[kind]
        return code === undefined
          ? Promise.resolve()
          : Promise.reject(new AuthError(code, 'the cause', { hint: 'a hint' }))
      },
    }),
  }
  const nothing = {
    file: undefined,
    asked: undefined,
    command: 'aiauth login acme',
    hasPassphrase: false,
    ask: undefined,
  }
  const chosen = await chooseStorage({ vaults }, { ...nothing, ...input }).catch((error: unknown) => error as AuthError)
  return { chosen, proven }
}

const GONE = { keychain: 'storage-unavailable' } as const
const answering = (answer: string | undefined) => ({ ask: () => Promise.resolve(answer) })

describe('chooseStorage', () => {
  it('takes the kind that was asked for, or fails with it', async () => {
    expect(await choose({}, { asked: 'helper:pass' })).toEqual({ chosen: 'helper:pass', proven: ['helper:pass'] })
    const failed = await choose(GONE, { asked: 'keychain', hasPassphrase: true, ...answering('plaintext') })
    expect(failed).toMatchObject({ chosen: { code: 'storage-unavailable', hint: 'a hint' }, proven: ['keychain'] })
  })

  it('takes the keychain where it works, also with a passphrase at hand', async () => {
    expect(await choose({}, { hasPassphrase: true })).toEqual({ chosen: 'keychain', proven: ['keychain'] })
  })

  it('takes a passphrase that is at hand where there is no keychain, before it asks', async () => {
    const { chosen, proven } = await choose(GONE, { hasPassphrase: true, ...answering('plaintext') })
    expect([chosen, proven]).toEqual(['passphrase', ['keychain', 'passphrase']])
  })

  it.each<AuthErrorCode>(['storage-locked', 'storage-timed-out'])(
    'K3, K4: goes no further when the keychain is %s',
    async (code) => {
      const { chosen, proven } = await choose({ keychain: code }, { hasPassphrase: true, ...answering('plaintext') })
      expect(chosen).toMatchObject({
        code,
        message: 'the cause',
        hint: 'a hint; or choose another storage: aiauth login acme --storage passphrase',
      })
      expect(proven).toEqual(['keychain'])
    },
  )

  it.each([
    ['', 'passphrase'],
    ['passphrase', 'passphrase'],
    [' plaintext ', 'plaintext'],
    ['helper:pass', 'helper:pass'],
  ])('asks a person who is there: %j is %s', async (answer, kind) => {
    expect(await choose(GONE, answering(answer))).toEqual({ chosen: kind, proven: ['keychain', kind] })
  })

  it('tells the person why there is none', async () => {
    const causes: string[] = []
    await choose(GONE, {
      ask: (cause) => {
        causes.push(cause.message)
        return Promise.resolve('stop')
      },
    })
    expect(causes).toEqual(['the cause'])
  })

  it('K1, K2: ends with three remedies where the person stops, or nobody is there', async () => {
    for (const input of [answering('stop'), answering(undefined), {}]) {
      const { chosen } = await choose(GONE, input)
      expect(chosen).toMatchObject({ code: 'storage-unavailable', message: 'the cause' })
      expect((chosen as AuthError).hint?.split('\n')).toEqual([
        'a hint',
        'or AIAUTH_STORAGE=passphrase with AIAUTH_PASSPHRASE_FILE=<file that holds it>, or AIAUTH_STORAGE=helper:<program>',
        'or AIAUTH_STORAGE=plaintext: anyone who can read your files can read the tokens then',
      ])
    }
  })

  it('K10: stays with what is written down, whatever works now', async () => {
    const file = { ...newAuthFile('f'), storage: 'passphrase', accounts: [account()] }
    expect(await choose({}, { file })).toEqual({ chosen: 'passphrase', proven: ['passphrase'] })
    const failed = await choose({ passphrase: 'storage-locked' }, { file, ...answering('plaintext') })
    expect(failed).toMatchObject({ chosen: { code: 'storage-locked' }, proven: ['passphrase'] })
  })
})
