import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../src/model/secret.ts'
import { readCodexAuth } from '../../src/native-tools/codex.ts'
import { withRenewedTokens } from '../../src/native-tools/codex-text.ts'
import { linkedWorldWith, useAsCodex, type LinkedWorld } from './linked-world.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'
import { filesIn, run, start } from './program.ts'

const CROWD = 20
const LIMIT = { timeout: 60_000 }

let server: OneUseServer
beforeAll(async () => {
  server = await startOneUseServer()
})
afterAll(() => server.close())

const token = ({ home }: LinkedWorld, ...more: string[]) => run(['token', 'work', ...more], { home })
const codex = ({ codexPath, tokenEndpoint }: LinkedWorld, leadSeconds = 300) =>
  useAsCodex(codexPath, tokenEndpoint, leadSeconds)

/** Both of them hold the one refresh token that the server would take. */
async function expectInStep({ family, keptRefreshToken, codexRefreshToken }: LinkedWorld): Promise<void> {
  expect(family.isRevoked).toBe(false)
  expect([family.isLive(await keptRefreshToken()), family.isLive(codexRefreshToken())]).toEqual([true, true])
}

describe('aiauth token, of an account that shares its grant with Codex', () => {
  it('G1: prints what Codex has renewed, without a request', async () => {
    const world = await linkedWorldWith(server)
    const renewed = await codex(world)
    expect(await token(world)).toMatchObject({ exitCode: 0, stdout: `${renewed}\n`, stderr: '' })
    expect(world.family.posts).toBe(1)
    await expectInStep(world)
    const { accounts } = JSON.parse(readFileSync(join(world.home, 'auth.json'), 'utf8')) as { accounts: object[] }
    expect(accounts).toMatchObject([{ state: 'active', history: [{ event: 'adopted', program: 'codex' }] }])
  })

  it('G4: renews, and Codex goes on with the new tokens without renewing', async () => {
    const world = await linkedWorldWith(server)
    const before = readCodexAuth(world.codexText())
    const { exitCode, stdout } = await token(world)
    expect([exitCode, world.family.posts]).toEqual([0, 1])
    const after = readCodexAuth(world.codexText())
    const [accessToken, refreshToken] = [new Secret(stdout.trim()), new Secret((await world.keptRefreshToken()) ?? '')]
    const told = withRenewedTokens(
      before,
      { accessToken, refreshToken, idToken: before.tokens?.idToken },
      after.lastRefreshAtMs ?? 0,
    )
    expect(world.codexText()).toBe(told.reveal())
    expect(await codex(world)).toBe(stdout.trim())
    expect(world.family.posts).toBe(1)
    await expectInStep(world)
    expect(filesIn(world.home)).toMatchObject({ codex: '700', 'codex/auth.json': '600' })
  })

  it(`G6: ${CROWD} processes and Codex renew in turns, and nobody is ever signed out`, LIMIT, async () => {
    const world = await linkedWorldWith(server)
    for (let turn = 1; turn <= 4; turn++) {
      // In each turn more is asked for than any token has left so far, and what is renewed in it has enough.
      const neededSeconds = turn * 1000 + 500
      world.family.behaviour = { ...world.family.behaviour, lifetimeSeconds: (turn + 1) * 1000, delayMs: 100 }
      const crowd = () => Array.from({ length: CROWD }, () => token(world, '--min-validity', `${neededSeconds}`))
      const isCodexFirst = turn % 2 === 0
      const first = isCodexFirst ? await codex(world, neededSeconds) : undefined
      const running = crowd()
      // While the others are still at it.
      await Promise.race(running)
      const used = await codex(world, neededSeconds)
      const ends = await Promise.all(running)
      expect(
        ends.filter(({ exitCode, stdout, stderr }) => exitCode !== 0 || stdout !== `${used}\n` || stderr !== ''),
      ).toEqual([])
      expect([first ?? used, world.family.posts, world.family.accepts(used)]).toEqual([used, turn, true])
      await expectInStep(world)
    }
  })

  it('G5, R7: loses nothing of Codex’s when it is killed the moment the server has answered', LIMIT, async () => {
    for (let round = 0; round < 8; round++) {
      const world = await linkedWorldWith(server)
      const departure = world.family.next('departure')
      const program = start(['token', 'work'], { home: world.home })
      await departure
      program.process.kill('SIGKILL')
      await program.ended
      const next = await token(world)
      if (next.exitCode === 4) expect(next.stderr).toContain('was lost before it arrived')
      else await expectInStep(world)
    }
  })
})

describe('aiauth logout, of an account that shares its grant with Codex', () => {
  it('G8: leaves the grant to Codex, which goes on with it', async () => {
    const world = await linkedWorldWith(server, 3600)
    const { exitCode, stderr } = await run(['logout', 'work'], { home: world.home })
    expect([exitCode, world.family.isRevoked]).toEqual([0, false])
    expect(stderr).toContain('not revoked: codex uses the same grant; codex logout ends it')
    expect(world.family.accepts(await codex(world, 7200))).toBe(true)
  })
})
