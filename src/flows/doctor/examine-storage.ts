import { AuthError } from '../../model/errors.ts'
import type { Finding } from '../../model/inspection.ts'
import { text } from '../../model/untrusted.ts'
import { trouble, type Examined, type ExaminePorts } from './examine.ts'
import { storageKind } from '../../model/storage-kind.ts'

/** Cannot be an account's id, so nothing is found under it. */
const NOBODY = 'doctor'

/** Each storage that accounts use, or that a first sign-in would use: whether it answers, and how fast. */
export async function examineStorage(ports: ExaminePorts, { file }: Examined): Promise<Finding[]> {
  const used = [...new Set(file?.accounts.map(({ secret }) => secret.store))]
  const kinds = used.length > 0 ? used : [text(ports.environment.variables['AIAUTH_STORAGE']) ?? 'keychain']
  const findings: Finding[] = []
  for (const kind of kinds) findings.push(...(await storageFindings(ports, kind)))
  return findings
}

async function storageFindings({ vaults, clock }: ExaminePorts, kind: string): Promise<Finding[]> {
  const startedAtMs = clock.nowMs()
  try {
    await vaults.vault(storageKind(kind)).read(NOBODY)
    const message = `the storage (${kind}) answers in ${Math.max(0, clock.nowMs() - startedAtMs)} ms`
    const answers: Finding = { id: 'storage', level: 'ok', message, fix: null }
    return kind === 'plaintext' ? [answers, PLAIN] : [answers]
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'cancelled') throw error
    return [trouble('storage', error)]
  }
}

const PLAIN: Finding = {
  id: 'storage',
  level: 'warning',
  message: 'tokens are readable by anyone who can read your files (storage plaintext)',
  fix: 'sign in again with another storage: aiauth logout --all, then aiauth login <provider> --storage keychain',
}
