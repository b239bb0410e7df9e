import { findSource } from '../flows/migration/find-source.ts'
import { hasWork, prepare } from '../flows/migration/prepare.ts'
import { rehearse } from '../flows/migration/rehearse.ts'
import { storageKind } from '../model/storage-kind.ts'
import type { Ports } from '../model/ports.ts'
import { jsonText } from '../ui/account-json.ts'
import { stepTable } from '../ui/migration-words.ts'
import { custodyOf, prepareInput, storageName } from './migrate-auth-plan.ts'
import type { MigrateOptions } from './migrate-auth.ts'

/** `--rehearse`: the whole way and back on a copy, and what came of it. */
export async function rehearseMigration(ports: Ports, options: MigrateOptions, json: boolean): Promise<void> {
  const { source, current, nothing } = await findSource(ports, options.from)
  const storage = storageKind(storageName(ports, options, current))
  if (source === undefined || !hasWork(prepare(source, current, prepareInput(ports, options, storage)))) {
    const notes = [source === undefined ? nothing : 'it is up to date']
    if (json) ports.terminal.out(jsonText({ rehearsal: { outcome: 'nothing-to-do', rounds: [], accounts: [], notes } }))
    else for (const line of ['nothing to rehearse', ...notes]) ports.terminal.say(`aiauth: ${line}`)
    return
  }
  const { rounds, accounts } = await ports.terminal.during('rehearsing', (say) =>
    rehearse(ports, { source, custody: custodyOf(options), storage, onStep: ({ step }) => say(`rehearsing: ${step}`) }),
  )
  if (json) {
    ports.terminal.out(jsonText({ rehearsal: { outcome: 'same', rounds, accounts, notes: [] } }))
    return
  }
  for (const { round, steps } of rounds) {
    ports.terminal.out(`${ports.terminal.outStyle.bold(round)}\n${stepTable(steps, ports.terminal.outStyle)}\n`)
  }
  ports.terminal.say('aiauth: forward, back and forward again came out the same; only a copy was touched')
}
