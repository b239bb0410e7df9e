import { stateAt } from '../../model/account-state.ts'
import type { Finding } from '../../model/inspection.ts'
import { cleanLine } from '../../model/untrusted.ts'
import { signInAgain } from '../choose-account.ts'
import type { Examined, ExaminePorts } from './examine.ts'

/** More than this, and a clock was wrong when the account was written, or is now. */
const CLOCK_TOLERANCE_MS = 300_000

/** The accounts as `status` tells of them, and what their times say of this machine's clock. */
export function examineAccounts({ clock }: ExaminePorts, { file }: Examined): Finding[] {
  const [accounts, nowMs] = [file?.accounts ?? [], clock.nowMs()]
  const inNeed = accounts.flatMap((account): Finding[] => {
    const { state, reason } = stateAt(account, nowMs)
    if (state !== 'needs-login' && state !== 'error') return []
    const message = `${cleanLine(account.name)} is ${state}: ${cleanLine(reason ?? 'no reason is known')}`
    return [{ id: 'accounts', level: 'problem', message, fix: signInAgain(account) }]
  })
  const latestMs = Math.max(0, ...accounts.map(({ updatedAt }) => Date.parse(updatedAt)))
  const isBehind = latestMs - nowMs > CLOCK_TOLERANCE_MS
  const clockFinding: Finding = isBehind
    ? {
        id: 'clock',
        level: 'warning',
        message: `the clock says ${time(nowMs)}, and an account was changed at ${time(latestMs)}: one of them is wrong`,
        fix: 'set the clock of this machine; tokens are renewed by it',
      }
    : { id: 'clock', level: 'ok', message: `the clock says ${time(nowMs)}`, fix: null }
  return [clockFinding, ...inNeed]
}

const time = (ms: number) => new Date(ms).toISOString()
