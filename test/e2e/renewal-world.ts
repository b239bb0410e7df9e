import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatAuthFile, newAuthFile } from '../../src/auth-file/format.ts'
import type { Account } from '../../src/model/account.ts'
import { Secret } from '../../src/model/secret.ts'
import { claude } from '../../src/providers/claude.ts'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { account, bundle } from '../fakes/account.ts'
import type { Family, OneUseServer } from './one-use-server.ts'
import { operationsOf, withFault, type Fault, type Operation } from '../real/faults/faults.ts'
import { run, temporaryHome } from './program.ts'

/** An account `work` whose access token has `secondsLeft`, and whose refresh token the server will take once. */
export interface World {
  readonly home: string
  readonly family: Family
  readonly accountId: string
  /** The refresh token that the vault holds now. */
  readonly keptRefreshToken: () => Promise<string | undefined>
}

/** A home with one account in storage `plaintext`, as a sign-in at the server would have left it. */
export async function worldWith(server: OneUseServer, secondsLeft = -60): Promise<World> {
  const family = server.newFamily()
  const home = temporaryHome({
    providers: { claude: { tokenEndpoint: server.tokenEndpoint, revocationEndpoint: server.revocationEndpoint } },
  })
  const [id, expiresAtMs] = [randomUUID(), Date.now() + secondsLeft * 1000]
  const secret: Account['secret'] = { store: 'plaintext', generation: 1, renewable: true }
  const accounts = [account({ id, secret, expiresAt: new Date(expiresAtMs).toISOString() })]
  const file = { ...newAuthFile(randomUUID()), storage: 'plaintext', accounts }
  writeFileSync(join(home, 'auth.json'), formatAuthFile(file), { mode: 0o600 })
  const vault = sealedVaultOnDisk(home, undefined)
  const tokens = {
    ...bundle().tokens,
    accessToken: new Secret(family.accessToken),
    refreshToken: new Secret(family.refreshToken),
    expiresAtMs,
  }
  const { tokenEndpoint } = server
  await vault.write(bundle({ accountId: id, tokenEndpoint, clientId: claude.clientId, tokens }))
  return {
    home,
    family,
    accountId: id,
    keptRefreshToken: async () => (await sealedVaultOnDisk(home, undefined).read(id))?.tokens.refreshToken?.reveal(),
  }
}

/** Every file operation of one `aiauth token`, in order, with this fault if any. */
export async function recorded({ home }: World, fault?: Fault): Promise<Operation[]> {
  await run(['token', 'work'], { home, env: withFault(home, fault) })
  return operationsOf(home)
}
