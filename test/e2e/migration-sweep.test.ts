import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operationsOf, whyNoFaults } from '../real/faults/faults.ts'
import { ERRORS, KILLS, sweep, UNREADABLE, undisturbedIn, type Swept } from './migration-sweep.ts'
import {
  copyOf,
  homeBefore,
  homeMigrated,
  IN_PLACE,
  LINKED,
  runIn,
  TAKE_OVER,
  type MigrationHome,
  type Scene,
} from './migration-world.ts'
import { startOneUseServer, type OneUseServer } from './one-use-server.ts'

const LIMIT = { timeout: 600_000 }
const BACK = ['migrate-auth', '--rollback', '--json']
/** A sealed backup is bound to the path of its source, and each trial stands under another path. */
const TAKEN_OVER: Scene = { ...TAKE_OVER, storage: 'plaintext', hasOther: false }

describe.skipIf(whyNoFaults() !== undefined)('aiauth migrate-auth', LIMIT, () => {
  let server: OneUseServer
  beforeAll(async () => {
    server = await startOneUseServer()
  })
  afterAll(() => server.close())

  /** Of two faults in a row: the second at every operation, after kills at so many stages of the first run. */
  async function expectSwept(name: string, world: MigrationHome, argv: readonly string[], stages: number) {
    const startedAtMs = performance.now()
    const undisturbed = await undisturbedIn(world, argv)
    const isDear = world.scene.storage === 'passphrase'
    const swept = await sweep(world, argv, isDear ? KILLS : [...KILLS, ...ERRORS], undisturbed, { isSampled: isDear })
    tell(name, startedAtMs, swept)
    const { cutOff } = swept
    const chosen = cutOff.filter(
      (_, at) => Math.floor((at * stages) / cutOff.length) !== Math.floor(((at - 1) * stages) / cutOff.length),
    )
    const again: Swept[] = []
    for (const { world: left, at } of chosen) {
      const second = await sweep(left, argv, KILLS, undisturbed, { isRecovery: true })
      again.push({ ...second, bad: second.bad.map((each) => `after ${at}: ${each}`) })
    }
    if (stages > 0) tell(`${name}, twice in a row`, startedAtMs, ...again)
    expect([swept, ...again].flatMap(({ bad }) => bad).join('\n')).toBe('')
  }

  function tell(name: string, startedAtMs: number, ...swept: readonly Swept[]): void {
    const sum = (of: (each: Swept) => number) => swept.map(of).reduce((a, b) => a + b, 0)
    const [points, states, bad] = [
      sum((each) => each.points),
      sum((each) => each.states),
      sum((each) => each.bad.length),
    ]
    const seconds = Math.round((performance.now() - startedAtMs) / 1000)
    console.log(
      `migration sweep, ${name}: ${points} points, ${states} states of the disk, ${bad} bad, ${seconds} s; ${swept.length} stages`,
    )
  }

  it.each([IN_PLACE, LINKED, TAKE_OVER])('M1, M3, M23: loses nothing at any operation ($name)', async (scene) => {
    await expectSwept(
      scene.name,
      await homeBefore(scene, server),
      ['migrate-auth', '--json', ...scene.argv],
      scene === IN_PLACE ? 6 : 0,
    )
  })

  it.each([IN_PLACE, LINKED, TAKEN_OVER])(
    'M1, M8: loses nothing at any operation of a rollback ($name)',
    async (scene) => {
      await expectSwept(`${scene.name}, back`, await homeMigrated(scene, server), BACK, scene === LINKED ? 6 : 0)
    },
  )

  it('M1: takes nothing for gone that it cannot read when it ends what a killed run has left', async () => {
    const world = await homeBefore(IN_PLACE, server)
    const argv = ['migrate-auth', '--json']
    const undisturbed = await undisturbedIn(world, argv)
    const trace = copyOf(world)
    await runIn(trace, argv, 'none')
    const last = operationsOf(trace.home).find(
      ({ name, path }) => `${name} ${path}` === 'unlink journal/migration.json',
    )
    await runIn(world, argv, { at: last?.number ?? 0, kind: 'kill-before' })
    const { bad, points } = await sweep(world, argv, [UNREADABLE], undisturbed, { isRecovery: true })
    expect(bad.join('\n')).toBe('')
    expect(points).toBeGreaterThan(10)
  })
})
