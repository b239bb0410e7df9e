import type { ChosenToken } from '../flows/token-of-choice.ts'
import type { Ports } from '../model/ports.ts'
import { presetNotice } from '../model/preset.ts'
import { jsonText } from '../ui/account-json.ts'

/** What must be left of a token when the user does not say, in seconds. */
export const DEFAULT_MIN_VALIDITY_SECONDS = 60

/** The token alone with one newline, or the contract's JSON. Every way to a token ends here. */
export function printToken(
  { terminal }: { readonly terminal: Pick<Ports['terminal'], 'out' | 'say'> },
  { account, bundle: { tokens }, preset }: Pick<ChosenToken, 'account' | 'bundle' | 'preset'>,
  json: boolean,
): void {
  const { name, provider } = account
  const notice = presetNotice(account, preset)
  if (notice !== undefined) terminal.say(notice)
  const accessToken = tokens.accessToken.reveal()
  const expiresAt = tokens.expiresAtMs === undefined ? null : new Date(tokens.expiresAtMs).toISOString()
  terminal.out(
    json
      ? jsonText({ token: accessToken, tokenType: 'Bearer', expiresAt, account: name, provider })
      : `${accessToken}\n`,
  )
}
