import { defaultAccount } from '../flows/choose-account.ts'
import type { Account, AuthFile } from '../model/account.ts'
import type { Ports } from '../model/ports.ts'
import { switchedOff } from '../model/switched-off.ts'
import { accountJson } from '../ui/account-json.ts'
import { settingsToShow } from './settings-to-show.ts'

/** Accounts as `status --json` shows them, for every command that tells of some. */
export function shownAccounts(
  ports: Pick<Ports, 'settings' | 'terminal' | 'clock'>,
  file: AuthFile | undefined,
  accounts: readonly Account[],
) {
  const settings = settingsToShow(ports)
  const [standard, nowMs] = [defaultAccount(file), ports.clock.nowMs()]
  return accounts.map((account) =>
    accountJson(account, {
      isDefault: account.id === standard?.id,
      isEnabled: switchedOff(settings, account) === undefined,
      nowMs,
    }),
  )
}
