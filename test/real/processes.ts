import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** The processes that run this very script, by their ids. */
export function processesOf(script: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((id) => procFile(id, 'cmdline').split('\0')[1] === script)
}

/** A file of `/proc/<id>`; empty when the process has gone, or is a zombie. */
export function procFile(id: number, name: 'cmdline' | 'environ' | 'stat'): string {
  try {
    return readFileSync(`/proc/${id}/${name}`, 'utf8')
  } catch {
    return ''
  }
}

/** Returns once nothing runs this script any more; the test's own limit ends the wait. */
export async function allGone(script: string): Promise<void> {
  while (processesOf(script).length > 0) await sleep(10)
}
