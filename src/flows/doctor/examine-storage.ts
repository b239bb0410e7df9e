import type { AuthFile } from '../../model/account.ts'
import { AuthError } from '../../model/errors.ts'
import type { Finding } from '../../model/inspection.ts'
import { shellWord } from '../../model/shell-word.ts'
import { findStorageKind, plaintextWarning, storageKind, type StorageKind } from '../../model/storage-kind.ts'
import type { StorageFacts } from '../../model/storages.ts'
import { cleanLine, text } from '../../model/untrusted.ts'
import { factsOf, storageFacts } from '../storage-facts.ts'
import { examineKeychain } from './examine-keychain.ts'
import { trouble, type Examined, type ExaminePorts } from './examine.ts'
import { quietly } from './quietly.ts'

export interface ExaminedStorage {
  readonly findings: readonly Finding[]
  /** Storages that answer, so that secrets can be read from them without a question. */
  readonly usable: readonly StorageKind[]
}

/** Each storage that is in use, or that a first sign-in would use: what keeps it, whether it answers, and how fast. */
export async function examineStorage(ports: ExaminePorts, { file }: Examined): Promise<ExaminedStorage> {
  try {
    const used = await storageFacts(ports, file)
    const all = used.length > 0 ? used : [await firstFacts(ports, file)]
    const findings = [
      ...unknown(file),
      ...all.flatMap((facts) => [...storageFindings(ports, facts), ...orphanFindings(facts, all)]),
    ]
    if (all.some(({ kind }) => kind === 'keychain')) findings.push(...(await examineKeychain(ports)))
    const usable = all.filter(({ trouble }) => trouble === undefined).map(({ kind }) => kind)
    return { findings: [...findings, ...cutOff(ports, file)], usable }
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'cancelled') throw error
    return { findings: [trouble('storage', error)], usable: [] }
  }
}

/** Of a later version. */
function unknown(file: AuthFile | undefined): Finding[] {
  const names = new Set(file?.accounts.map(({ secret }) => secret.store))
  return [...names]
    .filter((name) => findStorageKind(name) === undefined)
    .map((name) => ({
      id: 'storage',
      level: 'problem',
      message: `this program knows no storage named ${cleanLine(name)}`,
      fix: 'npm install --global aiauth',
    }))
}

/** @throws AuthError `storage-unavailable` for a choice that is none. */
function firstFacts(ports: ExaminePorts, file: AuthFile | undefined): Promise<StorageFacts> {
  const chosen = text(ports.environment.variables['AIAUTH_STORAGE'])
  const kind = storageKind(chosen ?? text(quietly(() => ports.settings.read())?.['storage']) ?? 'keychain')
  return factsOf(ports, file, { kind, isDecided: true })
}

function storageFindings({ inspection, migrations }: ExaminePorts, facts: StorageFacts): Finding[] {
  const { kind, isDecided, driver, where, accounts, items, answeredInMs } = facts
  if (facts.trouble !== undefined) return [troubled(kind, facts.trouble)]
  const secrets = items === undefined ? '' : `; accounts: ${accounts}, secrets: ${items}`
  const works = `${kind} works: ${driver} (${where}) answers in ${answeredInMs} ms${secrets}`
  const findings: Finding[] = [
    { id: 'storage', level: 'ok', message: isDecided ? works : `${works}; new accounts go elsewhere`, fix: null },
  ]
  if (kind !== 'plaintext') return findings
  findings.push({ id: 'storage', level: 'warning', message: plaintextWarning(where), fix: SEAL })
  const program = inspection.syncedBy(migrations.places.home)
  if (program === undefined) return findings
  const message = `${program} copies ${where} to other machines, and it opens there, too`
  return [...findings, { id: 'storage', level: 'warning', message, fix: SEAL }]
}

const SEAL = 'aiauth storage set keychain, or aiauth storage set passphrase'

/** A vault file in which nothing is of use to anybody can go; out of any other, nobody can take a part. */
function orphanFindings({ kind, where, orphans = 0 }: StorageFacts, all: readonly StorageFacts[]): Finding[] {
  if (orphans === 0) return []
  const beside = all.filter((each) => each.where === where)
  const isUseless = kind !== 'keychain' && beside.every((each) => each.accounts === 0 && each.items === each.orphans)
  const message = `secrets in ${kind} that belong to no account: ${orphans} (${where})`
  const fix = isUseless ? `rm ${shellWord(where)}` : 'aiauth storage show'
  return [{ id: 'storage', level: kind === 'plaintext' ? 'warning' : 'note', message, fix }]
}

/** A passphrase is asked for when it is needed, and not by a look. */
function troubled(kind: StorageKind, error: AuthError): Finding {
  const isClosed = kind === 'passphrase' && error.code === 'storage-locked'
  const { message, ...finding } = trouble('storage', error)
  return {
    ...finding,
    level: isClosed ? 'note' : 'problem',
    message: kind === 'keychain' ? message : `${kind}: ${message}`,
  }
}

function cutOff({ storages }: ExaminePorts, file: AuthFile | undefined): Finding[] {
  if (storages.move() === undefined) return []
  const target = findStorageKind(file?.storage ?? '') ?? '<kind>'
  const message = 'a move to another storage was cut off, and secrets may stand in both'
  return [{ id: 'storage', level: 'warning', message, fix: `aiauth storage set ${target}, which finishes it` }]
}
