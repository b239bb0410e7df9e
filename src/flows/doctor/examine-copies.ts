import type { Account } from '../../model/account.ts'
import { AuthError } from '../../model/errors.ts'
import type { ForeignFile } from '../../model/foreign-files.ts'
import type { Finding, ToolFile } from '../../model/inspection.ts'
import { linkOf } from '../../model/linked.ts'
import { Secret } from '../../model/secret.ts'
import { shellWord } from '../../model/shell-word.ts'
import type { StorageKind } from '../../model/storage-kind.ts'
import { isTokenText } from '../../model/tokens.ts'
import { cleanLine, json } from '../../model/untrusted.ts'
import { fingerprint } from '../../vault/fingerprint.ts'
import { examineSecrets, type OwnMark } from './examine-secrets.ts'
import type { Examined, ExaminePorts } from './examine.ts'

/**
 * Refresh tokens of ours that also stand in another program's file: whichever of the two renews
 * first signs the other one out. Compared by fingerprint; a link to that file is in order.
 */
export async function examineCopies(
  ports: ExaminePorts,
  { file }: Examined,
  usable: readonly StorageKind[],
): Promise<Finding[]> {
  const accounts = file?.accounts ?? []
  const isOpen = ({ secret }: Account) => usable.some((kind) => kind === secret.store)
  const { findings, marks } = await examineSecrets(ports, accounts.filter(isOpen))
  const copies: Finding[] = []
  let isCompared = false
  for (const tool of ports.inspection.toolFiles) {
    const found = await readQuietly(ports, tool)
    if (found === undefined) continue
    isCompared = true
    copies.push(...copiesIn(tool, found, marks), ...openToOthers(tool, found))
  }
  const closed = accounts.filter((account) => !isOpen(account) && account.secret.renewable)
  return [...findings, ...copies, ...(isCompared ? notCompared(closed) : [])]
}

function notCompared(accounts: readonly Account[]): Finding[] {
  if (accounts.length === 0) return []
  const names = accounts.map(({ name }) => cleanLine(name)).join(', ')
  const message = `whether the grant of ${names} lives in other programs' files, too, was not looked at: its storage is closed`
  return [{ id: 'copies', level: 'note', message, fix: 'open the storage, then aiauth doctor' }]
}

async function readQuietly(
  { foreignFiles, interruption }: ExaminePorts,
  { path }: ToolFile,
): Promise<ForeignFile | undefined> {
  try {
    return await foreignFiles.read(path, interruption)
  } catch (error) {
    if (error instanceof AuthError && error.code !== 'cancelled') return undefined
    throw error
  }
}

function copiesIn({ tool, path }: ToolFile, { text }: ForeignFile, marks: readonly OwnMark[]): Finding[] {
  const theirs = new Set(
    textsIn(json(text.reveal().replace(/^\uFEFF/, ''))).map((each) => fingerprint(new Secret(each))),
  )
  return marks
    .filter(({ account, mark }) => theirs.has(mark) && linkOf(account)?.path !== path)
    .map(({ account: { name } }) => ({
      id: 'copies',
      level: 'problem',
      message: `the grant of ${cleanLine(name)} also lives in ${tool}'s ${path}; the next renewal there signs you out here`,
      fix: `aiauth reauthenticate ${name}, for a grant of its own`,
    }))
}

const DEEPEST = 8

/** Every text in it that can be a token, whatever the program calls it. */
function textsIn(value: unknown, depth = 0): string[] {
  if (isTokenText(value)) return [value]
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return []
  return Object.values(value).flatMap((member) => textsIn(member, depth + 1))
}

function openToOthers({ tool, path }: ToolFile, { mode }: ForeignFile): Finding[] {
  if ((mode & 0o077) === 0) return []
  const message = `others can read the sign-in of ${tool} in ${path}`
  return [{ id: 'copies', level: 'warning', message, fix: `chmod 600 ${shellWord(path)}` }]
}
