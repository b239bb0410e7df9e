import type { AuthFile } from '../../model/account.ts'
import { AuthError } from '../../model/errors.ts'
import type { Finding } from '../../model/inspection.ts'
import type { Ports } from '../../model/ports.ts'
import { text } from '../../model/untrusted.ts'
import { examineAccounts } from './examine-accounts.ts'
import { examineCopies } from './examine-copies.ts'
import { examineFiles } from './examine-files.ts'
import { examineMachine } from './examine-machine.ts'
import { examineNetwork } from './examine-network.ts'
import { examineStorage } from './examine-storage.ts'

export type ExaminePorts = Pick<
  Ports,
  | 'authFile'
  | 'settings'
  | 'vaults'
  | 'storages'
  | 'http'
  | 'clock'
  | 'environment'
  | 'backups'
  | 'migrations'
  | 'inspection'
  | 'foreignFiles'
  | 'interruption'
>

/** What was found out by then; a file that cannot be read is told of once. */
export interface Examined {
  readonly file: AuthFile | undefined
}

/**
 * Looks at everything that sign-ins here depend on, in an order in which each finding explains
 * those after it. Sends no token and changes nothing.
 *
 * @throws AuthError `cancelled`.
 */
export async function examine(ports: ExaminePorts): Promise<readonly Finding[]> {
  const { file, findings } = readFile(ports)
  const examined: Examined = { file }
  const [storage, network] = await Promise.all([examineVaults(ports, examined), examineNetwork(ports, examined)])
  return [
    ...examineMachine(ports),
    ...network,
    ...examineFiles(ports),
    ...findings,
    ...storage.findings,
    ...examineAccounts(ports, examined),
    ...storage.copies,
  ]
}

/** What a storage does not answer is not read from it again. */
async function examineVaults(ports: ExaminePorts, examined: Examined) {
  const { findings, usable } = await examineStorage(ports, examined)
  return { findings, copies: await examineCopies(ports, examined, usable) }
}

function readFile({ authFile }: ExaminePorts): { file: AuthFile | undefined; findings: Finding[] } {
  try {
    const file = authFile.read()
    const message =
      file === undefined
        ? 'there is no auth.json yet'
        : `auth.json is in order; accounts: ${file.accounts.length}, storage: ${text(file.storage) ?? 'not chosen'}`
    return { file, findings: [{ id: 'auth-file', level: 'ok', message, fix: null }] }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    return { file: undefined, findings: [trouble('auth-file', error)] }
  }
}

/** A failure as something found. */
export function trouble(id: string, { message, hint }: AuthError): Finding {
  return { id, level: 'problem', message, fix: hint ?? null }
}
