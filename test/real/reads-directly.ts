import { open } from 'node:fs'
import { writeFully } from '../../src/system/write-fully.ts'
import { endNow } from '../../src/system/end-now.ts'
import { keychainDirect } from '../../src/system/keychain-direct.ts'
import { patiently } from '../../src/system/keychain-patience.ts'

// One read as the launcher does it. `no-execve` makes every Node end as Node 20 does.
const [, , limitMs, execve, fifo] = process.argv
if (execve === 'no-execve') Reflect.deleteProperty(process, 'execve')
if (fifo !== undefined) open(fifo, () => undefined)
const interruption = new AbortController()
process.on('SIGINT', () => interruption.abort())
process.on('exit', (code) => writeFully(1, `exit ${code}\n`))

const patience = { interactive: true, signal: interruption.signal, onSlow: () => undefined, limitMs: Number(limitMs) }
const read = patiently(keychainDirect.getPassword('account'), patience)
writeFully(1, 'asked\n')
read.then(
  () => endNow(0),
  () => endNow(interruption.signal.aborted ? 130 : 7),
)
