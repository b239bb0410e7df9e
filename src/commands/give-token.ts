import { tokenOfChoice, type TokenOfChoicePorts } from '../flows/token-of-choice.ts'
import type { Ports } from '../model/ports.ts'
import { printToken } from './print-token.ts'
import { warn } from './warn.ts'

export type GiveTokenPorts = TokenOfChoicePorts & {
  readonly terminal: Pick<Ports['terminal'], 'out' | 'say' | 'errStyle'>
}

export interface TokenInput {
  readonly wanted: string | undefined
  readonly minValiditySeconds: number
  readonly json: boolean
}

/** Prints the token that was asked for, renewed if it has to be, and then tells what is wrong with keeping it. */
export async function giveToken(
  ports: GiveTokenPorts,
  { wanted, minValiditySeconds, json }: TokenInput,
): Promise<void> {
  const fresh = await tokenOfChoice(ports, { wanted, minValiditySeconds })
  for (const warning of fresh.warnings) warn(ports, warning)
  printToken(ports, fresh, json)
  if (fresh.trouble !== undefined) throw fresh.trouble.behindResult()
}
