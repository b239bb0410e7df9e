import { readFileSync } from 'node:fs'
import type { Caller } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'

/** The program that started this one. Its name is known where there is `/proc`; elsewhere it is ours. */
export function caller(): Caller {
  const pid = process.ppid
  try {
    return { program: cleanLine(readFileSync(`/proc/${pid}/comm`, 'utf8')) || 'aiauth', pid }
  } catch {
    return { program: 'aiauth', pid }
  }
}
