import { giveToken, type TokenInput } from './commands/give-token.ts'
import { createRenewalPorts } from './renewal-ports.ts'
import { homeFolder } from './system/home.ts'
import type { QuickTerminal } from './system/quick-terminal.ts'
import { sealedVaultOnDisk } from './system/sealed-vault-on-disk.ts'
import type { Interruption } from './system/signals.ts'

/**
 * `token` with a renewal, without the parser and the other commands: loading those takes
 * longer than the renewal itself. Only for the storage that needs no child and asks nobody.
 */
export async function renewQuickly(
  input: TokenInput,
  { terminal, interruption }: { terminal: QuickTerminal; interruption: Interruption },
): Promise<void> {
  const home = homeFolder(process.env)
  const ports = createRenewalPorts({
    home,
    variables: process.env,
    interruption,
    vault: (kind) => {
      if (kind !== 'plaintext') throw new Error('left to the whole program')
      return sealedVaultOnDisk(home, undefined)
    },
    say: (line) => terminal.say(line),
  })
  await giveToken({ ...ports, terminal }, input)
}
