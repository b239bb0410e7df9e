import type { Command } from 'commander'
import { getAccount } from '../flows/choose-account.ts'
import { stateAt } from '../model/account-state.ts'
import { withUses } from '../model/history.ts'
import type { Ports } from '../model/ports.ts'
import { switchedOff } from '../model/switched-off.ts'
import { jsonText } from '../ui/account-json.ts'
import { whyWords } from '../ui/why-words.ts'
import { isJson } from './options.ts'
import { settingsToShow } from './settings-to-show.ts'

/** `aiauth why <name>`: why the account is in its state; no network, no keychain. */
export function addWhyCommand(program: Command, ports: Ports): void {
  program
    .command('why')
    .description('tell in sentences why an account is in its state')
    .argument('<name>', 'the account')
    .addHelpText('after', '\nExamples:\n  aiauth why work')
    .action((name: string, _options: unknown, command: Command) => why(ports, name, isJson(command)))
}

function why(ports: Ports, name: string, json: boolean): void {
  const file = ports.authFile.read()
  const account = getAccount(file && withUses(file, ports.uses.read()), name)
  const nowMs = ports.clock.nowMs()
  const off = switchedOff(settingsToShow(ports), account)
  const pending = ports.journal.read(account.id)?.intent
  if (json) {
    const { state, reason } = stateAt(account, nowMs)
    const { history, cooldownUntil } = account
    ports.terminal.out(
      jsonText({ account: name, enabled: off === undefined, state, stateReason: reason, cooldownUntil, history }),
    )
    return
  }
  const lines = whyWords({ account, off, pending, nowMs, style: ports.terminal.outStyle })
  ports.terminal.out(`${lines.join('\n')}\n`)
}
