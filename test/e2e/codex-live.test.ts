import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyNoCodex } from '../real/codex.ts'
import {
  aiauth,
  API_KEY,
  codexOf,
  codexText,
  codexWorld,
  expectCodexWorks,
  expectToken,
  LASTING,
  migrated,
  OVER,
  question,
  SHORT,
  type CodexWorld,
} from './codex-world.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'

let server: OneUseServer
beforeAll(async () => {
  server = await startOneUseServer()
})
afterAll(() => server.close())

/** What the provider saw, when no token came to it twice. */
const granted = (count: number) => ({ posts: count, grants: count, isRevoked: false })

describe.skipIf(whyNoCodex() !== undefined)('the real Codex beside aiauth, after migrate-auth', () => {
  it('G1, G4: takes turns with it at renewing, and no token is spent twice', async () => {
    const world = await codexWorld(server, SHORT)
    await migrated(world)
    for (const turn of [1, 2, 3, 4, 5]) {
      world.family.behaviour = LASTING
      const byCodex = await expectCodexWorks(world)
      expect(await expectToken(world)).toBe(byCodex)
      world.family.behaviour = SHORT
      expect((await aiauth(world, 'refresh', 'openai')).exitCode).toBe(0)
      expect(world.family).toMatchObject(granted(2 * turn))
    }
  })

  it('G4: goes on with what aiauth has renewed, and after a rollback, too', async () => {
    const world = await codexWorld(server, OVER)
    await migrated(world)
    world.family.behaviour = LASTING
    const byUs = await expectToken(world)
    expect(await expectCodexWorks(world)).toBe(byUs)
    expect((await aiauth(world, 'refresh', 'openai')).exitCode).toBe(0)
    const newer = await expectCodexWorks(world)
    expect(newer).not.toBe(byUs)
    const text = codexText(world)
    expect(await migrated(world, '--rollback')).toMatchObject({ outcome: 'rolled-back' })
    expect(codexText(world)).toBe(text)
    expect(await expectCodexWorks(world)).toBe(newer)
    expect(world.family).toMatchObject(granted(2))
  })

  it('G6: survives with it that both renew at the same moment, where the provider allows for that', async () => {
    const world = await codexWorld(server, OVER)
    await migrated(world)
    world.family.behaviour = { ...LASTING, isForgiving: true, delayMs: 300 }
    const [ours] = await Promise.all([aiauth(world, 'token', 'openai'), question(world)])
    expect([ours.exitCode, world.family.accepts(ours.stdout.trim())]).toEqual([0, true])
    expect(await expectCodexWorks(world)).toBe(await expectToken(world))
    expect(world.family.grants).toBe(1)
  })

  it('M8: is signed out by --take-over and back in after the rollback, with the tokens as they are by then', async () => {
    const world = await codexWorld(server)
    await migrated(world, '--take-over')
    expect(await question(world)).toMatchObject({
      exitCode: 1,
      said: expect.stringContaining('Please sign in again') as string,
    })
    expect(world.asked).not.toContain(world.family.accessToken)
    expect((await aiauth(world, 'refresh', 'openai')).exitCode).toBe(0)
    const renewed = await expectToken(world)
    await migrated(world, '--rollback')
    expect(await expectCodexWorks(world)).toBe(renewed)
    expect(world.family).toMatchObject(granted(1))
  })

  it('M8: of a copy that aiauth has renewed has the current tokens after the rollback', async () => {
    const world = await codexWorld(server, OVER)
    await migrated(world, '--copy')
    world.family.behaviour = LASTING
    const renewed = await expectToken(world)
    await migrated(world, '--rollback')
    expect(await expectCodexWorks(world)).toBe(renewed)
    expect(world.family).toMatchObject(granted(1))
  })
})

describe.skipIf(whyNoCodex() !== undefined)(
  'aiauth, after the real Codex has dropped the grant that they share',
  () => {
    it('G3, G8: says after codex logout that it has to sign in, and brings nothing back', async () => {
      const world = await codexWorld(server)
      await migrated(world)
      expect(await codexOf(world, 'logout')).toEqual({ exitCode: 0, said: 'Successfully logged out\n' })
      expect([world.family.isRevoked, codexText(world)]).toEqual([true, undefined])
      expect(await aiauth(world, 'refresh', 'openai')).toMatchObject({ exitCode: 4 })
      expect(await stateOf(world)).toBe('needs-login')
      const note = `${world.path} was signed out of meanwhile and stays so`
      expect(await migrated(world, '--rollback')).toMatchObject({ outcome: 'rolled-back', notes: [note] })
      expect(codexText(world)).toBeUndefined()
      expect(await codexOf(world, 'login', 'status')).toEqual({ exitCode: 1, said: 'Not logged in\n' })
    })

    it('G3, M12: keeps out of a file that holds a key by now, and brings the key in when asked', async () => {
      const world = await codexWorld(server)
      await migrated(world)
      expect(await codexOf(world, 'login', '--with-api-key')).toMatchObject({ exitCode: 0 })
      const text = codexText(world)
      expect(text).toContain(API_KEY)
      // Unlike `codex logout`, this leaves the grant alive at the provider (measured with 0.169).
      expect((await aiauth(world, 'refresh', 'openai')).exitCode).toBe(0)
      expect(await stateOf(world)).toBe('active')
      expect(codexText(world)).toBe(text)
      expect(await migrated(world)).toMatchObject({ outcome: 'migrated', accounts: ['openai-2'] })
      expect((await aiauth(world, 'token', 'openai-2')).stdout).toBe(`${API_KEY}\n`)
      for (const account of ['openai-2', 'openai']) {
        expect(await migrated(world, '--rollback')).toMatchObject({ outcome: 'rolled-back', accounts: [account] })
        expect(codexText(world)).toBe(text)
      }
      expect((await codexOf(world, 'login', 'status')).said).toContain('API key configured')
    })
  },
)

async function stateOf(world: CodexWorld): Promise<string | undefined> {
  const { stdout } = await aiauth(world, 'status', '--json')
  return (JSON.parse(stdout) as { accounts: { state: string }[] }).accounts[0]?.state
}
