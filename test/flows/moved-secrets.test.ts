import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { heldNow } from '../../src/flows/held-now.ts'
import { movedSecrets } from '../../src/flows/moved-secrets.ts'
import type { AuthError } from '../../src/model/errors.ts'
import type { Vault } from '../../src/model/ports.ts'
import { Secret } from '../../src/model/secret.ts'
import type { TokenBundle } from '../../src/model/tokens.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts } from '../fakes/ports.ts'

/** A vault for each storage, and two accounts in `plaintext`. */
function world() {
  const kept = new Map<string, { bundles: Map<string, TokenBundle>; keys: Map<string, Secret> }>()
  const of = (kind: string) => {
    const found = kept.get(kind) ?? { bundles: new Map<string, TokenBundle>(), keys: new Map<string, Secret>() }
    kept.set(kind, found)
    return found
  }
  const fake = fakePorts()
  const vault = (kind: string): Vault => ({
    ...fake.vaults.vault(kind),
    read: (id) => Promise.resolve(of(kind).bundles.get(id)),
    write: (one) => Promise.resolve(void of(kind).bundles.set(one.accountId, one)),
    remove: (id) => Promise.resolve(void of(kind).bundles.delete(id)),
    readKey: (name) => Promise.resolve(of(kind).keys.get(name)),
    writeKey: (name, key) => Promise.resolve(void of(kind).keys.set(name, key)),
    removeKey: (name) => Promise.resolve(void of(kind).keys.delete(name)),
  })
  const secret = { store: 'plaintext', generation: 1, renewable: true }
  const accounts = ['a', 'b'].map((id) => account({ id, name: `name-${id}`, secret }))
  const file = { ...newAuthFile('file-1'), storage: 'plaintext', accounts }
  const ports = { ...fakePorts({ file }), vaults: { vault } }
  for (const { id } of accounts) of('plaintext').bundles.set(id, bundle({ accountId: id, generation: 3 }))
  return {
    ports,
    of,
    move: (target: 'keychain' | 'passphrase' | 'plaintext') => movedSecrets(ports, target, () => undefined),
  }
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error as AuthError,
  )

describe('movedSecrets', () => {
  it('moves each bundle as it is, and says so in auth.json', async () => {
    const { ports, of, move } = world()
    expect(await move('keychain')).toEqual({ from: ['plaintext'], accounts: ['name-a', 'name-b'], notes: [] })
    expect([...of('keychain').bundles.values()].map(({ generation }) => generation)).toEqual([3, 3])
    expect(of('plaintext').bundles.size).toBe(0)
    const { storage, accounts } = ports.current() ?? newAuthFile('none')
    expect([storage, ...accounts.map(({ secret }) => secret.store)]).toEqual(['keychain', 'keychain', 'keychain'])
    expect(ports.storages.move()).toBeUndefined()
  })

  it('has nothing to do where everything is there', async () => {
    const { move } = world()
    expect(await move('plaintext')).toEqual({ from: [], accounts: [], notes: [] })
  })

  it('finishes a move that was cut off, also when it is taken back', async () => {
    const { ports, of, move } = world()
    const copy = bundle({ accountId: 'a', generation: 2 })
    of('keychain').bundles.set('a', copy)
    of('keychain').bundles.set('signed-out', bundle({ accountId: 'signed-out' }))
    ports.storages.keepMove({ kinds: ['plaintext', 'keychain'], accountIds: ['a', 'b', 'signed-out'] })
    await move('plaintext')
    expect(of('keychain').bundles.size).toBe(0)
    expect([...of('plaintext').bundles.keys()]).toEqual(['a', 'b'])
    expect(ports.storages.move()).toBeUndefined()
  })

  it('leaves an account whose secret is gone where it is, and says which', async () => {
    const { ports, of, move } = world()
    of('plaintext').bundles.delete('b')
    expect(await failure(move('keychain'))).toMatchObject({
      code: 'secret-missing',
      message: 'the tokens of name-b are gone from the plaintext',
    })
    expect(ports.current()?.accounts.map(({ secret }) => secret.store)).toEqual(['keychain', 'plaintext'])
    expect(ports.current()?.storage).toBe('plaintext')
  })

  it('takes the key of the backups along, tells their manifests, and seals what was plain', async () => {
    const { ports, of, move } = world()
    const facts = { kind: 'migration', source: '/x', custody: 'copy', accounts: [] } as const
    const sealed = ports.backups.create(new Secret('one'), { ...facts, storage: 'passphrase' })
    ports.backups.seal(sealed, new Secret('k'))
    ports.backups.create(new Secret('two'), { ...facts, storage: 'plaintext' })
    of('passphrase').keys.set('backup', new Secret('k'))
    await move('keychain')
    expect(ports.backups.list().map(({ storage, isSealed }) => [storage, isSealed])).toEqual([
      ['keychain', true],
      ['keychain', true],
    ])
    expect(of('keychain').keys.get('backup')?.reveal()).toBe('k')
    expect(of('passphrase').keys.size).toBe(0)
  })

  it('never takes the place of another key of backups', async () => {
    const { of, move } = world()
    of('plaintext').keys.set('backup', new Secret('old'))
    of('keychain').keys.set('backup', new Secret('new'))
    expect((await move('keychain')).notes).toEqual([
      'the key of some backups stays in plaintext, for keychain has one of its own',
    ])
    expect([of('plaintext').keys.get('backup')?.reveal(), of('keychain').keys.get('backup')?.reveal()]).toEqual([
      'old',
      'new',
    ])
  })
})

describe('heldNow', () => {
  it('looks where the secret was moved to since auth.json was read', async () => {
    const { ports, move } = world()
    const before = account({ id: 'a', secret: { store: 'plaintext', generation: 1, renewable: true } })
    await move('keychain')
    const { account: now, held } = await heldNow(ports, before)
    expect([now.secret.store, held.generation]).toEqual(['keychain', 3])
  })
})
