import { stateAt } from '../../model/account-state.ts'
import type { Finding } from '../../model/inspection.ts'
import { switchedOff } from '../../model/switched-off.ts'
import { cleanLine } from '../../model/untrusted.ts'
import { signInAgain } from '../choose-account.ts'
import type { Examined, ExaminePorts } from './examine.ts'
import { quietly } from './quietly.ts'
import { wrongClock } from './wrong-clock.ts'

/** More than this, and a clock was wrong when the account was written, or is now. */
const CLOCK_TOLERANCE_MS = 300_000

/** The accounts as `status` tells of them, and what their times say of this machine's clock. */
export function examineAccounts({ clock, settings }: ExaminePorts, { file }: Examined): Finding[] {
  const [accounts, nowMs] = [file?.accounts ?? [], clock.nowMs()]
  const config = quietly(() => settings.read()) ?? {}
  const inNeed = accounts.flatMap((account): Finding[] => {
    if (switchedOff(config, account) !== undefined) return []
    const { state, reason } = stateAt(account, nowMs)
    if (state !== 'needs-login' && state !== 'error') return []
    const message = `${cleanLine(account.name)} is ${state}: ${cleanLine(reason ?? 'no reason is known')}`
    return [{ id: 'accounts', level: 'problem', message, fix: signInAgain(account) }]
  })
  const latestMs = Math.max(0, ...accounts.map(({ updatedAt }) => Date.parse(updatedAt)))
  if (latestMs - nowMs <= CLOCK_TOLERANCE_MS) return inNeed
  return [wrongClock(nowMs, 'an account was changed at', latestMs), ...inNeed]
}
