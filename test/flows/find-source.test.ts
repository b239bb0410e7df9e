import { describe, expect, it } from 'vitest'
import { findSource } from '../../src/flows/migration/find-source.ts'
import { AuthError } from '../../src/model/errors.ts'
import type { ForeignFile } from '../../src/model/foreign-files.ts'
import { Secret } from '../../src/model/secret.ts'
import { codexFile } from '../fakes/linked.ts'
import { fakePorts } from '../fakes/ports.ts'

const PRESENT = '{"version":2,"accounts":[]}'
const LEGACY = codexFile()

/** Our own file as it is each time it is looked at; its reader takes no other than the present version. */
function portsWith(looks: readonly string[], readable: boolean) {
  const ports = fakePorts()
  const { authFile: path } = ports.migrations.places
  const file = (text: string): ForeignFile => ({
    ...{ path, realPath: path, text: new Secret(text), sha256: '', bytes: text.length },
    ...{ mode: 0o600, isWritable: true, modifiedAtMs: 0 },
  })
  const left = [...looks]
  const read = (asked: string) => Promise.resolve(asked === path ? file(left.shift() ?? '') : undefined)
  const refused = new AuthError('auth-file-invalid', 'auth.json is a file of the old, unversioned format')
  const authFile = {
    ...ports.authFile,
    read: () => {
      if (!readable) throw refused
      return undefined
    },
  }
  return { ...ports, authFile, foreignFiles: { ...ports.foreignFiles, read } }
}

describe('findSource', () => {
  it('M22: finds the old file that a rollback puts there between two looks', async () => {
    const { source, current } = await findSource(portsWith([PRESENT, LEGACY], false), undefined)
    expect([source?.isOurs, source?.tool, current]).toEqual([true, 'codex', undefined])
  })

  it('tells of a file that is neither of the old format nor of the present one', async () => {
    await expect(findSource(portsWith([PRESENT, PRESENT], false), undefined)).rejects.toThrow('unversioned format')
  })

  it('looks once where all is in order', async () => {
    expect(await findSource(portsWith([PRESENT], true), undefined)).toMatchObject({ source: undefined })
  })
})
