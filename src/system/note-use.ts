import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Use } from '../model/history.ts'

/** About 1,500 uses; more than that between two renewals are not counted. */
const SIZE_LIMIT_BYTES = 262_144

/** Neither a link is followed nor a pipe waited for. Windows has no such flags. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as { O_NOFOLLOW?: number; O_NONBLOCK?: number }
const SAFELY = O_NOFOLLOW | O_NONBLOCK

export const usesLogIn = (home: string) => join(home, 'uses.log')

/**
 * Notes one use as one line: a small append to one file is whole also when many processes do
 * it, and takes a tenth of the time that `auth.json` would. Best effort: a home that cannot be
 * written must not keep a valid token from its program.
 */
export function noteUse(home: string, use: Use): void {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | SAFELY
  try {
    const descriptor = openSync(usesLogIn(home), flags, 0o600)
    try {
      if (fstatSync(descriptor).size < SIZE_LIMIT_BYTES) writeSync(descriptor, `${JSON.stringify(use)}\n`)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    // Told nowhere, since it changes nothing for anybody but the reader of `aiauth why`.
  }
}
