import { readFileSync, readlinkSync } from 'node:fs'
import type * as Os from 'node:os'
import { isRecord, json, record, type UntrustedRecord } from '../model/untrusted.ts'
import { errorCode, readPrivateFile } from './read-private-file.ts'

/** `undefined` for what no holder wrote. A pipe or a link to one is refused by the reader, not waited for. */
export function readOwner(path: string): UntrustedRecord | undefined {
  try {
    const value = json(readPrivateFile(path) ?? '')
    return isRecord(value) ? record(value) : undefined
  } catch {
    return undefined
  }
}

/** Where a process id has a meaning: one boot of one machine, one process namespace of it. */
export function self() {
  return (known ??= {
    pid: process.pid,
    startedAt: startTime(process.pid),
    host: hostName(),
    boot: quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    space: quietly(() => readlinkSync('/proc/self/ns/pid')),
  })
}

let known: Readonly<Record<'startedAt' | 'host' | 'boot' | 'space', string> & { pid: number }> | undefined

/** Without `os` where there is `/proc`: loading it takes 1 ms of each renewal. */
function hostName(): string {
  return quietly(() => readFileSync('/proc/sys/kernel/hostname', 'utf8').trim()) || hostNameByOs()
}

function hostNameByOs(): string {
  const { getBuiltinModule } = process as { getBuiltinModule?: (name: 'node:os') => typeof Os }
  return getBuiltinModule?.('node:os').hostname() ?? ''
}

function quietly(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

/** Field 22 of `/proc/<pid>/stat`, in clock ticks since boot; empty where there is no `/proc`. */
function startTime(pid: number): string {
  return statFields(pid)[19] ?? ''
}

/** The fields from the third on, the state first. The second is the name, which may hold anything. */
function statFields(pid: number): string[] {
  const stat = quietly(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

export function livenessOf({ pid, startedAt, host, boot, space: named }: UntrustedRecord): Liveness {
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return 'unknown'
  if (host !== self().host) return 'foreign'
  // The same machine, started anew: nothing of before is left.
  if (boot !== self().boot) return 'dead'
  if (named !== self().space) return 'foreign'
  try {
    process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'ESRCH' ? 'dead' : 'alive'
  }
  const [state = '', ...fields] = statFields(pid)
  // A killed process that its parent has not asked for is still listed (a container's first process seldom asks).
  return ['Z', 'X'].includes(state) || (fields[18] ?? '') !== startedAt ? 'dead' : 'alive'
}

export type Liveness = 'alive' | 'dead' | 'unknown' | 'foreign'
