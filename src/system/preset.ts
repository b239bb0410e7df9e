import { lstatSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Preset } from '../model/preset.ts'
import type { Variables } from './home.ts'

/** `AIAUTH_ACCOUNT`. */
export function presetVariable({ AIAUTH_ACCOUNT = '' }: Variables): Preset | undefined {
  return AIAUTH_ACCOUNT === '' ? undefined : { name: AIAUTH_ACCOUNT }
}

/**
 * The nearest `.aiauth` from the working directory upwards, at the cost of one look per
 * folder. Another user's has no say, or one in `/tmp` would decide for everybody; root's has,
 * for root could do anything. Windows tells no owners.
 */
export function presetFile(): string | undefined {
  try {
    for (let folder = process.cwd(), below = ''; folder !== below; below = folder, folder = dirname(folder)) {
      const path = join(folder, '.aiauth')
      const facts = lstatSync(path, { throwIfNoEntry: false })
      if (facts?.isDirectory() === false && [0, process.getuid?.()].includes(facts.uid)) return path
    }
  } catch {
    // A folder that is gone or cannot be looked into says nothing.
  }
  return undefined
}
