import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { codexFile, codexTokensIn, idToken } from '../fakes/linked.ts'
import { codex, type CodexEnded } from '../real/codex.ts'
import type { Environment } from './keyring-world.ts'
import type { Behaviour, Family, OneUseServer } from './one-use-server.ts'
import { run, temporaryHome, type Ended } from './program.ts'

/** One person with Codex, whose sign-in is in its `auth.json`, and with aiauth, which knows nothing of it yet. */
export interface CodexWorld {
  readonly home: string
  /** Codex's file. */
  readonly path: string
  /** The grant that both are to share, and what the provider saw of it. */
  readonly family: Family
  readonly env: Environment
  readonly codexEnv: NodeJS.ProcessEnv
  /** What Codex asked the provider with, one for each answer that it got or not. */
  readonly asked: string[]
}

const CLAIMS = { 'https://api.openai.com/auth': { chatgpt_account_id: 'acc-1', chatgpt_plan_type: 'plus' } }

/** Tokens that both sides take for valid for an hour. */
export const LASTING: Behaviour = { claims: CLAIMS, lifetimeSeconds: 3600 }
/** Over when they arrive. */
export const OVER: Behaviour = { claims: CLAIMS, lifetimeSeconds: -60 }
/** So short that whoever comes next renews them: Codex five minutes before the end, `aiauth token` one. */
export const SHORT: Behaviour = { claims: CLAIMS, lifetimeSeconds: 30 }

export async function codexWorld(
  server: OneUseServer,
  first: Behaviour = LASTING,
  env: Environment = {},
): Promise<CodexWorld> {
  const { tokenEndpoint, revocationEndpoint } = server
  const family = server.newFamily(first)
  const home = temporaryHome({ providers: { openai: { tokenEndpoint, revocationEndpoint } } })
  const codexHome = join(home, '.codex')
  const path = join(codexHome, 'auth.json')
  const asked: string[] = []
  mkdirSync(codexHome, { mode: 0o700 })
  writeFileSync(join(codexHome, 'config.toml'), settings(await startModel(family, asked)))
  const lastRefresh = new Date().toISOString()
  const tokens = { access: family.accessToken, refresh: family.refreshToken, id: idToken(), lastRefresh }
  writeFileSync(path, codexFile(tokens), { mode: 0o600 })
  const codexEnv = {
    CODEX_HOME: codexHome,
    CODEX_REFRESH_TOKEN_URL_OVERRIDE: tokenEndpoint,
    CODEX_REVOKE_TOKEN_URL_OVERRIDE: revocationEndpoint,
  }
  return { home, path, family, env: { CODEX_HOME: codexHome, ...env }, codexEnv, asked }
}

/** A model that greets whoever comes with a token that the provider would take. */
async function startModel(family: Family, asked: string[]): Promise<string> {
  const server = createServer((request, response) => {
    request.resume()
    if (request.url !== '/v1/responses') {
      response.writeHead(404).end()
      return
    }
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    asked.push(token)
    if (family.accepts(token)) greet(response)
    else response.writeHead(401, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function greet(response: ServerResponse): void {
  const id = 'response-1'
  const item = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'hello' }] }
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }
  const events = [
    { type: 'response.created', response: { id } },
    { type: 'response.output_item.done', item },
    { type: 'response.completed', response: { id, usage } },
  ]
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''))
}

function settings(origin: string): string {
  return `model = "gpt-5"
model_provider = "fake"
chatgpt_base_url = "${origin}/backend-api/"
[model_providers.fake]
name = "fake"
base_url = "${origin}/v1"
wire_api = "responses"
requires_openai_auth = true
supports_websockets = false
request_max_retries = 0
stream_max_retries = 0
`
}

/** What somebody types where Codex reads a key. */
export const API_KEY = 'sk-judge'

/** Codex itself, with its own sign-in. */
export const codexOf = ({ home, codexEnv }: CodexWorld, ...argv: string[]): Promise<CodexEnded> =>
  codex(argv, { home, env: codexEnv, input: API_KEY })

/** A question to the model, by Codex. */
export const question = (world: CodexWorld) => codexOf(world, 'exec', '--skip-git-repo-check', '--ephemeral', 'hi')

/** Codex gets an answer, with the token that its file then holds; returned. */
export async function expectCodexWorks(world: CodexWorld): Promise<string> {
  const { exitCode, said } = await question(world)
  expect([exitCode, said]).toEqual([0, expect.stringContaining('\nhello\n')])
  const { access } = codexTokensIn(codexText(world))
  expect([world.asked.at(-1), world.family.accepts(access ?? '')]).toEqual([access, true])
  return access ?? ''
}

/** aiauth gives out a token that the provider takes; returned. */
export async function expectToken(world: CodexWorld): Promise<string> {
  const { exitCode, stdout, stderr } = await aiauth(world, 'token', 'openai')
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(world.family.accepts(stdout.trim())).toBe(true)
  return stdout.trim()
}

export const aiauth = ({ home, env }: CodexWorld, ...argv: string[]): Promise<Ended> => run(argv, { home, env })

/** `aiauth migrate-auth` with further words, as a program reads it. */
export async function migrated(world: CodexWorld, ...flags: string[]): Promise<Record<string, unknown>> {
  const { exitCode, stdout, stderr } = await aiauth(world, 'migrate-auth', ...flags, '--json')
  expect(exitCode, stderr).toBe(0)
  return JSON.parse(stdout) as Record<string, unknown>
}

export const codexText = ({ path }: CodexWorld) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
