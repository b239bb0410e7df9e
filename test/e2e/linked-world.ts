import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatAuthFile, newAuthFile } from '../../src/auth-file/format.ts'
import { Secret } from '../../src/model/secret.ts'
import { readCodexAuth } from '../../src/native-tools/codex.ts'
import { openai } from '../../src/providers/openai.ts'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { account, bundle } from '../fakes/account.ts'
import { idToken } from '../fakes/linked.ts'
import type { OneUseServer } from './one-use-server.ts'
import { temporaryHome } from './program.ts'
import type { World } from './renewal-world.ts'

export const ACCOUNT_ID = 'acc-1'

/** An account `work` of which Codex holds the same tokens, in a `CODEX_HOME` below the home. */
export interface LinkedWorld extends World {
  readonly codexPath: string
  readonly tokenEndpoint: string
  /** What Codex's file holds now. */
  readonly codexText: () => string
  readonly codexRefreshToken: () => string | undefined
}

/** As `migrate-auth` would leave it behind a Codex that has signed in at the server. */
export async function linkedWorldWith(server: OneUseServer, secondsLeft = -60): Promise<LinkedWorld> {
  const { tokenEndpoint, revocationEndpoint } = server
  const family = server.newFamily({ accountId: ACCOUNT_ID, lifetimeSeconds: secondsLeft })
  family.behaviour = { accountId: ACCOUNT_ID }
  const home = temporaryHome({ providers: { openai: { tokenEndpoint, revocationEndpoint } } })
  mkdirSync(join(home, 'codex'), { mode: 0o700 })
  const codexPath = join(home, 'codex', 'auth.json')
  const [id, expiresAtMs] = [randomUUID(), Date.now() + secondsLeft * 1000]
  const { accessToken, refreshToken } = family
  const codexTokens = {
    id_token: idToken(),
    access_token: accessToken,
    refresh_token: refreshToken,
    account_id: ACCOUNT_ID,
  }
  const content = {
    auth_mode: 'chatgpt',
    OPENAI_API_KEY: null,
    tokens: codexTokens,
    last_refresh: '2026-11-01T10:00:00Z',
  }
  writeFileSync(codexPath, JSON.stringify(content, undefined, 2), { mode: 0o600 })
  const linkedTo = { tool: 'codex', path: codexPath }
  const secret = { store: 'plaintext', generation: 1, renewable: true }
  const facts = {
    id,
    provider: 'openai',
    mode: 'codex',
    secret,
    linkedTo,
    expiresAt: new Date(expiresAtMs).toISOString(),
  }
  const file = { ...newAuthFile(randomUUID()), storage: 'plaintext', accounts: [account(facts)] }
  writeFileSync(join(home, 'auth.json'), formatAuthFile(file), { mode: 0o600 })
  const held = () => sealedVaultOnDisk(home, undefined)
  const tokens = {
    ...bundle().tokens,
    accessToken: new Secret(accessToken),
    refreshToken: new Secret(refreshToken),
    idToken: new Secret(idToken()),
    expiresAtMs,
  }
  const { clientId } = openai
  await held().write(bundle({ accountId: id, provider: 'openai', tokenEndpoint, clientId, tokens }))
  const codexText = () => readFileSync(codexPath, 'utf8')
  return {
    home,
    family,
    accountId: id,
    codexPath,
    tokenEndpoint,
    keptRefreshToken: async () => (await held().read(id))?.tokens.refreshToken?.reveal(),
    codexText,
    codexRefreshToken: () => readCodexAuth(codexText()).tokens?.refreshToken?.reveal(),
  }
}

/**
 * What Codex does before it uses its sign-in: reads its file, renews when less than
 * `leadSeconds` are left, and stores the answer if its file is still the one it read.
 *
 * @throws Error when the server has refused: Codex is signed out.
 */
export async function useAsCodex(path: string, tokenEndpoint: string, leadSeconds: number): Promise<string> {
  const read = () => JSON.parse(readFileSync(path, 'utf8')) as CodexContent
  const { tokens } = read()
  const { exp } = JSON.parse(Buffer.from(tokens.access_token.split('.')[1] ?? '', 'base64url').toString()) as {
    exp: number
  }
  if (exp - Date.now() / 1000 > leadSeconds) return tokens.access_token
  const body = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: openai.clientId }
  const response = await fetch(tokenEndpoint, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error('Codex is signed out')
  const { access_token, refresh_token } = (await response.json()) as CodexContent['tokens']
  const current = read()
  if (current.tokens.refresh_token === tokens.refresh_token) {
    const renewed = { ...current, tokens: { ...current.tokens, access_token, refresh_token }, last_refresh: new Date() }
    writeFileSync(`${path}.codex`, JSON.stringify(renewed, undefined, 2), { mode: 0o600 })
    renameSync(`${path}.codex`, path)
  }
  return access_token
}

interface CodexContent {
  readonly tokens: { readonly access_token: string; readonly refresh_token: string }
}
