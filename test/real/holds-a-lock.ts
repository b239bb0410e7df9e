import { closeSync, openSync, readFileSync, unlinkSync, writeFileSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLock } from '../../src/system/lock.ts'
import { procFile } from './processes.ts'

// Takes a lock again and again; `in` and `out` on stdout tell when. Whoever finds another living
// process between the two says so and ends.
const [, , path = '', longestHoldMs = '0', rounds = '1'] = process.argv
const witness = `${path}.witness`

/** A process that was killed can only be waited for any more, so it holds nothing. */
const isAlive = (pid: number) => !/^$|\) [ZX] /.test(procFile(pid, 'stat'))

function enter(): void {
  try {
    const descriptor = openSync(witness, 'wx')
    writeSync(descriptor, String(process.pid))
    closeSync(descriptor)
  } catch {
    const other = Number(readFileSync(witness, 'utf8'))
    if (isAlive(other)) {
      writeSync(1, `two holders: ${other} and ${process.pid}\n`)
      process.exit(3)
    }
    // Its holder was killed.
    writeFileSync(witness, String(process.pid))
  }
}

async function hold(): Promise<void> {
  enter()
  writeSync(1, 'in\n')
  await sleep(Math.random() * Number(longestHoldMs))
  unlinkSync(witness)
  writeSync(1, 'out\n')
}

async function goRound(roundsLeft: number): Promise<void> {
  await withLock(path, hold)
  if (roundsLeft > 1) await goRound(roundsLeft - 1)
}

void goRound(Number(rounds))
