import { chmodSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { vectorsOf, type Vector } from '../native-tools/vectors.ts'
import { codex, whyNoCodex, type CodexEnded } from '../real/codex.ts'
import { run, temporaryHome } from './program.ts'

/** One vector on its way: what Codex makes of its file, and what stands on the disk. */
interface Judged {
  readonly vector: Vector
  readonly outcomes: readonly (number | null)[]
  readonly before: Look
  readonly between: Look
  readonly after: Look
}

interface Look extends CodexEnded {
  readonly text: string
  readonly mode: number
  /** Another inode or time of change is another file, even with the same bytes in it. */
  readonly file: readonly number[]
}

const VECTORS = vectorsOf('codex')
const CARRYING = VECTORS.filter(({ expected }) => expected.carries?.includes('tokens'))
/** One of each kind that Codex, or aiauth, treats in a way of its own. */
const OF_EACH_KIND = Array.from(new Map(VECTORS.map((vector) => [kindOf(vector), vector])).values())

describe.skipIf(whyNoCodex() !== undefined)('aiauth migrate-auth, judged by codex login status', () => {
  it('M15: leaves every file to Codex as it is, and so does the way back', { timeout: 120_000 }, async () => {
    const judged = await judgedOf(VECTORS, ['migrate-auth'])
    expect(namesOf(judged, ({ before, between }) => !isSame(before, between))).toEqual([])
    expect(namesOf(judged, ({ before, after }) => !isSame(before, after))).toEqual([])
    expect(namesOf(judged, isUnexpected)).toEqual([])
  })

  it('M15: leaves the file to Codex as it is where it is copied', { timeout: 60_000 }, async () => {
    const judged = await judgedOf(OF_EACH_KIND, ['migrate-auth', '--copy'])
    expect(namesOf(judged, ({ before, between, after }) => !isSame(before, between) || !isSame(before, after))).toEqual(
      [],
    )
    expect(namesOf(judged, isUnexpected)).toEqual([])
  })

  it('M15: takes the tokens over and puts them back, byte by byte', { timeout: 120_000 }, async () => {
    const judged = await judgedOf(CARRYING, ['migrate-auth', '--take-over'])
    const held = ({ between }: Judged) => /"(?:access|refresh|id)_token"/.test(between.text)
    expect(namesOf(judged, held)).toEqual([])
    expect(namesOf(judged, ({ between }) => between.mode !== 0o600)).toEqual([])
    // Where the tokens were what Codex could not read, it is content without them.
    const isContent = ({ between }: Judged) => between.said.startsWith('Logged in using ChatGPT\n')
    const isWorse = (each: Judged) => !saysSame(each.before, each.between) && !isContent(each)
    expect(namesOf(judged, isWorse)).toEqual([])
    const isOther = ({ before, after }: Judged) =>
      before.text !== after.text || before.mode !== after.mode || !saysSame(before, after)
    expect(namesOf(judged, isOther)).toEqual([])
    expect(namesOf(judged, isUnexpected)).toEqual([])
  })

  it('M15: gives an old file of our own back as Codex would read it', { timeout: 60_000 }, async () => {
    const judged = await judgedOf(OF_EACH_KIND, ['migrate-auth'], '.')
    const isOther = ({ before, after }: Judged) => before.text !== after.text || !saysSame(before, after)
    expect(namesOf(judged, isOther)).toEqual([])
    const isOld = ({ vector, between }: Judged) =>
      vector.expected.error === undefined && !between.text.includes('"version": 2')
    expect(namesOf(judged, isOld)).toEqual([])
    expect(namesOf(judged, isUnexpected)).toEqual([])
  })
})

function kindOf({ expected, record }: Vector): string {
  const { uses } = record['expected'] as { uses?: string }
  return [record['codexLoginStatus'], uses, expected.carries, expected.error].join()
}

async function judgedOf(vectors: readonly Vector[], argv: readonly string[], folder = '.codex'): Promise<Judged[]> {
  const [left, judged] = [[...vectors], [] as Judged[]]
  const worker = async () => {
    for (let vector = left.pop(); vector !== undefined; vector = left.pop())
      judged.push(await judge(vector, argv, folder))
  }
  await Promise.all([worker(), worker(), worker()])
  return judged
}

async function judge(vector: Vector, argv: readonly string[], folder: string): Promise<Judged> {
  const home = temporaryHome()
  const codexHome = join(home, folder)
  const path = join(codexHome, 'auth.json')
  mkdirSync(codexHome, { recursive: true, mode: 0o700 })
  writeFileSync(path, vector.text)
  chmodSync(path, 0o600)
  utimesSync(path, 1_700_000_000, 1_700_000_000)
  const look = async (): Promise<Look> => {
    const said = await codex(['login', 'status'], { home, env: { CODEX_HOME: codexHome } })
    const { mode, mtimeMs, ino } = statSync(path)
    return { ...said, text: readFileSync(path, 'utf8'), mode: mode & 0o777, file: [mtimeMs, ino] }
  }
  const ours = (...words: string[]) => run(words, { home, env: { CODEX_HOME: join(home, '.codex') } })
  const before = await look()
  const { exitCode: there } = await ours(...argv)
  const between = await look()
  const { exitCode: back } = await ours('migrate-auth', '--rollback')
  return { vector, outcomes: [there, back], before, between, after: await look() }
}

const namesOf = (judged: readonly Judged[], isSo: (each: Judged) => boolean) =>
  judged.filter(isSo).map(({ vector }) => vector.name)

/** The line that says where a file is damaged moves with the lines before it. */
const words = ({ said }: Look) => said.replace(/line \d+ column \d+/, '')
const saysSame = (one: Look, other: Look) => one.exitCode === other.exitCode && words(one) === words(other)
const isSame = (one: Look, other: Look) => JSON.stringify(one) === JSON.stringify(other)

/** A damaged file is refused, and then there is nothing to roll back; one of our own stops that, too. */
function isUnexpected({ vector, outcomes, before, after }: Judged): boolean {
  const isKept = JSON.stringify(before.file) === JSON.stringify(after.file)
  if (vector.expected.error !== undefined) return outcomes[0] !== 8 || ![0, 8].includes(outcomes[1] ?? -1) || !isKept
  return outcomes.join() !== '0,0'
}
