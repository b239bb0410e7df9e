import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { cleanLine } from '../model/untrusted.ts'

export interface PortHolder {
  readonly pid: number
  /** The program's own name for itself, cleaned: any program may call itself anything. */
  readonly name: string
}

/**
 * Who holds a port where we would listen (loopback or every address), read from `/proc`.
 * Linux only and best effort: another user's program shows its port but not itself.
 */
export function portHolder(port: number): PortHolder | undefined {
  const sockets = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => socketInodes(table, port)))
  if (sockets.size === 0) return undefined
  const links = new Set(Array.from(sockets, (inode) => `socket:[${inode}]`))
  const pid = orNothing(() => readdirSync('/proc'))?.find((name) => /^\d+$/.test(name) && holdsAny(name, links))
  const name = pid === undefined ? undefined : orNothing(() => cleanLine(readFileSync(`/proc/${pid}/comm`, 'utf8')))
  return pid === undefined || !name ? undefined : { pid: Number(pid), name }
}

/** 127.0.0.1, 0.0.0.0, `::1`, `::` and ::ffff:127.0.0.1 as the kernel of a little-endian machine prints them. */
const CONTENDING = /^(0100007F|0{8}|0{24}01000000|0{32}|0{16}FFFF00000100007F)$/

/** Columns of `/proc/net/tcp` (proc(5)): 1 local address and port in hexadecimal, 9 inode. */
function socketInodes(table: string, port: number): string[] {
  const content = orNothing(() => readFileSync(table, 'utf8')) ?? ''
  return content.split('\n').flatMap((row) => {
    const columns = row.trim().split(/\s+/)
    const [address = '', portHex = ''] = (columns[1] ?? '').split(':')
    const isHolder = parseInt(portHex, 16) === port && CONTENDING.test(address)
    return isHolder ? (columns[9] ?? []) : []
  })
}

function holdsAny(pid: string, links: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`
  const descriptors = orNothing(() => readdirSync(folder)) ?? []
  return descriptors.some((name) => links.has(orNothing(() => readlinkSync(`${folder}/${name}`)) ?? ''))
}

/** Programs end and files are closed while we look; what cannot be read is not there. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
