import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Finding } from '../../src/model/inspection.ts'
import { whyNoSecretService } from '../real/secret-service.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { keyring, signedIn, type Environment } from './keyring-world.ts'
import { run, temporaryHome } from './program.ts'
import { homeWith, sealedBy } from './storage-world.ts'

const LIMIT = { timeout: 60_000 }

async function findings(home: string, env: Environment = {}): Promise<readonly Finding[]> {
  const { exitCode, stdout, stderr } = await run(['doctor', '--json'], { home, env })
  expect([exitCode, stderr]).toEqual([0, ''])
  return (JSON.parse(stdout) as { findings: Finding[] }).findings
}

const worse = (found: readonly Finding[]) => found.filter(({ level }) => level !== 'ok')
const of = (found: readonly Finding[], wanted: string) => found.filter(({ id }) => id === wanted)

describe('aiauth doctor, built', () => {
  it('waits 3 s for a server that is silent, and names it', LIMIT, async () => {
    const silent = createServer(() => undefined)
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void silent.close())
    const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`
    const home = temporaryHome({ providers: { claude: { tokenEndpoint: `http://${host}/token` } } })
    const startedAtMs = performance.now()
    expect(of(await findings(home), 'network')).toEqual([
      {
        ...{ id: 'network', level: 'note', fix: 'check the network connection' },
        message: `${host} did not answer within 3 s`,
      },
    ])
    expect(performance.now() - startedAtMs).toBeLessThan(8000)
  })

  it('names the proxy by which no server is reached', LIMIT, async () => {
    const env = { HTTPS_PROXY: 'http://127.0.0.1:9' }
    const [network] = of(await findings(temporaryHome(), env), 'network')
    expect(network).toMatchObject({
      level: 'note',
      message: expect.stringContaining('the proxy 127.0.0.1:9') as string,
    })
  })

  it('K15: warns of tokens in clear, and once more where they are copied to other machines', LIMIT, async () => {
    const home = await homeWith('plaintext', ['work'], sealedBy.plaintext)
    const file = join(home, 'vault.json')
    const clear = `tokens are readable by anyone who can read ${file} (storage plaintext)`
    const fix = 'aiauth storage set keychain, or aiauth storage set passphrase'
    const told = async () => worse(of(await findings(home), 'storage'))
    expect(await told()).toEqual([{ id: 'storage', level: 'warning', message: clear, fix }])
    mkdirSync(join(home, '.stfolder'))
    const copied = `Syncthing copies ${file} to other machines, and it opens there, too`
    expect((await told()).map(({ message }) => message)).toEqual([clear, copied])
  })

  it('tells of tokens in clear that nobody refers to, and how to be rid of them', LIMIT, async () => {
    const home = await homeWith('plaintext', ['work'], sealedBy.plaintext)
    const file = join(home, 'vault.json')
    const orphans = async () =>
      of(await findings(home), 'storage').filter(({ message }) => message.includes('no account'))
    rmSync(join(home, 'auth.json'))
    const message = `secrets in plaintext that belong to no account: 1 (${file})`
    // The key of the backups is of use as long as there may be any.
    expect(await orphans()).toEqual([{ id: 'storage', level: 'warning', message, fix: 'aiauth storage show' }])
    await sealedBy.plaintext(home).removeKey('backup')
    expect(await orphans()).toEqual([{ id: 'storage', level: 'warning', message, fix: `rm ${file}` }])
  })

  describe.skipIf(whyNoSecretService() !== undefined)('with a keyring', () => {
    let sandbox: Sandbox
    beforeAll(async () => {
      sandbox = await startSandbox()
    })
    afterAll(() => sandbox.close())

    it('finds nothing wrong after a sign-in, and says who keeps the tokens', LIMIT, async () => {
      const { folder, env } = await signedIn(sandbox)
      const found = await findings(folder, env)
      expect(worse(found)).toEqual([])
      expect(of(found, 'files')).toEqual([
        { id: 'files', level: 'ok', message: 'auth.json 0600, config.json 0600', fix: null },
      ])
      const [storage, keychain] = [...of(found, 'storage'), ...of(found, 'keychain')]
      expect(storage?.message).toMatch(
        /^keychain works: @napi-rs\/keyring \d\S+ \(the Secret Service, service aiauth\) answers in \d+ ms; accounts: 1, secrets: 1$/,
      )
      expect(keychain?.message).toBe(
        'org.freedesktop.secrets belongs to gnome-keyring-daemon, its default collection login is open',
      )
    })

    it.each([
      ['with an account', true],
      ['before the first sign-in', false],
    ])('K3: tells of a locked keyring, %s', LIMIT, async (_, isSignedIn) => {
      const { folder, service, env } = isSignedIn
        ? await signedIn(sandbox)
        : { folder: temporaryHome(), ...(await keyring()) }
      service.lock()
      const found = await findings(folder, env)
      expect(of(found, 'keychain')).toEqual([
        {
          ...{ id: 'keychain', level: 'warning', fix: 'unlock it' },
          message: 'org.freedesktop.secrets belongs to gnome-keyring-daemon, its default collection login is locked',
        },
      ])
      if (isSignedIn) {
        const message = 'your keychain is locked (gnome-keyring-daemon, collection login)'
        expect(of(found, 'storage')).toEqual([expect.objectContaining({ level: 'problem', message })])
      }
    })

    it('K4: comes to its end with a keyring that does not answer', LIMIT, async () => {
      const { folder, service, env } = await signedIn(sandbox)
      service.freeze()
      const [storage] = of(await findings(folder, env), 'storage')
      expect(storage).toMatchObject({ level: 'problem', message: 'your keychain does not answer' })
    })

    it('K2: says that the tokens did not go to the kernel where nothing keeps a keychain', LIMIT, async () => {
      const { env } = await keyring({ daemon: false })
      const [keychain] = of(await findings(temporaryHome(), env), 'keychain')
      expect(keychain?.message).toBe(
        "no program on the D-Bus session owns org.freedesktop.secrets; the keychain package would go on to the kernel's keyring, which a restart empties, and aiauth does not let it",
      )
    })
  })
})
